import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { watch as watchRollup } from 'rollup'
import magnificRollup from 'unplugin-magnific/rollup'
import magnificWebpack from 'unplugin-magnific/webpack'
import type { UserConfig } from 'vite'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import webpack from 'webpack'
import { formatPath } from '../../src/core/format-path.ts'
import type { Emulator } from '../../src/emulator/index.ts'
import { startDevServer } from '../helpers/dev-server.ts'
import { startEmulator } from '../helpers/emulator.ts'
import { heroProject } from '../helpers/hero.ts'
import { makePng } from '../helpers/images.ts'
import { tmpProject } from '../helpers/project.ts'
import type { Project } from '../helpers/project.ts'
import { vites, viteVersions } from '../helpers/vite-versions.ts'

const options = (emulator: Emulator, project: Project): object => ({
  apiKey: 'test-key-of-somebody',
  baseUrl: emulator.url,
  onMiss: { serve: 'upscale' },
  cache: { dir: project.path('.magnific') },
})

/** Starts watching, and tells the errors of each build that ends. */
const watchers: Record<
  string,
  (emulator: Emulator, project: Project, onBuilt: (error: unknown) => void) => void
> = {
  rollup: (emulator, project, onBuilt) => {
    const watcher = watchRollup({
      input: project.path('src/main.js'),
      output: { dir: project.path('dist') },
      plugins: [magnificRollup(options(emulator, project))],
    })
    onTestFinished(async () => watcher.close())
    watcher.on('event', (event) => {
      if ('result' in event) void event.result?.close()
      if (event.code === 'END') onBuilt(undefined)
      if (event.code === 'ERROR') onBuilt(event.error)
    })
  },
  webpack: (emulator, project, onBuilt) => {
    const compiler = webpack({
      mode: 'production',
      context: project.dir,
      entry: project.path('src/main.js'),
      output: { path: project.path('dist') },
      plugins: [magnificWebpack(options(emulator, project))],
      infrastructureLogging: { level: 'none' },
    })
    const watching = compiler.watch({ aggregateTimeout: 20 }, (error, stats) => {
      onBuilt(error ?? stats?.compilation.errors[0])
    })
    onTestFinished(async () => new Promise((resolve) => watching?.close(() => resolve())))
  },
}

describe.each(Object.keys(watchers))('%s, watching, with a server that may spend', (host) => {
  it('submits a picture that is saved 500 times in 5 s once, when it has come to rest', async () => {
    vi.stubEnv('MAGNIFIC_ON_MISS', undefined)
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    const pictures = await Promise.all(
      Array.from({ length: 20 }, async (_, seed) =>
        makePng({ width: 200, height: 160, seed: seed + 50 }),
      ),
    )
    const builds: unknown[] = []
    let heard = (): void => {}
    watchers[host]?.(emulator, project, (error) => {
      builds.push(error)
      heard()
    })
    await emulator.until(() =>
      emulator.calls.some(({ route, over }) => route === 'download' && over),
    )

    // This is what is tested, and no wait to be safe: as many saves in as much time.
    for (let save = 0; save < 500; save++) {
      writeFileSync(project.path('src/hero.png'), pictures[save % 20] ?? '')
      await sleep(10)
    }
    const last = createHash('sha256')
      .update(pictures[499 % 20] ?? '')
      .digest('hex')
    const isBought = (): boolean => emulator.tasks.some(({ source }) => source.sha256 === last)
    await emulator.until(isBought, 20_000)
    await emulator.until(
      () => emulator.calls.filter(({ route, over }) => route === 'download' && over).length === 2,
    )
    const count = builds.length
    if (builds[count - 1] !== undefined || count < 2) {
      await new Promise<void>((resolve) => (heard = resolve))
    }
    expect(builds.filter((error) => error !== undefined)).toEqual([])
    expect(emulator.tasks.map(({ source }) => source.sha256)).toEqual([
      expect.any(String) as string,
      last,
    ])
  })
})

describe.each(viteVersions)('the dev server of %s', (host) => {
  const vite = vites[host]
  it.each([
    { title: 'unsaid', watch: undefined },
    { title: 'said', watch: { ignored: '**/ignored/**' } },
  ])('watches nothing of the cache, with `server.watch` $title', async ({ watch }) => {
    const project = tmpProject({ '.magnific/v1/variants/a.png': 'a', 'src/ignored/a.png': 'a' })
    const settle = {
      name: 'watch',
      config: ({ server }: UserConfig) => void Object.assign(server!, { watch }),
    }
    const server = await startDevServer(vite, project, {}, { plugins: [settle] })
    const seen: string[] = []
    server.vite.watcher.on('add', (path) => void seen.push(formatPath(project.dir, path)))
    let writes = 0
    await vi.waitUntil(
      () => {
        project.write(`.magnific/v1/variants/${writes}.png`, 'a')
        project.write(`src/ignored/${writes}.png`, 'a')
        project.write(`src/${writes}.png`, 'a')
        writes++
        return seen.filter((path) => /^src\/\d/.test(path)).length > 5
      },
      { timeout: 10_000 },
    )
    expect(seen.filter((path) => path.startsWith('.magnific'))).toEqual([])
    if (watch) expect(seen.filter((path) => path.startsWith('src/ignored'))).toEqual([])
  })
})
