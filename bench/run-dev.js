// One dev server of Vite's, as a user's own script would start it. A project without `.magnific` is served without the
// plugin, and without loading it. Forked with <serve|ssr> <project folder>; it says over IPC at which URL it is, or how
// long it took to load the module of a server, ms, and ends when its parent lets go of it.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createServer } from 'vite'

const [command, folder] = process.argv.slice(2)
const plugins = existsSync(join(folder, '.magnific'))
  ? [(await import('unplugin-magnific/vite')).default()]
  : []
const server = await createServer({
  root: folder,
  configFile: false,
  logLevel: 'silent',
  server: {
    host: '127.0.0.1',
    port: 0,
    ...(command === 'ssr' && { middlewareMode: true, ws: false }),
  },
  ...(command === 'ssr' && { appType: 'custom' }),
  plugins,
})
process.once('disconnect', () => process.exit())

if (command === 'ssr') {
  const startedAt = performance.now()
  await server.ssrLoadModule('/src/main.js')
  process.send(performance.now() - startedAt)
} else {
  await server.listen()
  process.send(`http://127.0.0.1:${server.httpServer.address().port}/`)
}
