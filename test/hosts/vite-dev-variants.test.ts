import { describe, expect, it } from 'vitest'
import type { Emulator } from '../../src/emulator/index.ts'
import { namesIn } from '../helpers/cache.ts'
import { startDevServer } from '../helpers/dev-server.ts'
import type { DevServer } from '../helpers/dev-server.ts'
import { postsTo, startEmulator } from '../helpers/emulator.ts'
import { heroProject, optionsFor } from '../helpers/hero.ts'
import { describeImage, makePng } from '../helpers/images.ts'
import type { Project } from '../helpers/project.ts'
import { sendRaw } from '../helpers/raw-http.ts'
import type { RawAnswer } from '../helpers/raw-http.ts'
import type { Options } from '../../src/index.ts'
import { vites, viteVersions } from '../helpers/vite-versions.ts'

interface Picture {
  sources: Record<string, string>
  img: { src: string; w: number; h: number }
}

const picture = './hero.png?magnific=4x&w=60;120&format=avif;jpeg&as=picture'

describe.each(viteVersions)('a dev server of %s', (host) => {
  const vite = vites[host]
  const start = async (
    project: Project,
    emulator: Emulator,
    options: Options = {},
  ): Promise<DevServer & { get: (target: string) => Promise<RawAnswer> }> => {
    const server = await startDevServer(vite, project, { ...optionsFor(emulator), ...options })
    return { ...server, get: async (target) => sendRaw(server.port, { target }) }
  }

  /** An entry that exports what it imports. */
  const exporting = async (specifier: string): Promise<Project> => {
    const project = await heroProject()
    project.write('src/main.js', `export { default } from '${specifier}'\n`)
    return project
  }

  /** What the page's module is, and the URLs in it, in the order in which they are written. */
  const readModule = async (
    { get }: Awaited<ReturnType<typeof start>>,
    specifier: string,
  ): Promise<{ code: string; urls: string[] }> => {
    expect((await get('/src/main.js')).status).toBe(200)
    const { status, body } = await get(specifier.replace('./', '/src/').replace('?', '?import&'))
    expect(status, body.toString()).toBe(200)
    const code = body.toString()
    return {
      code,
      urls: [...code.matchAll(/\/src\/hero\.png\?magnific[^\s"]*/g)].map(([url]) => url),
    }
  }

  it('gives the URLs and sizes of a picture, and makes each when it is asked for', async () => {
    const emulator = await startEmulator()
    const project = await exporting(picture)
    const server = await start(project, emulator)
    const { urls } = await readModule(server, picture)
    const [first, , , , src] = urls
    expect(urls).toHaveLength(5)
    expect(namesIn(project.path('.magnific/v1/variants'))).toEqual([])

    const module = (await server.vite.ssrLoadModule('/src/main.js')) as { default: Picture }
    expect(module.default).toEqual({
      sources: { avif: `${urls[0]} 60w, ${urls[1]} 120w`, jpeg: `${urls[2]} 60w, ${urls[3]} 120w` },
      img: { src, w: 120, h: 80 },
    })
    expect(namesIn(project.path('.magnific/v1/variants'))).toEqual([])

    const sizes = [60, 120, 60, 120, 120]
    for (const [index, url] of urls.entries()) {
      const { status, headers, body } = await server.get(url)
      const isAvif = index < 2
      expect(status, body.toString()).toBe(200)
      expect(headers['content-type']).toBe(isAvif ? 'image/avif' : 'image/jpeg')
      const width = sizes[index] ?? 0
      expect(await describeImage(body)).toEqual({
        format: isAvif ? 'heif' : 'jpeg',
        width,
        height: (width / 3) * 2,
      })
    }
    expect(first).toContain('w=60')
    expect(emulator.calls).toHaveLength(0)
  })

  it('gives one URL for a variant, several for a list, and sizes for metadata', async () => {
    const emulator = await startEmulator()
    const project = await heroProject()
    project.write(
      'src/main.js',
      `export { default as one } from './hero.png?magnific=4x&w=100&format=webp'
export { default as list } from './hero.png?magnific=4x&w=60;120'
export { default as data } from './hero.png?magnific=4x&w=90&as=metadata'
export { default as turned } from './hero.png?magnific=4x&rotate=90&as=metadata:width;height'
export { default as placeholder } from './hero.png?magnific=4x&as=lqip'\n`,
    )
    const server = await start(project, emulator)
    const shown = await server.vite.ssrLoadModule('/src/main.js')
    expect(shown).toMatchObject({
      list: [expect.stringContaining('w=60'), expect.stringContaining('w=120')],
      data: { width: 90, height: 60, format: 'png', from: 'preview' },
      turned: { width: 160, height: 240 },
      placeholder: expect.stringMatching(/^data:image\/webp;base64,/),
    })
    for (const [url, width] of [
      [shown['one'], 100],
      [...shown['list'].slice(0, 1), 60],
    ] as const) {
      const { status, body } = await server.get(String(url))
      expect(status).toBe(200)
      expect((await describeImage(body)).width).toBe(width)
    }
    expect(emulator.calls).toHaveLength(0)
  })

  it('serves what is cached, and says so', async () => {
    const emulator = await startEmulator()
    const project = await exporting('./hero.png?magnific=4x&w=60&as=metadata')
    const builder = {
      build: {
        outDir: project.path('dist'),
        rollupOptions: { input: project.path('src/main.js') },
      },
    }
    const { default: magnific } = await import('unplugin-magnific/vite')
    await vite.build({
      ...builder,
      root: project.dir,
      configFile: false,
      logLevel: 'silent',
      plugins: [magnific(optionsFor(emulator))],
    })
    expect(emulator.tasks).toHaveLength(1)
    const calls = emulator.calls.length
    // The build was in this process, and it paid.
    const server = await start(project, emulator)
    const { default: data } = await server.vite.ssrLoadModule('/src/main.js')
    expect(data).toMatchObject({
      width: 60,
      height: 40,
      from: expect.stringMatching(/^(?:cached|paid)$/),
    })
    expect((await server.get(String(data.src))).status).toBe(200)
    expect(emulator.calls).toHaveLength(calls)
  })

  it.each([
    ['w=60;120', 400, 'The query gives 2 variants'],
    ['w=60&as=srcset', 400, '`as=srcset` gives no URL'],
    ['w=0', 400, '`w` must be'],
    ['w=241', 400, 'larger than the upscaled image'],
    ['flatten&background=nocolour', 400, 'cannot be made'],
    ['w=20000&allowUpscale', 422, 'would be 20000×'],
  ])('refuses the image ?%s by hand, by %i', async (query, status, says) => {
    const emulator = await startEmulator()
    const server = await start(await heroProject(), emulator)
    const answer = await server.get(`/src/hero.png?magnific=4x&${query}`)
    expect(answer.body.toString()).toContain(says)
    expect(answer.status).toBe(status)
    expect(answer.headers['content-type']).toMatch(/^text\/plain/)
    expect(emulator.calls).toHaveLength(0)
  })

  it("with onMiss: { serve: 'upscale' } buys for variants that are imported, and for none by hand", async () => {
    const emulator = await startEmulator()
    const project = await exporting('./hero.png?magnific=4x&w=60;120&as=srcset')
    const other = await makePng({ seed: 2 })
    project.write('src/other.png', other)
    const server = await start(project, emulator, { onMiss: { serve: 'upscale' } })
    expect((await server.get('/src/other.png?magnific=4x&w=60')).status).toBe(200)
    expect((await server.get('/src/hero.png?magnific=4x&w=60')).status).toBe(200)
    expect((await server.get('/src/other.png?import&magnific=4x&w=60;120&as=srcset')).status).toBe(
      200,
    )
    const { urls } = await readModule(server, './hero.png?magnific=4x&w=60;120&as=srcset')
    expect(urls).toHaveLength(2)
    for (const url of urls) expect((await server.get(url)).status).toBe(200)
    await emulator.until(() => emulator.tasks.length > 0)
    expect((await server.get('/src/other.png?magnific=4x&w=60&format=png&as=url')).status).toBe(200)
    await server.vite.close()
    expect(postsTo(emulator)).toBe(1)
    expect(emulator.tasks).toHaveLength(1)
  })
})
