import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { promisify } from 'node:util'
import { HtmlRspackPlugin, rspack } from '@rspack/core'
import type { Configuration } from '@rspack/core'
import magnific from 'unplugin-magnific/rspack'
import { describe, expect, it, onTestFinished } from 'vitest'
import { build } from '../helpers/build.ts'
import type { Built } from '../helpers/build.ts'
import { postsTo, startEmulator } from '../helpers/emulator.ts'
import { heroProject, optionsFor } from '../helpers/hero.ts'
import { describeImage, makePng } from '../helpers/images.ts'
import type { Project } from '../helpers/project.ts'

const require = createRequire(import.meta.url)
const fileLoader = require.resolve('file-loader')

/** A build that must not ship anything, and must not buy anything. */
async function refuse(
  project: Project,
  configuration: Configuration = {},
): Promise<string | undefined> {
  const emulator = await startEmulator()
  const { error } = await build('rspack', project, {
    options: optionsFor(emulator),
    rspack: configuration,
  })
  expect(postsTo(emulator)).toBe(0)
  return error
}

/** What else is under the names of webpack is in `webpack.test.ts`. */
describe('rspack', () => {
  it("upscales url() of Rspack's own style sheets, workers, and files of the oneOf of Rsbuild", async () => {
    const emulator = await startEmulator()
    const project = await heroProject()
    project.write(
      'src/main.js',
      `import './style.css'
       import large from './hero.png?magnific=2x&hdr=2'
       import small from './hero.png?magnific=2x&hdr=3&inline'
       new Worker(new URL('./worker.js', import.meta.url))
       console.log(large, small)`,
    )
    project.write('src/style.css', '.a { background: url(./hero.png?magnific=2x&hdr=1) }')
    project.write(
      'src/worker.js',
      "import image from './hero.png?magnific=2x&hdr=4'\nconsole.log(image)",
    )
    const { error, assets, code } = await build('rspack', project, {
      options: optionsFor(emulator),
      rspack: {
        module: {
          rules: [
            { test: /\.css$/, type: 'css' },
            {
              test: /\.png$/,
              oneOf: [
                { type: 'asset/source', resourceQuery: /[?&]raw(?:&|=|$)/ },
                { type: 'asset/inline', resourceQuery: /[?&]inline(?:&|=|$)/ },
                { type: 'asset', parser: { dataUrlCondition: { maxSize: 4096 } } },
              ],
            },
          ],
        },
      },
    })
    expect(error).toBeUndefined()
    expect(new Set(emulator.tasks.map(({ params }) => params['hdr']))).toEqual(
      new Set([1, 2, 3, 4]),
    )
    expect(code).toContain('data:image/png;base64,')
    const images = [...assets].filter(([name]) => name.endsWith('.png'))
    expect(images.length).toBeGreaterThan(0)
    for (const [, bytes] of images) expect(await describeImage(bytes)).toMatchObject({ width: 120 })
    expect(String([...assets].find(([name]) => name.endsWith('.css'))?.[1])).toMatch(
      /url\(.*hero-\w{8}\.png\)/,
    )
  })

  it('refuses what its rules make nothing of that would ship the image', async () => {
    const project = await heroProject('./hero.png?magnific=2x')
    for (const [type, loader] of [['asset/source'], ['css'], ['javascript/auto']]) {
      const rule = { test: /\.png$/, type: type as 'asset', ...(loader && { loader }) }
      const error = await refuse(project, { module: { rules: [rule] } })
      expect(error).toContain(`A rule of the config makes a module of type "${type}" of the image`)
      expect(error).toContain(project.path('src/main.js'))
    }
  })

  it('refuses loaders that a request names, and takes them from a rule', async () => {
    const named = await heroProject(`${fileLoader}?name=[name].[ext]!./hero.png?magnific=2x`)
    expect(await refuse(named)).toContain('Name them in a rule of the config')

    const emulator = await startEmulator()
    const { error, assets } = await build('rspack', named, {
      options: optionsFor(emulator),
      rspack: { module: { rules: [{ test: /\.png$/, type: 'javascript/auto' }] } },
    })
    expect(error).toBeUndefined()
    expect(await describeImage(assets.get('hero.png')!)).toMatchObject({ width: 120 })
  })

  it.each([
    [
      'a style sheet',
      {
        'src/main.js': "import './a.css'",
        'src/a.css': '.a { background: url(./hero.png?magnific=2x&w=30;60) }',
      },
    ],
    [
      'new URL()',
      { 'src/main.js': "console.log(new URL('./hero.png?magnific=2x&as=img', import.meta.url))" },
    ],
    // It is imported as well, where there is room for it.
    [
      'one place of two',
      {
        'src/main.js':
          "import image from './hero.png?magnific=2x&w=30;60'\nimport './a.css'\nconsole.log(image)",
        'src/a.css': '.a { background: url(./hero.png?magnific=2x&w=30;60) }',
      },
    ],
  ])('refuses several variants in %s', async (_, files) => {
    const project = await heroProject()
    for (const [name, content] of Object.entries(files)) project.write(name, content)
    const emulator = await startEmulator()
    const { error } = await build('rspack', project, {
      options: optionsFor(emulator),
      rspack: { module: { rules: [{ test: /\.css$/, type: 'css' }] } },
    })
    expect(error).toContain('here is room for one URL')
    expect(error).toContain(project.path('src/hero.png'))
  })

  it('refuses a reference that is made external', async () => {
    const project = await heroProject('./hero.png?magnific=2x')
    const error = await refuse(project, { externals: [/hero\.png/] })
    expect(error).toContain('is external, so that it is not part of the build')
    expect(error).toContain(project.path('src/main.js'))
  })

  it.each([
    [
      'a template',
      '<p title="not ?magnific=2x"></p><img src="./hero.png?magnific=2x">',
      'index.html',
    ],
    [
      'its style sheet',
      '<style>p { background: url("./hero.png?magnific=2x") }</style>',
      'index.html',
    ],
  ])('refuses what HtmlRspackPlugin leaves as it is, in %s', async (_, body, name) => {
    const project = await heroProject()
    project.write('src/index.html', `<!doctype html><html><body>${body}</body></html>`)
    project.write('src/main.js', 'console.log(1)')
    const plugins = [new HtmlRspackPlugin({ template: project.path('src/index.html') })]
    const error = await refuse(project, { plugins })
    expect(error).toContain(`"./hero.png?magnific=2x" stands in ${name} as it was written`)
    expect(error?.match(/as it was written/g)).toHaveLength(1)
  })

  it('refuses url() of style sheets whose references are left alone', async () => {
    const project = await heroProject()
    project.write('src/main.js', "import './style.css'")
    project.write('src/style.css', '.a { background: url(./hero.png?magnific=2x) }')
    const error = await refuse(project, {
      module: { rules: [{ test: /\.css$/, type: 'css', parser: { url: false } }] },
    })
    expect(error).toContain('"./hero.png?magnific=2x" stands in')
  })

  it('minds what changes beside a persistent cache: the picture, and requests that were refused', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    const run = async (): Promise<Built> =>
      build('rspack', project, {
        options: optionsFor(emulator),
        rspack: {
          cache: {
            type: 'persistent',
            storage: { type: 'filesystem', directory: project.path('host-cache') },
          },
        },
      })
    const first = await run()
    expect((await run()).assets).toEqual(first.assets)
    project.write('src/hero.png', await makePng({ seed: 2 }))
    const changed = await run()
    expect(changed.error).toBeUndefined()
    expect(changed.assets).not.toEqual(first.assets)
    expect(emulator.tasks).toHaveLength(2)

    project.write('src/main.js', `import image from '!!${fileLoader}!./hero.png?magnific=2x'`)
    for (const _ of [1, 2]) expect((await run()).error).toContain('switches off the loader')
    expect(emulator.tasks).toHaveLength(2)
  })

  it('builds again while it watches, for what changes, and says so of what is refused', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    const compiler = rspack({
      mode: 'development',
      context: project.dir,
      entry: project.path('src/main.js'),
      output: { path: project.path('dist'), assetModuleFilename: '[name]-[contenthash:8][ext]' },
      infrastructureLogging: { level: 'none' },
      plugins: [magnific({ ...optionsFor(emulator), onMiss: { serve: 'upscale' } })],
    })
    const results: { error: string; images: string[] }[] = []
    let heard = (): void => {}
    const watching = compiler.watch({ aggregateTimeout: 5 }, (error, stats) => {
      if (error || !stats) throw error ?? new Error('no stats')
      const images = Object.keys(stats.compilation.assets).filter((name) => name.endsWith('.png'))
      results.push({ error: stats.toString('errors-only'), images })
      heard()
    })
    onTestFinished(async () => promisify(watching.close.bind(watching))())
    const next = async (change: () => void): Promise<(typeof results)[number]> => {
      const ended = new Promise<void>((resolve) => (heard = resolve))
      change()
      await ended
      return results.at(-1)!
    }
    const first = await next(() => {})
    expect(first).toEqual({ error: '', images: [expect.stringMatching(/^hero-\w{8}\.png$/)] })
    const picture = await makePng({ seed: 2 })
    const second = await next(() => writeFileSync(project.path('src/hero.png'), picture))
    expect(second.error).toBe('')
    expect(second.images).not.toEqual(first.images)
    expect(emulator.tasks).toHaveLength(2)

    const bad = await next(() => project.write('src/main.js', "import './hero.png?magnific=9x'"))
    expect(bad.error).toContain('got "9x"')
    expect(bad.error).toContain(project.path('src/main.js'))
    const good = await next(() => project.write('src/main.js', "import './hero.png?magnific=2x'"))
    expect(good).toEqual(second)
  })
})
