import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Options } from '../../src/index.ts'
import { startEmulator } from '../helpers/emulator.ts'
import { createEnds } from '../helpers/ends.ts'
import { heroProject, optionsFor } from '../helpers/hero.ts'
import type { OnEnd, Project } from '../helpers/project.ts'
import { openUpscaler } from '../helpers/upscalers.ts'

const ways = ['url', 'function with an adapter', 'keyv', 'function that never resolves'] as const
const script = fileURLToPath(new URL('../helpers/hanging-child.js', import.meta.url))
/** ms. Nothing here takes so long; what never ends takes longer. */
const generous = 30_000

/** A server that takes connections and says nothing. */
async function startSilence(onEnd: OnEnd): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}))
    socket.resume()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onEnd(async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  })
  return (server.address() as AddressInfo).port
}

/** Builds in a process of its own. @returns how it ended by itself; nothing of that where it did not */
async function build(
  { dir }: Project,
  options: Options,
  way: string,
  port: number,
): Promise<{ code: unknown; signal: unknown; output: string }> {
  const child = spawn(process.execPath, [script, dir, JSON.stringify(options), way, String(port)], {
    env: { PATH: process.env['PATH'], NODE_ENV: 'production' },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: generous,
    killSignal: 'SIGKILL',
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => (output += String(chunk)))
  }
  const [code, signal] = (await once(child, 'close')) as unknown[]
  return { code, signal, output }
}

describe('a shared cache that hangs', () => {
  const { onEnd, end } = createEnds()
  let port = 0
  beforeAll(async () => {
    port = await startSilence(onEnd)
  })
  afterAll(end)
  const cache = { timeout: 200 }
  const ended = { code: 0, signal: null, output: expect.stringContaining('built\n') as string }

  it.concurrent.each(ways)('lets a build with previews end, and its process: %s', async (way) => {
    const project = await heroProject('./hero.png?magnific=2x')
    const built = await build(project, { onMiss: 'preview', cache }, way, port)
    expect(built).toEqual(ended)
    expect(built.output).toContain('no answer within 200 ms')
    expect(project.list('dist').some((file) => file.endsWith('.png'))).toBe(true)
  })

  it.each([
    ['and its variants', []],
    ['but no variant', ['variants']],
  ])('is not asked where everything is here %s', async (_, gone) => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    const dir = project.path('.magnific')
    const seller = openUpscaler(project, { ...optionsFor(emulator), cache: { dir } })
    await seller.get('src/hero.png')
    await seller.end()
    for (const name of gone) rmSync(project.path('.magnific/v1', name), { recursive: true })
    const options = { baseUrl: emulator.url, cache: { ...cache, dir } }
    const builds = ['url', 'keyv'].map(async (way) => build(project, options, way, port))
    for (const built of await Promise.all(builds)) {
      expect(built).toEqual(ended)
      expect(built.output).not.toContain('cannot be used')
      expect(built.output).toContain('nothing paid')
    }
  })
})
