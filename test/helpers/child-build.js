// Builds a project in a process of its own, so that it can be killed and its modules counted.
// Usage: node child-build.js <host> <project folder> <options as JSON>
import { join } from 'node:path'
import { promisify } from 'node:util'

const [host, folder, json] = process.argv.slice(2)
const options = JSON.parse(json)
const input = join(folder, 'src/main.js')
// Vite empties what it writes to, under the hands of whoever writes there too.
const outDir = join(folder, 'dist', host)

const builds = {
  vite: async () => {
    const [{ build }, { default: magnific }] = await Promise.all([
      import('vite'),
      import('unplugin-magnific/vite'),
    ])
    await build({
      root: folder,
      configFile: false,
      build: { outDir, rollupOptions: { input } },
      plugins: [magnific(options)],
    })
  },
  rollup: async () => {
    const [{ rollup }, { default: magnific }] = await Promise.all([
      import('rollup'),
      import('unplugin-magnific/rollup'),
    ])
    process.chdir(folder)
    const bundle = await rollup({ input, plugins: [magnific(options)] })
    await bundle.write({ dir: outDir })
    await bundle.close()
  },
  webpack: async () => {
    const [{ default: webpack }, { default: magnific }] = await Promise.all([
      import('webpack'),
      import('unplugin-magnific/webpack'),
    ])
    const compiler = webpack({
      mode: 'production',
      context: folder,
      entry: input,
      output: { path: outDir },
      plugins: [magnific(options)],
    })
    const stats = await promisify(compiler.run.bind(compiler))()
    await promisify(compiler.close.bind(compiler))()
    if (stats.hasErrors()) throw new Error(stats.toString('errors-only'))
  },
  esbuild: async () => {
    const [{ build }, { default: magnific }] = await Promise.all([
      import('esbuild'),
      import('unplugin-magnific/esbuild'),
    ])
    await build({
      absWorkingDir: folder,
      entryPoints: [input],
      bundle: true,
      format: 'esm',
      outdir: outDir,
      plugins: [magnific(options)],
    })
  },
}

await builds[host]()
