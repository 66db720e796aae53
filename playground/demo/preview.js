import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { preview } from 'vite'

// Serves the pages that `npm run demo` has built, until it is stopped with Ctrl-C.

const root = fileURLToPath(new URL('./', import.meta.url))
const hosts = ['vite', 'webpack', 'rollup'].filter((host) => existsSync(`${root}dist/${host}`))
if (hosts.length === 0) {
  console.error('There are no pages yet. Run `npm run demo` first.')
  process.exit(1)
}
const server = await preview({ root, configFile: false, build: { outDir: 'dist' }, appType: 'mpa' })
const [url] = server.resolvedUrls.local
for (const host of hosts) console.log(`${url}${host}/`)
