// Builds a project with Rollup as another machine would: with a host name of its own, $MACHINE. `cache.remote` may be an object
// for remotes-in-code.js in place of a URL. Usage: node sharing-child.js <project folder> <options as JSON>
import { syncBuiltinESMExports } from 'node:module'
import os from 'node:os'
import { join } from 'node:path'

os.hostname = () => process.env.MACHINE
syncBuiltinESMExports()

const [folder, json] = process.argv.slice(2)
const options = JSON.parse(json)
if (typeof options.cache?.remote === 'object') {
  const { openInCode } = await import('./remotes-in-code.js')
  Object.assign(options.cache, openInCode(options.cache.remote))
}
const [{ rollup }, { default: magnific }] = await Promise.all([
  import('rollup'),
  import('unplugin-magnific/rollup'),
])
process.chdir(folder)
const bundle = await rollup({ input: join(folder, 'src/main.js'), plugins: [magnific(options)] })
await bundle.write({ dir: join(folder, 'dist') })
await bundle.close()
