import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { promisify } from 'node:util'
import { rspack } from '@rspack/core'
import magnificRspack from 'unplugin-magnific/rspack'
import magnific from 'unplugin-magnific/webpack'
import { describe, expect, it, onTestFinished } from 'vitest'
import webpack from 'webpack'
import type { Compiler, Configuration } from 'webpack'
import { build } from '../helpers/build.ts'
import { postsTo, startEmulator } from '../helpers/emulator.ts'
import { heroProject, optionsFor, writeEntry } from '../helpers/hero.ts'
import { describeImage, makeJpeg } from '../helpers/images.ts'

const require = createRequire(import.meta.url)
/** What works with webpack's rules and loaders. */
const loaderHosts = ['webpack', 'rspack'] as const
const images = /\.(?:png|jpg)$/

/** The ways in which people tell webpack what an image is, and how the picture comes out of each. */
const rules: {
  title: string
  config: Configuration
  read: (built: { code: string; assets: Map<string, Buffer> }) => Buffer | undefined
}[] = [
  { title: 'no rule at all', config: {}, read: ({ assets }) => [...assets.values()][0] },
  {
    title: 'asset/resource',
    config: { module: { rules: [{ test: images, type: 'asset/resource' }] } },
    read: ({ assets }) => [...assets.values()][0],
  },
  {
    title: 'asset, above its size limit',
    config: { module: { rules: [{ test: images, type: 'asset' }] } },
    read: ({ assets }) => [...assets.values()][0],
  },
  {
    title: 'asset, below its size limit',
    config: {
      module: {
        rules: [
          { test: images, type: 'asset', parser: { dataUrlCondition: { maxSize: 1_000_000 } } },
        ],
      },
    },
    read: ({ code }) => readDataUri(code),
  },
  {
    title: 'asset/inline',
    config: { module: { rules: [{ test: images, type: 'asset/inline' }] } },
    read: ({ code }) => readDataUri(code),
  },
  {
    title: 'oneOf, as in create-react-app',
    config: {
      module: {
        rules: [
          {
            oneOf: [
              { test: images, type: 'asset/resource' },
              { exclude: /\.js$/, type: 'asset/source' },
            ],
          },
        ],
      },
    },
    read: ({ assets }) => [...assets.values()][0],
  },
  {
    title: 'file-loader',
    config: {
      module: {
        rules: [
          {
            test: images,
            type: 'javascript/auto',
            loader: require.resolve('file-loader'),
            options: { name: '[name]-[contenthash:8].[ext]' },
          },
        ],
      },
    },
    read: ({ assets }) => [...assets.values()][0],
  },
  {
    title: 'file-loader, with no type said',
    config: {
      module: {
        rules: [
          {
            test: images,
            use: [{ loader: require.resolve('file-loader'), options: { name: '[name].[ext]' } }],
          },
        ],
      },
    },
    read: ({ assets }) => [...assets.values()][0],
  },
]

function readDataUri(code: string): Buffer {
  const [, base64 = ''] = /data:image\/(?:png|jpeg);base64,([\w+/=]+)/.exec(code) ?? []
  return Buffer.from(base64, 'base64')
}

