// One build, as a user's own script would make it. A project without `.magnific` is built without the plugin, and without
// loading it. Usage: node run-build.js <vite|imagetools|webpack|rollup> <project folder> [options as JSON]
import './report-peak.js'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const [host, folder, options = '{}'] = process.argv.slice(2)
const input = join(folder, 'src/main.js')
const loadPlugin = async () =>
  existsSync(join(folder, '.magnific'))
    ? [(await import(`unplugin-magnific/${host}`)).default(JSON.parse(options))]
    : []

const builds = {
  vite: async () => {
    const { build } = await import('vite')
    await build({
      root: folder,
      configFile: false,
      logLevel: 'silent',
      build: { rollupOptions: { input }, reportCompressedSize: false, assetsInlineLimit: 0 },
      plugins: await loadPlugin(),
    })
  },
  imagetools: async () => {
    const [{ build }, { imagetools }] = await Promise.all([
      import('vite'),
      import('vite-imagetools'),
    ])
    await build({
      root: folder,
      configFile: false,
      logLevel: 'silent',
      build: { rollupOptions: { input }, reportCompressedSize: false, assetsInlineLimit: 0 },
      plugins: [imagetools({ cache: { dir: join(folder, 'cache') } })],
    })
  },
  webpack: async () => {
    const { default: webpack } = await import('webpack')
    const compiler = webpack({
      mode: 'production',
      context: folder,
      entry: input,
      output: { path: join(folder, 'dist') },
      module: { rules: [{ test: /\.png$/, type: 'asset/resource' }] },
      infrastructureLogging: { level: 'none' },
      performance: { hints: false },
      plugins: await loadPlugin(),
    })
    const stats = await promisify(compiler.run.bind(compiler))()
    await promisify(compiler.close.bind(compiler))()
    if (stats.hasErrors()) throw new Error(stats.toString('errors-only'))
  },
  rollup: async () => {
    process.chdir(folder)
    const [{ rollup }, { default: url }] = await Promise.all([
      import('rollup'),
      import('@rollup/plugin-url'),
    ])
    const plugins = [...(await loadPlugin()), url({ limit: 0 })]
    const bundle = await rollup({ input, plugins })
    await bundle.write({ dir: join(folder, 'dist') })
    await bundle.close()
  },
}

await builds[host]()
