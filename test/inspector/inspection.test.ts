import { rmSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { openInspected } from '../helpers/inspector.ts'
import type { InspectedProject } from '../helpers/inspector.ts'
import { createMemoryStore } from '../helpers/memory-store.ts'
import { describeImage } from '../helpers/images.ts'
import { postsTo } from '../helpers/emulator.ts'
import { fieldNames } from '../../src/core/params.ts'

const main = `
import a from './a.png?magnific=4x&hdr=2'
import b from './b.png?magnific&w=100;200&format=webp&as=srcset'
import again from './a.png?magnific=4x&hdr=2'
import bad from './c.png?magnific=3x'
import './style.css'
console.log(a, b, again, bad)
`

describe('the inspection', () => {
  it('tells of every image that the sources refer to, with its place, its state and its price', async () => {
    const { inspect, emulator, project } = await openInspected({
      'src/main.js': main,
      'src/style.css': '.a { background: url(./a.png?magnific=4x&hdr=2) }\n',
    })
    const inspection = await inspect()
    expect(inspection).toMatchObject({
      mode: 'dev',
      service: 'local',
      baseUrl: emulator.url,
      buying: { allowed: true },
      problems: [],
      totals: { references: 4, images: 3, spent: 0 },
    })
    expect(inspection.budget).toBeUndefined()
    const [a, b, bad] = inspection.images
    expect(a).toMatchObject({
      file: 'src/a.png',
      query: 'magnific=4x&hdr=2',
      params: { scale_factor: '4x', hdr: 2 },
      directives: '',
      state: 'missing',
      reason: '',
      source: { width: 200, height: 160 },
      output: { width: 800, height: 640 },
      estimate: 0.2,
    })
    expect(a?.result).toBeUndefined()
    expect(a?.importers).toEqual([
      {
        file: 'src/main.js',
        line: 2,
        text: "import a from './a.png?magnific=4x&hdr=2'",
        isPart: false,
      },
      {
        file: 'src/style.css',
        line: 1,
        text: '.a { background: url(./a.png?magnific=4x&hdr=2) }',
        isPart: false,
      },
    ])
    expect(b).toMatchObject({
      params: {},
      directives: 'w=100;200 format=webp as=srcset',
      state: 'missing',
      estimate: 0.1,
    })
    expect(bad).toMatchObject({ state: 'invalid', fingerprint: '', estimate: 0 })
    expect(bad?.reason).toContain('got "3x"')
    expect(bad?.pictures.after).toBeUndefined()
    expect(inspection.totals.byState).toMatchObject({ missing: 2, invalid: 1, cached: 0 })
    expect(inspection.totals.outstanding).toBe(0.3)
    // Who only looks leaves no trace, and asks nobody.
    expect(project.list('.magnific')).toEqual([])
    expect(emulator.calls).toEqual([])
  })

  it('has the form of the query, from the table that the parser reads by', async () => {
    const { inspect } = await openInspected(
      { 'src/main.js': main },
      { options: { presets: { hero: { magnific: '8x' } }, defaults: { creativity: 3 } } },
    )
    const { fields } = await inspect()
    expect(fields.map(({ name }) => name)).toEqual(fieldNames)
    expect(fields[0]).toMatchObject({
      key: 'magnific',
      kind: 'enum',
      values: ['2x', '4x', '8x', '16x', 'hero'],
      default: '2x',
    })
    expect(fields.find(({ name }) => name === 'creativity')).toMatchObject({
      kind: 'integer',
      min: -10,
      max: 10,
      // The API's own: what the project says is in the params of each image.
      default: 0,
    })
  })

  it('has the same ids after a change elsewhere, and sees what was changed', async () => {
    const { inspect, project } = await openInspected({ 'src/main.js': main })
    const before = await inspect()
    project.write('src/main.js', `// A line more.\n${main.replace('4x', '2x')}`)
    const after = await inspect()
    const idOf = (query: string, { images } = before): string | undefined =>
      images.find((image) => image.query === query)?.id
    expect(idOf('magnific=3x', after)).toBe(idOf('magnific=3x'))
    expect(idOf('magnific=2x&hdr=2', after)).not.toBe(idOf('magnific=4x&hdr=2'))
  })

  it('knows what is cached, and what it has cost', async () => {
    const desk = await openInspected({ 'src/main.js': main })
    const { id, query, estimate } = await desk.find('src/a.png')
    const pushed = await desk.listen()
    expect(await desk.upscale(id, query, estimate)).toMatchObject({ ok: true })
    await pushed.until(() => pushed.phases().includes('done'))
    const { totals } = await desk.inspect()
    expect(totals).toMatchObject({
      spent: 0.2,
      outstanding: 0.1,
      byState: { cached: 1, missing: 1 },
    })
    const image = await desk.find('src/a.png')
    expect(image).toMatchObject({
      id,
      state: 'cached',
      estimate: 0,
      result: { width: 800, height: 640, format: 'png', task: desk.emulator.tasks[0]?.id },
      pictures: { afterKind: 'result' },
    })
    const after = await desk.ask(image.pictures.after ?? '')
    expect(await describeImage(after.body)).toMatchObject({ width: 800, height: 640 })
    expect(postsTo(desk.emulator)).toBe(1)
  })

  it('shows a result as one where its bytes are here, and no stand-in', async () => {
    const desk = await openInspected({ 'src/main.js': main })
    const { id, query, estimate } = await desk.find('src/b.png')
    const pushed = await desk.listen()
    await desk.upscale(id, query, estimate)
    await pushed.until(() => pushed.phases().includes('done'))
    expect(await desk.preview(id, query)).toMatchObject({ state: 'cached', afterKind: 'result' })
    const listShipped = (): string[] =>
      desk.project.list('.magnific/v1/variants').filter((file) => file.endsWith('.webp'))
    await expect.poll(listShipped).toHaveLength(2)
    rmSync(desk.project.path('.magnific/v1/blobs'), { recursive: true })
    // What ships is there all the same.
    const image = await desk.find('src/b.png')
    expect(image).toMatchObject({
      state: 'cached',
      output: { width: 400, height: 320 },
      pictures: { afterKind: 'preview' },
    })
    expect(image.result).toBeUndefined()
    expect(await desk.preview(id, query)).toMatchObject({ state: 'cached', afterKind: 'preview' })
  })

  it('shows a preview of what only other machines have, and does not bring it here', async () => {
    const { remote } = createMemoryStore()
    const open = async (): Promise<InspectedProject> =>
      openInspected({ 'src/main.js': main }, { options: { cache: { remote } } })
    const [buyer, other] = [await open(), await open()]
    const { id, query, estimate } = await buyer.find('src/a.png')
    const pushed = await buyer.listen()
    await buyer.upscale(id, query, estimate)
    await pushed.until(() => pushed.phases().includes('done'))
    await expect.poll(async () => (await other.find('src/a.png')).state).toBe('cached')
    const seen = await other.find('src/a.png')
    expect(seen).toMatchObject({ estimate: 0, pictures: { afterKind: 'preview' } })
    expect(seen.result).toBeUndefined()
    expect(await other.preview(id, query)).toMatchObject({ state: 'cached', afterKind: 'preview' })
    const { body } = await other.ask(seen.pictures.after ?? '')
    // Results are PNG.
    expect(await describeImage(body)).toEqual({ format: 'webp', width: 800, height: 640 })
    expect(other.project.list('.magnific/v1/blobs')).toEqual([])
    expect((await other.find('src/a.png')).pictures.afterKind).toBe('preview')
  })

  it('leaves out what no entry leads to, and says so', async () => {
    const { inspect } = await openInspected({
      'src/main.js': "import a from './a.png?magnific=2x'\nconsole.log(a)\n",
      'src/left.js': "import b from './b.png?magnific=2x'\nconsole.log(b)\n",
    })
    const { images, problems } = await inspect()
    expect(images.map(({ file }) => file)).toEqual(['src/a.png'])
    expect(problems).toEqual([
      {
        file: 'src/left.js',
        message: 'No entry is seen to lead here: its reference is not counted.',
      },
    ])
  })

  it('tells of a source that cannot be read', async () => {
    const { inspect } = await openInspected({
      'src/main.js': "import a from './a.png?magnific=2x'\nconst = {\n",
    })
    const { problems } = await inspect()
    expect(problems.map(({ file }) => file)).toEqual(['src/main.js'])
  })
})
