import { createServer } from 'node:http'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import send from 'send'
import { start, stop } from './run-command.js'

/** ms */
const longestStart = 60_000

/**
 * Serves what an example has built.
 *
 * @param {string} project
 * @param {{ folder: string } | { script: string }} how a folder of files, or a script of the example's own that honours PORT
 * @param {{ env: NodeJS.ProcessEnv, signal: AbortSignal }} settings
 * @returns {Promise<{ url: string, close: () => Promise<void> }>}
 */
export async function serve(project, { folder, script }, { env, signal }) {
  if (folder !== undefined) return serveFolder(join(project, folder))
  const port = await findPort()
  const child = start('npm', ['run', '--silent', script], {
    cwd: project,
    env: { ...env, PORT: String(port), HOST: '127.0.0.1', NITRO_HOST: '127.0.0.1' },
    signal,
  })
  const closed = once(child, 'close')
  const close = async () => {
    stop(child)
    await closed
  }
  const deadline = Date.now() + longestStart
  while (!(await answers(port))) {
    if (child.exitCode === null && Date.now() < deadline) {
      await setTimeout(200)
      continue
    }
    await close()
    throw new Error(`\`npm run ${script}\` does not listen on ${port}:\n${child.output()}`)
  }
  return { url: `http://127.0.0.1:${port}`, close }
}

async function serveFolder(root) {
  const server = createServer((request, response) => {
    send(request, new URL(request.url, 'http://a').pathname, { root, extensions: ['html'] })
      .on('error', ({ status }) => response.writeHead(status).end())
      .pipe(response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function findPort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

async function answers(port) {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
