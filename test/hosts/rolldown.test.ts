import { rolldown, watch } from 'rolldown'
import type { InputOptions } from 'rolldown'
import magnific from 'unplugin-magnific/rolldown'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { build } from '../helpers/build.ts'
import type { Built } from '../helpers/build.ts'
import { postsTo, startEmulator } from '../helpers/emulator.ts'
import { heroProject, optionsFor } from '../helpers/hero.ts'
import { describeImage } from '../helpers/images.ts'
import type { Project } from '../helpers/project.ts'

type ModuleType = NonNullable<InputOptions['moduleTypes']>[string]

async function buildWith(
  specifiers: string[],
  input: InputOptions,
): Promise<Built & { posts: number }> {
  const emulator = await startEmulator()
  const project = await heroProject(...specifiers)
  const settings = { options: optionsFor(emulator), rolldown: input }
  const built = await build('rolldown', project, settings)
  const posts = postsTo(emulator)
  // From the cache, there is no module in between.
  const again = await build('rolldown', project, settings)
  // Several errors come in no order.
  expect([again.error === undefined, again.assets]).toEqual([
    built.error === undefined,
    built.assets,
  ])
  expect(dropComments(again.code)).toBe(dropComments(built.code))
  return { ...built, posts }
}

/** They name modules. */
function dropComments(code: string): string {
  return code.replaceAll(/^\/\/.*\n/gm, '')
}

function readBase64(code: string): Buffer {
  return Buffer.from(
    /"(?:data:image\/png;base64,)?([\w+/]{99,}=*)"/.exec(code)?.[1] ?? '',
    'base64',
  )
}

function runIn(project: Project): void {
  const cwd = vi.spyOn(process, 'cwd').mockReturnValue(project.dir)
  const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  onTestFinished(() => {
    cwd.mockRestore()
    stderr.mockRestore()
  })
}

describe('rolldown', () => {
  it.each<[ModuleType, (built: Built) => Buffer | undefined]>([
    ['asset', ({ assets }) => [...assets.values()][0]],
    ['dataurl', ({ code }) => readBase64(code)],
    ['base64', ({ code }) => readBase64(code)],
    ['binary', ({ code }) => readBase64(code)],
  ])('leaves pictures to moduleTypes that ship them: %s', async (type, read) => {
    const built = await buildWith(['./hero.png?magnific=2x'], { moduleTypes: { '.png': type } })
    expect(built.error).toBeUndefined()
    expect(await describeImage(read(built)!)).toMatchObject({ format: 'png', width: 120 })
    expect(built.assets.size).toBe(type === 'asset' ? 1 : 0)
    expect(built.posts).toBe(1)
  })

  it.each<ModuleType>(['text', 'empty', 'json', 'js'])(
    'refuses moduleTypes that do not ship them: %s',
    async (type) => {
      const moduleTypes = { '.png': type }
      const { error, posts } = await buildWith(['./hero.png?magnific=2x'], { moduleTypes })
      expect(error).toContain(`\`moduleTypes\` make "${type}" of the image, which does not ship it`)
      expect(error).toContain('src/main.js')
      expect(posts).toBe(0)
    },
  )

  it('refuses moduleTypes that have no URL, where URLs are asked for, and minds the format that is shipped', async () => {
    const moduleTypes: InputOptions['moduleTypes'] = { '.png': 'binary', '.webp': 'asset' }
    const refused = await buildWith(['./hero.png?magnific=2x&w=30;60&as=srcset'], { moduleTypes })
    expect(refused.error).toContain('which has no URL for what `as` asks for')
    expect(refused.posts).toBe(0)
    const srcset = './hero.png?magnific=2x&w=30;60&as=srcset&format=webp'
    const { error, assets } = await buildWith([srcset], { moduleTypes })
    expect(error).toBeUndefined()
    expect(assets.size).toBe(2)
  })

  it('takes ?inline and ?no-inline for itself, whatever moduleTypes say', async () => {
    const inline = await buildWith(['./hero.png?magnific=2x&inline'], {
      moduleTypes: { '.png': 'asset' },
    })
    expect(inline.assets.size).toBe(0)
    expect(await describeImage(readBase64(inline.code))).toMatchObject({ width: 120 })
    const outside = await buildWith(['./hero.png?magnific=2x&no-inline'], {
      moduleTypes: { '.png': 'dataurl' },
    })
    expect(await describeImage([...outside.assets.values()][0])).toMatchObject({ width: 120 })
  })

  it('says of what is refused what it is, where the result is cached', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    const options = optionsFor(emulator)
    await build('rolldown', project, { options })
    const { error } = await build('rolldown', project, {
      options,
      rolldown: { moduleTypes: { '.png': 'text' } },
    })
    expect(error).toContain('make "text" of the image')
    expect(error).toContain(project.path('src/hero.png'))
  })

  it('refuses a reference that is made external', async () => {
    const { error, posts } = await buildWith(['./hero.png?magnific=2x'], { external: /\.png/ })
    expect(error).toContain('is external, so that it is not part of the build')
    expect(posts).toBe(0)
  })

  it('tells every error, and each of them once', async () => {
    const { error = '' } = await buildWith(
      ['./hero.png?magnific=9x', './hero.png?magnific=2x&hdr=11'],
      {},
    )
    for (const text of ['got "9x"', 'from -10 to 10, got 11']) {
      expect(error.split(text)).toHaveLength(2)
    }
  })

  it('calls no hook of ours for modules that are none of ours', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    project.write('src/plain.js', 'console.log("plain")')
    project.write(
      'src/main.js',
      "import './plain.js'\nimport a from './hero.png?magnific=2x'\nconsole.log(a)",
    )
    runIn(project)
    const called: string[] = []
    const plugins = magnific(optionsFor(emulator)).map((plugin) => {
      for (const name of ['resolveId', 'load', 'transform'] as const) {
        const hook = plugin[name] as { handler: (...args: unknown[]) => unknown } | undefined
        if (!hook) continue
        const { handler } = hook
        hook.handler = function (...args) {
          called.push(`${name} ${String(args[name === 'transform' ? 1 : 0])}`)
          return handler.apply(this, args)
        }
      }
      return plugin
    })
    const bundle = await rolldown({ input: project.path('src/main.js'), plugins })
    await bundle.generate({ dir: project.path('dist') })
    await bundle.close()
    expect(called.length).toBeGreaterThan(2)
    expect(called.filter((call) => !call.includes('hero.png'))).toEqual([])
  })

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

