// A process with a Vite of its own, which does what it is told by messages. VITE_VERSION says which Vite.
import { register } from 'node:module'

register('./vite-version-hooks.js', import.meta.url)
const vite = await import('vite')

const warnings = []
const note = (message) => void warnings.push(message)
const customLogger = {
  info: () => {},
  warn: note,
  warnOnce: note,
  error: note,
  clearScreen: () => {},
  hasErrorLogged: () => false,
  hasWarned: false,
}

const readConfig = async ({ module, settings }) => {
  const { default: createConfig } = await import(module)
  return { configFile: false, customLogger, ...createConfig(settings) }
}

const servers = new Map()
const keep = (server) => {
  const [url] = server.resolvedUrls.local
  servers.set(url, server)
  return url
}

/** What a message may ask for; the answer is what it returns. */
const commands = {
  version: () => vite.version,
  build: async (config) => {
    await vite.build(await readConfig(config))
  },
  preview: async (config) => keep(await vite.preview(await readConfig(config))),
  serve: async (config) => {
    const server = await vite.createServer(await readConfig(config))
    return keep(await server.listen())
  },
  stop: async (url) => {
    await servers.get(url).close()
    servers.delete(url)
  },
  call: async (module, name) => {
    const exports = await import(module)
    return exports[name]()
  },
  warnings: () => warnings.splice(0),
}

process.on('message', async ({ id, command, args }) => {
  try {
    process.send({ id, result: await commands[command](...args) })
  } catch (error) {
    process.send({ id, error: `${error.message}\n${error.stack}` })
  }
})
// Whoever started it is gone.
process.on('disconnect', () => process.exit())
process.send({ id: 0 })