describe.each(loaderHosts)('%s', (host) => {
  const compile = host === 'webpack' ? webpack : (rspack as unknown as typeof webpack)
  const plugin = host === 'webpack' ? magnific : (magnificRspack as unknown as typeof magnific)
  /** The cache on the disk, as each of them spells it. */
  const cacheIn = (directory: string): Configuration => ({
    cache: (host === 'webpack'
      ? { type: 'filesystem', cacheDirectory: directory }
      : {
          type: 'persistent',
          storage: { type: 'filesystem', directory },
        }) as Configuration['cache'] & object,
  })

  it.each(rules)('ships the upscaled image with $title', async ({ config, read }) => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    const built = await build(host, project, {
      options: optionsFor(emulator),
      [host]: config,
    })
    expect(built.error).toBeUndefined()
    expect(await describeImage(read(built)!)).toEqual({ format: 'png', width: 120, height: 80 })
    expect(built.assets.size).toBeLessThanOrEqual(1)
    for (const name of built.assets.keys()) expect(name).toMatch(/^hero.*\.png$/)
    expect(emulator.tasks).toHaveLength(1)
  })

  it('ships a JPEG under a JPEG name, in a data URI too', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./photo.jpg?magnific=2x')
    project.write('src/photo.jpg', await makeJpeg())
    const { code } = await build(host, project, {
      options: optionsFor(emulator),
      [host]: { module: { rules: [{ test: images, type: 'asset/inline' }] } },
    })
    expect(code).toContain('data:image/jpeg;base64,')
    expect((await describeImage(readDataUri(code))).format).toBe('jpeg')
  })

  // Rspack does not say what the loader makes of it: see its own tests.
  it.runIf(host === 'webpack')(
    'leaves a picture to the loader that its request names',
    async () => {
      const emulator = await startEmulator()
      const loader = require.resolve('file-loader')
      const project = await heroProject(`${loader}?name=[name].[ext]!./hero.png?magnific=2x`)
      const { code, assets, error } = await build(host, project, {
        options: optionsFor(emulator),
      })
      expect(error).toBeUndefined()
      expect([...assets.keys()]).toEqual(['hero.png'])
      expect(await describeImage(assets.get('hero.png')!)).toMatchObject({ width: 120 })
      expect(code).toContain('"hero.png"')
    },
  )

  it('leaves plain imports of the same picture alone', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png', './hero.png?magnific=2x')
    const { assets } = await build(host, project, {
      options: optionsFor(emulator),
      [host]: { module: { rules: [{ test: images, type: 'asset/resource' }] } },
    })
    const widths = await Promise.all(
      [...assets.values()].map(async (bytes) => (await describeImage(bytes)).width),
    )
    expect(widths.toSorted((a, b) => a - b)).toEqual([60, 120])
  })

  it('inlines ?inline and emits the rest, where no rule says otherwise', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x&inline')
    const { code, assets } = await build(host, project, { options: optionsFor(emulator) })
    expect(assets.size).toBe(0)
    expect(await describeImage(readDataUri(code))).toMatchObject({ width: 120 })
  })

  it("keeps the query out of public URLs under webpack's own default name", async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x&prompt=our%20secret%20words')
    const { code, assets } = await build(host, project, {
      options: optionsFor(emulator),
      [host]: { output: { assetModuleFilename: '[hash][ext][query]' } },
    })
    expect([...assets.keys()]).toEqual([expect.stringMatching(/^[\da-f]+\.png$/)])
    expect(code).not.toContain('secret')
    expect(code).not.toContain('magnific=')
  })

  it('upscales new URL(), url() through css-loader and src through html-loader', async () => {
    const emulator = await startEmulator()
    const project = await heroProject()
    project.write(
      'src/main.js',
      `import css from './style.css'
       import html from './part.html'
       console.log(css.toString(), html, new URL('./hero.png?magnific=2x&hdr=1', import.meta.url))`,
    )
    project.write(
      'src/style.css',
      '.a { background: url(./hero.png?magnific=2x&hdr=2) } .b { background: image-set("./hero.png?magnific=2x&hdr=3" 2x) }',
    )
    project.write('src/part.html', '<img src="./hero.png?magnific=2x&hdr=4">')
    const { error, assets } = await build(host, project, {
      options: optionsFor(emulator),
      [host]: {
        module: {
          rules: [
            { test: /\.css$/, loader: require.resolve('css-loader') },
            { test: /\.html$/, loader: require.resolve('html-loader') },
          ],
        },
      },
    })
    expect(error).toBeUndefined()
    expect(new Set(emulator.tasks.map(({ params }) => params['hdr']))).toEqual(
      new Set([1, 2, 3, 4]),
    )
    expect(emulator.tasks).toHaveLength(4)
    for (const bytes of assets.values()) expect((await describeImage(bytes)).width).toBe(120)
  })

  it.each([
    ['./photo.jpg?magnific=4x!=!./hero.png?magnific=2x', 'gives the image another name'],
    ['./photo.jpg?magnific=4x!=!./hero.png', 'gives the image another name'],
    ['./hero.png#f?magnific=2x', 'has its query behind a "#"'],
  ])('refuses %s', async (specifier, says) => {
    const emulator = await startEmulator()
    const project = await heroProject(specifier)
    const { error } = await build(host, project, { options: optionsFor(emulator) })
    expect(error).toContain(says)
    expect(emulator.calls).toHaveLength(0)
  })

  it.each(['!!', '-!'])('refuses a request whose %s switches the loader off', async (prefix) => {
    const emulator = await startEmulator()
    const fileLoader = require.resolve('file-loader')
    const project = await heroProject(`${prefix}${fileLoader}!./hero.png?magnific=2x`)
    const { error } = await build(host, project, { options: optionsFor(emulator) })
    expect(error).toContain('switches off the loader that upscales')
    expect(error).toContain(project.path('src/hero.png'))
    expect(error).toContain(project.path('src/main.js'))
  })

  it('refuses a rule with raw-loader, which makes a text of the image', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    const raw = 'node_modules/raw-loader/dist/cjs.js'
    project.write(raw, "module.exports = (text) => 'export default ' + JSON.stringify(text)")
    const { error } = await build(host, project, {
      options: optionsFor(emulator),
      [host]: { module: { rules: [{ test: images, use: project.path(raw) }] } },
    })
    expect(error).toContain('hands the image to raw-loader, which would not ship it')
    expect(error).toContain(project.path('src/main.js'))
    expect(postsTo(emulator)).toBe(0)
  })

  it('says how a "#" in a name is written', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./a#b.png?magnific=2x')
    project.write('src/a#b.png', project.read('src/hero.png'))
    const { error } = await build(host, project, { options: optionsFor(emulator) })
    expect(error).toContain("Can't resolve './a#b.png?magnific=2x'")
    expect(error).toContain('Write \\0# for a "#" in a name')
  })

  it('refuses what a plugin for pages leaves as it is', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    const pages = {
      apply(compiler: Compiler) {
        compiler.hooks.thisCompilation.tap('pages', (compilation) => {
          const { RawSource } = compiler.webpack.sources
          const page = new RawSource('<img src="./hero.png?magnific=4x"><p title="?magnific=2x">')
          compilation.hooks.processAssets.tap('pages', () =>
            compilation.emitAsset('index.html', page),
          )
        })
      },
    }
    const { error } = await build(host, project, {
      options: optionsFor(emulator),
      [host]: { plugins: [pages] },
    })
    expect(error).toContain('"./hero.png?magnific=4x" stands in index.html as it was written')
    expect(error).toContain('such as html-loader')
    expect(error?.match(/as it was written/g)).toHaveLength(1)
  })

  it.each(['commonjs', 'module'] as const)('refuses an external reference: %s', async (type) => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    const { error } = await build(host, project, {
      options: optionsFor(emulator),
      [host]: { externals: [/\.png/], externalsType: type },
    })
    expect(error).toContain('is external, so that it is not part of the build')
    expect(emulator.calls).toHaveLength(0)
  })

  it("asks again when a preset has changed, and when a preview can be replaced, whatever webpack's own cache holds", async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=hero')
    const run = async (hdr: number, onMiss: 'upscale' | 'preview'): Promise<string | undefined> => {
      const { error } = await build(host, project, {
        options: { ...optionsFor(emulator), onMiss, presets: { hero: { hdr } } },
        [host]: cacheIn(project.path('host-cache')),
      })
      return error
    }
    expect(await run(1, 'preview')).toBeUndefined()
    expect(emulator.tasks).toHaveLength(0)
    expect(await run(1, 'upscale')).toBeUndefined()
    expect(await run(1, 'upscale')).toBeUndefined()
    expect(emulator.tasks).toHaveLength(1)
    expect(await run(2, 'upscale')).toBeUndefined()
    expect(emulator.tasks.map(({ params }) => params['hdr'])).toEqual([1, 2])
  })

  it('replaces a preview of its own cache under the same options, once the result is there', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    const settings = (onMiss: 'preview' | 'upscale'): Parameters<typeof build>[2] => ({
      options: { ...optionsFor(emulator), onMiss },
      [host]: cacheIn(project.path('host-cache')),
    })
    const preview = await build(host, project, settings('preview'))
    expect(preview.log).toContain('1 preview')
    await build('vite8', project, { options: optionsFor(emulator) })
    const cached = await build(host, project, settings('preview'))
    expect(cached.log).toContain('1 cached')
  })

  it('asks once for several compilers that run side by side', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    const config = (name: string): Configuration => ({
      name,
      mode: 'production',
      context: project.dir,
      entry: project.path('src/main.js'),
      output: { path: project.path('dist', name) },
      infrastructureLogging: { level: 'none' },
      plugins: [plugin(optionsFor(emulator))],
    })
    const compiler = compile([config('client'), config('server')])
    const stats = await promisify(compiler.run.bind(compiler))()
    await promisify(compiler.close.bind(compiler))()
    expect(stats?.toString('errors-only')).toBe('')
    expect(emulator.tasks).toHaveLength(1)
  })

  it('refuses two of itself with other options, and takes two with the same ones for one', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=hero')
    const options = { ...optionsFor(emulator), presets: { hero: { magnific: '2x' as const } } }
    const run = async (other: typeof options): Promise<string | undefined> => {
      const { error } = await build(host, project, {
        options,
        [host]: { plugins: [plugin(other)] },
      })
      return error
    }
    const others = { ...options, presets: { hero: { magnific: '4x' as const } } }
    expect(await run(others as unknown as typeof options)).toContain(
      'The plugin is in `plugins` more than once, with other options',
    )
    expect(emulator.calls).toHaveLength(0)
    expect(await run({ ...options })).toBeUndefined()
    expect(emulator.tasks).toHaveLength(1)
  })

  it('never spends while it watches', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    const compiler = compile({
      mode: 'production',
      context: project.dir,
      entry: project.path('src/main.js'),
      output: { path: project.path('dist'), assetModuleFilename: '[name][ext]' },
      infrastructureLogging: { level: 'none' },
      plugins: [plugin(optionsFor(emulator))],
    })
    const built = new Promise<string>((resolve, reject) => {
      const watching = compiler.watch({}, (error, stats) =>
        error ? reject(error) : resolve(stats?.toString('errors-only') ?? ''),
      )
      onTestFinished(async () => promisify(watching!.close.bind(watching))())
    })
    expect(await built).toBe('')
    expect(await describeImage(readFileSync(project.path('dist/hero.png')))).toMatchObject({
      width: 120,
    })
    expect(emulator.calls).toHaveLength(0)
  })

  it('tells which of several importers asked for a picture that is refused', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    writeEntry(project, './deep/other.js')
    project.write('src/deep/other.js', "export { default } from '../hero.png?magnific=9x'")
    const { error } = await build(host, project, { options: optionsFor(emulator) })
    expect(error).toContain(project.path('src/deep/other.js'))
  })
})
