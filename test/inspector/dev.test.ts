import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { stripVTControlCharacters } from 'node:util'
import magnific from 'unplugin-magnific/vite'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { findSockets, renderHead } from '../../src/bundlers/vite/dev/inspector-live.ts'
import { canary } from '../helpers/canary.ts'
import { startEmulator } from '../helpers/emulator.ts'
import { heroProject, optionsFor } from '../helpers/hero.ts'
import { createInspectorClient, openInspected } from '../helpers/inspector.ts'
import { viteVersions, vites } from '../helpers/vite-versions.ts'

const main = "import a from './a.png?magnific=2x'\nconsole.log(a)\n"

describe.each(viteVersions)('a dev server of %s', (version) => {
  it('tells where the inspector is, among its URLs, once', async () => {
    const options = { apiKey: canary, baseUrl: (await startEmulator()).url }
    const { dev, port } = await openInspected(
      { 'src/main.js': main },
      {
        vite: vites[version],
        options,
        // What frameworks and users add between them.
        config: { base: '/app/', plugins: [magnific(options)] },
      },
    )
    dev.vite.printUrls()
    const lines = dev.log.map((line) => stripVTControlCharacters(line))
    expect(lines.filter((line) => line.includes('__magnific'))).toEqual([
      `  ➜  Magnific: http://127.0.0.1:${port}/app/__magnific/`,
    ])
  })

  it('tells pages that a source has changed, or a picture, and nothing of other files', async () => {
    const desk = await openInspected({ 'src/main.js': main }, { vite: vites[version] })
    await desk.inspect()
    const pushed = await desk.listen()
    const { watcher } = desk.dev.vite
    for (const name of ['notes.txt', 'src/main.js', 'src/a.png', 'src/style.css']) {
      watcher.emit('all', 'change', desk.project.path(name))
    }
    await pushed.until(() => pushed.events.length > 0)
    // Several changes at once are one.
    expect(pushed.events).toEqual([{ kind: 'changed' }])
  })

  it('has pages of the app show what was bought from it', async () => {
    const desk = await openInspected({ 'src/main.js': main }, { vite: vites[version] })
    const { hot } = desk.dev.vite.environments.client
    const send = vi.spyOn(hot, 'send')
    onTestFinished(() => send.mockRestore())
    const { id, query, estimate } = await desk.find('src/a.png')
    await desk.upscale(id, query, estimate)
    const sent = (): unknown[] => send.mock.calls.map(([payload]) => payload)
    await expect.poll(sent).toContainEqual({
      type: 'custom',
      event: 'magnific:update',
      data: { paths: expect.arrayContaining(['/src/a.png']), timestamp: expect.any(Number) },
    })
    expect(sent()).toContainEqual(
      expect.objectContaining({ event: 'magnific:inspector', data: { kind: 'changed' } }),
    )
  })

  it('knows of images that are in no source, once they are loaded and while they are', async () => {
    let query = 'magnific=4x'
    const invented = {
      name: 'invented',
      resolveId: (id: string) => (id === 'virtual:pictures' ? '\0virtual:pictures' : null),
      load: (id: string) =>
        id === '\0virtual:pictures' ? `export { default } from '/src/b.png?${query}'` : null,
    }
    const desk = await openInspected(
      { 'src/main.js': `${main}import b from 'virtual:pictures'\nconsole.log(b)\n` },
      { vite: vites[version], config: { plugins: [invented] } },
    )
    const { client } = desk.dev.vite.environments
    const queries = async (): Promise<string[]> =>
      (await desk.inspect()).images.map(({ file, query: each }) => `${file}?${each}`)
    expect(await queries()).toEqual(['src/a.png?magnific=2x'])
    await client.transformRequest('/src/main.js')
    await client.transformRequest('virtual:pictures')
    expect(await queries()).toEqual(['src/a.png?magnific=2x', 'src/b.png?magnific=4x'])
    const image = await desk.find('src/b.png')
    expect(image).toMatchObject({ state: 'missing', estimate: 0.2, importers: [] })
    // Made up anew, it is another one.
    query = 'magnific=8x'
    const module = client.moduleGraph.getModuleById('\0virtual:pictures')
    if (module) client.moduleGraph.invalidateModule(module)
    await client.transformRequest('virtual:pictures')
    expect(await queries()).toEqual(['src/a.png?magnific=2x', 'src/b.png?magnific=8x'])
  })

  it('serves it in middleware mode, with the base or without', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    const http = createServer((request, response) => vite.middlewares(request, response))
    const vite = await vites[version].createServer({
      root: project.dir,
      configFile: false,
      envDir: false,
      base: '/app/',
      logLevel: 'silent',
      appType: 'custom',
      server: { middlewareMode: true, watch: null, ws: false, hmr: { server: http } },
      plugins: [magnific(optionsFor(emulator))],
    })
    onTestFinished(async () => {
      http.close()
      await vite.close()
    })
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    const { port } = http.address() as AddressInfo
    for (const base of ['/app/__magnific/', '/__magnific/']) {
      expect((await createInspectorClient(port, base).inspect()).mode).toBe('dev')
    }
  })
})

describe('where the news come from', () => {
  const configOf = (server: object): Parameters<typeof findSockets>[0] =>
    ({ base: '/app/', server }) as Parameters<typeof findSockets>[0]
  const host = 'localhost:5173'

  it.each([
    [{}, []],
    [{ ws: false, hmr: { port: 1 } }, []],
    [{ hmr: true }, []],
    [{ hmr: { port: 4000 } }, ['ws://localhost:4000', 'wss://localhost:4000']],
    [{ hmr: { port: 4000, clientPort: 443 } }, ['ws://localhost:443', 'wss://localhost:443']],
    [{ hmr: { host: 'app.test' } }, ['ws://app.test:5173', 'wss://app.test:5173']],
    [{ middlewareMode: true }, ['ws://localhost:24678', 'wss://localhost:24678']],
    [{ middlewareMode: true, hmr: { server: {} } }, []],
    [{ hmr: { host: "x; script-src 'unsafe-inline'" } }, []],
  ])('is said in the policy where it is beside the server: %j', (server, sockets) => {
    expect(findSockets(configOf(server), host)).toEqual(sockets)
  })

  it('is a stream where Vite has no socket', () => {
    const base = '/app/'
    const head = (server: object): string => renderHead({ ...configOf(server), base })
    expect(head({})).toContain('src="/app/@id/__x00__virtual:')
    for (const server of [{ ws: false }, { hmr: false }]) expect(head(server)).toContain('sse')
  })
})
