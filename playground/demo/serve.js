import { fileURLToPath } from 'node:url'
import { createServer } from 'vite'
import { emulate } from './emulate.js'

// Serves the demo with Vite, against the API's emulator on this machine, until it is stopped with Ctrl-C. Nothing is bought
// but what is asked for in the inspector, whose address stands below.

await emulate({ latency: 3000 })
const server = await createServer({
  configFile: fileURLToPath(new URL('vite.config.js', import.meta.url)),
  base: '/',
})
await server.listen()
server.printUrls()