describe.each(['rollup', 'rolldown'] as const)('%s', (host) => {
  it.each([
    ['', {}],
    [', and resolveNewUrlToAsset', { experimental: { resolveNewUrlToAsset: true } }],
    [', and moduleTypes', { moduleTypes: { '.png': 'asset' } } as const],
  ])('upscales new URL()%s', async (_, input) => {
    const emulator = await startEmulator()
    const project = await heroProject()
    project.write(
      'src/main.js',
      `// new URL('./hero.png?magnific=8x', import.meta.url)
       console.log(new URL('./hero.png?magnific=2x', import.meta.url).href, 'new URL')`,
    )
    const settings = { options: optionsFor(emulator), rolldown: input }
    for (const _again of [1, 2]) {
      const { error, assets, code } = await build(host, project, settings)
      expect(error).toBeUndefined()
      const [[name, bytes]] = [...assets] as [[string, Buffer]]
      expect(await describeImage(bytes)).toMatchObject({ width: 120 })
      expect(code).toContain(name)
      expect(code.replace(/\/\/.*/g, '')).not.toContain('magnific=')
    }
    expect(emulator.tasks).toHaveLength(1)
  })

  it.each([
    ["new URL('./hero.png?magnific=2x&w=30;60', import.meta.url)", 'here is room for one URL'],
    ['new URL(`./${name}.png?magnific=2x`, import.meta.url)', 'stands for every image'],
  ])('refuses %s', async (expression, says) => {
    const emulator = await startEmulator()
    const project = await heroProject()
    project.write('src/main.js', `export default (name) => ${expression}`)
    const { error } = await build(host, project, { options: optionsFor(emulator) })
    expect(error).toContain(says)
    expect(error).toContain(project.path('src/main.js'))
    expect(postsTo(emulator)).toBe(0)
  })

  it('refuses style sheets and pages that are emitted with references in them', async () => {
    const emulator = await startEmulator()
    const project = await heroProject()
    project.write('src/main.js', 'console.log(1)')
    for (const [fileName, source] of [
      ['style.css', '.a { background: url(./hero.png?magnific=2x) }'],
      ['index.html', '<img src="./hero.png?magnific=2x">'],
    ] as const) {
      const plugin = {
        name: 'emits',
        buildStart(this: { emitFile(file: object): unknown }) {
          this.emitFile({ type: 'asset', fileName, source })
        },
      }
      const { error } = await build(host, project, {
        options: optionsFor(emulator),
        rollupPlugins: [plugin as never],
        rolldown: { plugins: [plugin as never] },
      })
      expect(error).toContain(`"./hero.png?magnific=2x" stands in ${fileName} as it was written`)
    }
  })
})
