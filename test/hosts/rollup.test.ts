import { readdirSync } from 'node:fs'
import url from '@rollup/plugin-url'
import { rollup, watch } from 'rollup'
import magnific from 'unplugin-magnific/rollup'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { build } from '../helpers/build.ts'
import { startEmulator } from '../helpers/emulator.ts'
import { heroProject, optionsFor } from '../helpers/hero.ts'
import { describeImage } from '../helpers/images.ts'
import type { Project } from '../helpers/project.ts'

function runIn(project: Project): void {
  const cwd = vi.spyOn(process, 'cwd').mockReturnValue(project.dir)
  const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  onTestFinished(() => {
    cwd.mockRestore()
    stderr.mockRestore()
  })
}

describe('rollup', () => {
  it('emits through @rollup/plugin-url where it is there, in any order of plugins', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    runIn(project)
    for (const first of [true, false]) {
      const plugins = [
        magnific(optionsFor(emulator)),
        url({ limit: 0, fileName: 'by-plugin-url-[name][extname]', publicPath: '/static/' }),
      ]
      const bundle = await rollup({
        input: project.path('src/main.js'),
        plugins: first ? plugins : plugins.toReversed(),
        onLog: () => {},
      })
      const { output } = await bundle.generate({ dir: project.path('dist') })
      await bundle.close()
      expect(output[0].code).toContain('/static/by-plugin-url-hero.png')
    }
    expect(emulator.tasks).toHaveLength(1)
  })

  it('emits ?url through @rollup/plugin-url as well', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x&url')
    const { code } = await build('rollup', project, {
      options: optionsFor(emulator),
      rollupPlugins: [url({ limit: 0, publicPath: '/static/', fileName: '[name][extname]' })],
    })
    expect(code).toContain('/static/hero.png')
  })

  // The plugin copies the file onto itself, and empties it.
  it('refuses names for @rollup/plugin-url that lead back into the cache', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    const { error } = await build('rollup', project, {
      options: optionsFor(emulator),
      rollupPlugins: [
        url({
          limit: 0,
          fileName: '[dirname][name][extname]',
          sourceDir: project.dir,
          destDir: project.dir,
        }),
      ],
    })
    expect(error).toContain("fileName: '[name]-[hash][extname]'")
    const { assets } = await build('rollup', project, { options: optionsFor(emulator) })
    const [bytes] = assets.values()
    expect(await describeImage(bytes)).toMatchObject({ width: 120 })
    expect(emulator.tasks).toHaveLength(1)
  })

  it('keeps its cache in the project, wherever in it the build is started', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    await build(
      'rollup',
      { ...project, dir: project.path('src') },
      {
        options: optionsFor(emulator),
      },
    )
    expect(readdirSync(project.dir)).toContain('.magnific')
    expect(readdirSync(project.path('src'))).not.toContain('.magnific')
  })

  it('leaves inlining to @rollup/plugin-url', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    const { code, assets } = await build('rollup', project, {
      options: optionsFor(emulator),
      rollupPlugins: [url({ limit: 1_000_000 })],
    })
    expect(assets.size).toBe(0)
    const [, base64 = ''] = /data:image\/png;base64,([\w+/=]+)/.exec(code) ?? []
    expect(await describeImage(Buffer.from(base64, 'base64'))).toMatchObject({ width: 120 })
  })

  it('emits by itself what @rollup/plugin-url leaves: ?no-inline, and caches elsewhere', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x&no-inline')
    const { assets } = await build('rollup', project, {
      options: optionsFor(emulator),
      rollupPlugins: [url({ limit: 1_000_000 })],
    })
    const [bytes] = assets.values()
    expect(await describeImage(bytes)).toMatchObject({ width: 120 })
  })

  it('inlines ?inline by itself', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x&inline')
    const { code, assets } = await build('rollup', project, { options: optionsFor(emulator) })
    expect(assets.size).toBe(0)
    expect(code).toContain('data:image/png;base64,')
  })

  it('refuses a reference that is made external', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    runIn(project)
    for (const external of [(id: string) => id.endsWith('hero.png'), /\.png/]) {
      const bundling = rollup({
        input: project.path('src/main.js'),
        external,
        plugins: [magnific(optionsFor(emulator))],
        onLog: () => {},
      }).then(async (bundle) => bundle.generate({ dir: project.path('dist') }))
      await expect(bundling).rejects.toThrow('is external, so that it is not part of the build')
    }
    expect(emulator.calls).toHaveLength(0)
  })

  it('stops waiting when the build fails elsewhere, and takes the task up the next time', async () => {
    const emulator = await startEmulator({ latency: Number.POSITIVE_INFINITY })
    const project = await heroProject('./hero.png?magnific=2x', './broken.js')
    project.write('src/broken.js', 'export default 1')
    runIn(project)
    let fail = (): void => {}
    const failed = new Promise<void>((resolve) => (fail = resolve))
    const building = rollup({
      input: project.path('src/main.js'),
      plugins: [
        magnific(optionsFor(emulator)),
        {
          name: 'breaks',
          async load(id) {
            if (!id.endsWith('broken.js')) return null
            await failed
            throw new Error('broken elsewhere')
          },
        },
      ],
      onLog: () => {},
    })
    await emulator.until(() => emulator.calls.some(({ route }) => route === 'status'))
    fail()
    await expect(building).rejects.toThrow('broken elsewhere')

    // Nothing asks any more: the calls that were under way are the last ones.
    await emulator.until(() => emulator.calls.every(({ over }) => over))
    emulator.complete()
    project.write('src/broken.js', 'export default 2')
    const { error, log } = await build('rollup', project, { options: optionsFor(emulator) })
    expect(error).toBeUndefined()
    expect(log).toContain('1 resumed')
    expect(emulator.tasks).toHaveLength(1)
  })

  it('is asked before a plugin that resolves any picture and forgets its query', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    runIn(project)
    const bundle = await rollup({
      input: project.path('src/main.js'),
      plugins: [
        {
          name: 'greedy',
          resolveId: (source) =>
            source.includes('.png') ? project.path('src/hero.png') : undefined,
          load: (id) => (id.endsWith('src/hero.png') ? 'export default "original"' : undefined),
        },
        magnific(optionsFor(emulator)),
      ],
      onLog: () => {},
    })
    const { output } = await bundle.generate({ dir: project.path('dist') })
    await bundle.close()
    expect(output[0].code).not.toContain('original')
    expect(emulator.tasks).toHaveLength(1)
  })

  it.each(['import(`./${name}.png?magnific=4x`)', "require('./hero.png?magnific=4x')"])(
    'refuses what it would leave as it is: %s',
    async (code) => {
      const emulator = await startEmulator()
      const project = await heroProject('./hero.png?magnific=2x')
      project.write('src/main.js', `const name = 'hero'\nconsole.log(name, ${code})`)
      const { error } = await build('rollup', project, { options: optionsFor(emulator) })
      expect(error).toContain('stands in main.js as it was written')
    },
  )

  it('never spends while it watches', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    runIn(project)
    const watcher = watch({
      input: project.path('src/main.js'),
      output: { dir: project.path('dist') },
      plugins: [magnific(optionsFor(emulator))],
      onLog: () => {},
    })
    onTestFinished(async () => watcher.close())
    await new Promise<void>((resolve, reject) => {
      watcher.on('event', (event) => {
        if (event.code === 'END') resolve()
        if (event.code === 'ERROR') reject(event.error)
      })
    })
    expect(emulator.calls).toHaveLength(0)
  })
})
