// Builds a project with Rollup and a shared cache that hangs, and has to end by itself.
// Usage: node hanging-child.js <project folder> <options as JSON> <way> <port of a server that never answers>
import { join } from 'node:path'
import KeyvRedis from '@keyv/redis'
import { Keyv } from 'keyv'

const [folder, json, way, port] = process.argv.slice(2)
const url = `redis://127.0.0.1:${port}`
const remotes = {
  url: () => url,
  'function with an adapter': () => () => new KeyvRedis(url),
  keyv: () => new Keyv(new KeyvRedis(url)),
  'function that never resolves': () => async () => new Promise(() => {}),
}
const options = JSON.parse(json)
options.cache = { ...options.cache, remote: remotes[way]() }
const [{ rollup }, { default: magnific }] = await Promise.all([
  import('rollup'),
  import('unplugin-magnific/rollup'),
])
process.chdir(folder)
const bundle = await rollup({ input: join(folder, 'src/main.js'), plugins: [magnific(options)] })
await bundle.write({ dir: join(folder, 'dist') })
await bundle.close()
console.log('built')
