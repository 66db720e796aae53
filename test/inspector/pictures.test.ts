import { readdirSync, rmSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { canary } from '../helpers/canary.ts'
import { describeImage, drawNoise, makeJpeg, makePng } from '../helpers/images.ts'
import { createInspectorClient, openInspected, readJson } from '../helpers/inspector.ts'
import type { InspectedProject } from '../helpers/inspector.ts'
import { startDevServer } from '../helpers/dev-server.ts'
import { optionsFor } from '../helpers/hero.ts'
import { tmpProject } from '../helpers/project.ts'
import { vites } from '../helpers/vite-versions.ts'
import { forgetProcess } from '../helpers/upscalers.ts'

const importOf = (...names: string[]): string =>
  names
    .map(
      (name, index) =>
        `import image${index} from './${name}?magnific=2x'\nconsole.log(image${index})\n`,
    )
    .join('')

/** The pictures that were made, but for what stands beside them. */
function listMade({ project }: Pick<InspectedProject, 'project'>): string[] {
  return project.list('.magnific/v1/variants').filter((file) => !file.endsWith('.json'))
}

async function buy(desk: InspectedProject, file: string): Promise<void> {
  const { id, query, estimate } = await desk.find(file)
  const pushed = await desk.listen()
  await desk.upscale(id, query, estimate)
  await pushed.until(() => pushed.phases().includes('done'))
  await expect.poll(async () => (await desk.find(file)).pictures.afterKind).toBe('result')
}

describe('thumbnails', () => {
  it('are made when they are looked at, once, and small, of 500 images', async () => {
    const names = Array.from({ length: 500 }, (_, index) => `${index}.png`)
    const pictures = await Promise.all(
      names.map(async (name, index) => [
        `src/${name}`,
        await makePng({ width: 700, height: 100, seed: index + 1 }),
      ]),
    )
    const desk = await openInspected({
      'src/main.js': importOf(...names),
      ...(Object.fromEntries(pictures) as Record<string, Buffer>),
    })
    const { images } = await desk.inspect()
    expect(images).toHaveLength(500)
    expect(listMade(desk)).toEqual([])

    const shown = images.slice(0, 20).map((image) => image.pictures.thumbnail)
    for (const url of [...shown, ...shown]) {
      const { status, headers, body } = await desk.ask(url)
      expect([status, headers['content-type']]).toEqual([200, 'image/webp'])
      expect(await describeImage(body)).toEqual({ format: 'webp', width: 320, height: 46 })
    }
    const made = listMade(desk)
    expect(made).toHaveLength(20)
    const stats = made.map((file) => statSync(file, { bigint: true }).mtimeNs)
    // For another process too, as far as it can tell.
    forgetProcess(desk.project)
    const next = createInspectorClient(
      (await startDevServer(vites.vite8, desk.project, optionsFor(desk.emulator))).port,
    )
    for (const url of shown) expect((await next.ask(url)).status).toBe(200)
    expect(listMade(desk)).toEqual(made)
    expect(made.map((file) => statSync(file, { bigint: true }).mtimeNs)).toEqual(stats)
  })

  it('are made once where twenty ask for one at the same moment, and made anew of another picture', async () => {
    const desk = await openInspected({ 'src/main.js': importOf('a.png') })
    const { pictures } = await desk.find('src/a.png')
    const answers = await Promise.all(
      Array.from({ length: 20 }, async () => desk.ask(pictures.thumbnail)),
    )
    expect(new Set(answers.map(({ body }) => body.toString('base64'))).size).toBe(1)
    expect(listMade(desk)).toHaveLength(1)

    const { etag = '' } = answers[0]?.headers ?? {}
    expect(
      (await desk.ask(pictures.thumbnail, { headers: { 'if-none-match': etag } })).status,
    ).toBe(304)
    desk.project.write('src/a.png', await makePng({ width: 90, height: 60, seed: 7 }))
    const changed = await desk.find('src/a.png')
    expect(changed.pictures.thumbnail).not.toBe(pictures.thumbnail)
    const { body } = await desk.ask(changed.pictures.thumbnail)
    // It is not enlarged.
    expect(await describeImage(body)).toMatchObject({ width: 90, height: 60 })
  })

  it('stand upright', async () => {
    const turned = await drawNoise({ width: 400, height: 200 })
      .jpeg()
      .withMetadata({ orientation: 6 })
      .toBuffer()
    const desk = await openInspected({
      'src/main.js': importOf('turned.jpg'),
      'src/turned.jpg': turned,
    })
    const { pictures, source } = await desk.find('src/turned.jpg')
    expect(source).toMatchObject({ width: 200, height: 400 })
    const { body } = await desk.ask(pictures.thumbnail)
    expect(await describeImage(body)).toMatchObject({ width: 160, height: 320 })
  })

  it('leave a cache directory behind that git knows what to do with', async () => {
    const desk = await openInspected({ 'src/main.js': importOf('a.png') })
    await desk.ask((await desk.find('src/a.png')).pictures.thumbnail)
    expect(String(desk.project.read('.magnific/.gitignore'))).toContain('/v1/variants/')
  })
})

describe('the picture before', () => {
  it('is the source, byte for byte', async () => {
    const desk = await openInspected({
      'src/main.js': importOf('a.png', 'photo.jpg'),
      'src/photo.jpg': await makeJpeg(),
    })
    for (const [name, type] of [
      ['a.png', 'image/png'],
      ['photo.jpg', 'image/jpeg'],
    ] as const) {
      const { pictures } = await desk.find(`src/${name}`)
      const { headers, body } = await desk.ask(pictures.before)
      expect(headers['content-type']).toBe(type)
      expect(body.equals(desk.project.read(`src/${name}`))).toBe(true)
    }
    expect(listMade(desk)).toEqual([])
  })

  it('is one that browsers show, of a format that they do not', async () => {
    const desk = await openInspected({
      'src/main.js': importOf('scan.tiff'),
      'src/scan.tiff': await drawNoise({ width: 80, height: 50 }).tiff().toBuffer(),
    })
    const { pictures } = await desk.find('src/scan.tiff')
    const { headers, body } = await desk.ask(pictures.before)
    expect(headers['content-type']).toBe('image/webp')
    expect(await describeImage(body)).toEqual({ format: 'webp', width: 80, height: 50 })
  })
})

describe('the picture after', () => {
  it('is a preview of the right size until there is a result, and then that, as it was paid for', async () => {
    const desk = await openInspected({ 'src/main.js': importOf('a.png') })
    const { pictures } = await desk.find('src/a.png')
    expect(pictures.afterKind).toBe('preview')
    const preview = await desk.ask(pictures.after ?? '')
    expect(await describeImage(preview.body)).toEqual({ format: 'webp', width: 400, height: 320 })
    await buy(desk, 'src/a.png')
    const bought = await desk.find('src/a.png')
    expect(bought.pictures.after).not.toBe(pictures.after)
    const { body } = await desk.ask(bought.pictures.after ?? '')
    const blobs = desk.project.list('.magnific/v1/blobs')
    expect(blobs).toHaveLength(1)
    expect(body.equals(desk.project.read(blobs[0]?.slice(desk.project.dir.length) ?? ''))).toBe(
      true,
    )
  })

  it('has the transparency that ships', async () => {
    const desk = await openInspected({
      'src/main.js': importOf('clear.png'),
      'src/clear.png': await makePng({ width: 200, height: 160, alpha: true }),
    })
    await buy(desk, 'src/clear.png')
    const { pictures } = await desk.find('src/clear.png')
    const { body } = await desk.ask(pictures.after ?? '')
    expect(await sharp(body).metadata()).toMatchObject({ hasAlpha: true, width: 400, height: 320 })
    const { candidates } = await desk.compare((await desk.find('src/clear.png')).id)
    const result = await desk.ask(candidates[0]?.after ?? '')
    expect(result.body.equals(body)).toBe(true)
  })

  it('is that of the params, whatever the defaults say of variants', async () => {
    const desk = await openInspected(
      { 'src/main.js': importOf('a.png') },
      { options: { defaults: { w: [50, 100], as: 'srcset' } } },
    )
    const { pictures, directives } = await desk.find('src/a.png')
    expect(directives).toBe('w=50;100 as=srcset')
    const { body } = await desk.ask(pictures.after ?? '')
    expect(await describeImage(body)).toMatchObject({ width: 400, height: 320 })
  })

  it('of a query that is tried is there at once', async () => {
    const desk = await openInspected({ 'src/main.js': importOf('a.png') })
    const { id } = await desk.find('src/a.png')
    const tried = await desk.preview(id, 'magnific=8x&engine=magnific_sharpy')
    expect(tried).toMatchObject({
      ok: true,
      query: 'magnific=8x&engine=magnific_sharpy',
      params: { scale_factor: '8x', engine: 'magnific_sharpy' },
      state: 'missing',
    })
    const { status, body } = await desk.ask(tried.ok ? tried.after : '')
    expect(status).toBe(200)
    expect(await describeImage(body)).toMatchObject({ width: 1600, height: 1280 })
  })
})

describe('a picture that is not shown', () => {
  it('is told of with what to do, and without a path of this machine', async () => {
    const outside = tmpProject({ 'secret.png': await makePng({ seed: 9 }) })
    const desk = await openInspected({
      'src/main.js': `${importOf('gone.png', 'a.png')}import c from '${outside.path('secret.png')}?magnific=2x'\nconsole.log(c)\n`,
    })
    const { images } = await desk.inspect()
    // One that goes while it is looked at is no other case.
    rmSync(desk.project.path('src/a.png'))
    expect(images).toHaveLength(3)
    for (const { file, pictures } of images) {
      for (const url of [pictures.thumbnail, pictures.before]) {
        const answer = await desk.ask(url)
        expect([answer.status, readJson(answer).problem]).toEqual(
          file.includes('secret')
            ? [404, expect.stringContaining('Allow its folder in `server.fs.allow`')]
            : [422, 'The image does not exist. Check the path, capitals included.'],
        )
      }
    }
  })
})

describe('results of one image', () => {
  it('can be compared, each with the query that gives it in this place', async () => {
    const source = "import a from './a.png?magnific=hero&w=100&url'\nconsole.log(a)\n"
    const presets = { hero: { magnific: '4x', hdr: 2, format: 'webp' } } as const
    const desk = await openInspected({ 'src/main.js': source }, { options: { presets } })
    const { id } = await desk.find('src/a.png')
    const tries = ['magnific=hero&w=100&url', 'magnific=hero&creativity=5', 'magnific=2x']
    for (const query of tries) {
      const tried = await desk.preview(id, query)
      const pushed = await desk.listen()
      await desk.upscale(id, query, tried.ok ? tried.estimate : 0)
      await pushed.until(() => pushed.phases().includes('done'))
    }
    const { file, candidates } = await desk.compare(id)
    expect(file).toBe('src/a.png')
    expect(candidates.map(({ query, isUsed }) => [query, isUsed])).toEqual([
      ['magnific=hero&w=100&url', true],
      ['magnific=hero&creativity=5&w=100&url', false],
      // The preset is left, and what it says of variants stays.
      ['magnific=2x&format=webp&w=100&url', false],
    ])
    for (const { query, fingerprint, after, result } of candidates) {
      const tried = await desk.preview(id, query ?? '')
      expect(tried).toMatchObject({ ok: true, state: 'cached' })
      const { body } = await desk.ask(after)
      expect(after).toContain(fingerprint)
      expect(await describeImage(body)).toMatchObject({
        width: result?.width,
        height: result?.height,
      })
    }
  })

  it('can be seen where no query gives them any more, with the reason', async () => {
    const desk = await openInspected({ 'src/main.js': importOf('a.png') })
    await buy(desk, 'src/a.png')
    const options = {
      apiKey: canary,
      baseUrl: desk.emulator.url,
      defaults: { prompt: 'a default' },
    }
    const dev = await startDevServer(vites.vite8, desk.project, options)
    const changed = createInspectorClient(dev.port)
    const { candidates } = await changed.compare((await changed.find('src/a.png')).id)
    expect(candidates).toMatchObject([
      {
        isUsed: false,
        problem: expect.stringContaining('No query says an empty `prompt` here'),
        result: { width: 400, height: 320 },
      },
    ])
    expect(candidates[0]?.query).toBeUndefined()
    expect((await changed.ask(candidates[0]?.after ?? '')).status).toBe(200)
  })

  it('are served for known images alone', async () => {
    const desk = await openInspected({ 'src/main.js': importOf('a.png') })
    await buy(desk, 'src/a.png')
    const { fingerprint } = await desk.find('src/a.png')
    expect((await desk.ask(`api/result/${fingerprint}`)).status).toBe(200)
    desk.project.write('src/main.js', importOf('b.png'))
    await desk.inspect()
    expect((await desk.ask(`api/result/${fingerprint}`)).status).toBe(404)
    expect(readdirSync(desk.project.path('.magnific/v1')).map((name) => basename(name))).toContain(
      'blobs',
    )
  })
})
