import { inspect } from 'node:util'
import KeyvRedis from '@keyv/redis'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { RemoteError } from '../../../src/store/remote/errors.ts'
import { createRemote } from '../../../src/store/remote/remote.ts'
import type { Remote, RemoteSettings } from '../../../src/store/remote/remote.ts'
import { createEnds } from '../../helpers/ends.ts'
import { errorOf } from '../../helpers/errors.ts'
import type { OnEnd } from '../../helpers/project.ts'
import { redisPath, startRedis, warnWithoutRedis } from '../../helpers/redis-server.ts'
import type { RedisServer } from '../../helpers/redis-server.ts'
import { startProxy } from '../../helpers/tcp-proxy.ts'

warnWithoutRedis()

/** Long beside what a machine that is busy takes for a step of its own. */
const timeout = 400

function open(
  remote: RemoteSettings['remote'],
  settings: Partial<RemoteSettings> = {},
  onEnd: OnEnd = onTestFinished,
): Remote {
  const root = process.cwd()
  const opened = createRemote({
    remote,
    readOnly: false,
    timeout,
    root,
    name: 'cache.remote',
    warn: () => {},
    ...settings,
  })
  onEnd(async () => opened.rest())
  return opened
}

/** Has this process do nothing else for so long, ms, as a compiler does. */
function block(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}

describe.skipIf(redisPath === undefined)('a store that answers slowly', () => {
  const { onEnd, end } = createEnds()
  const keys = Array.from({ length: 24 }, (_, index) => `v1/blobs/${index}`)
  const piece = 'x'.repeat(100_000)
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis(onEnd)
    const remote = open(server.url, {}, onEnd)
    await Promise.all(keys.map(async (key) => remote.writePiece(key, piece)))
  })
  afterAll(end)

  it('is not taken for dead while it answers, however much is asked of it at once', async () => {
    const proxy = await startProxy(server.port)
    const remote = open(`redis://127.0.0.1:${proxy.port}`)
    await remote.readPiece('v1/none')
    // All of it takes three times as long as one value may, and each a small part of that.
    proxy.setRate((keys.length * piece.length) / (3 * timeout))
    const read = await Promise.all(keys.map(async (key) => remote.readPiece(key)))
    expect(read.every((each) => each === piece)).toBe(true)
  })

  it('is not taken for dead by a process that was busy with something else', async () => {
    const remote = open(server.url)
    await remote.readPiece('v1/none')
    const read = Promise.all(keys.map(async (key) => remote.readPiece(key)))
    // They are asked for by then, and have not all been answered.
    await new Promise(setImmediate)
    block(timeout * 2)
    expect((await read).every((each) => each === piece)).toBe(true)
  })

  it('is taken for dead where it answers nobody', async () => {
    const proxy = await startProxy(server.port)
    const remote = open(`redis://127.0.0.1:${proxy.port}`)
    await remote.readPiece('v1/none')
    proxy.hang()
    const errors = await Promise.all(
      keys.map(async (key) => errorOf(async () => remote.readPiece(key))),
    )
    for (const error of errors) expect(error).toBeInstanceOf(RemoteError)
    expect(errors[0]?.message).toContain(`no answer within ${timeout} ms`)
  })
})

it('a call that is passed over for ever ends, though the store answers others', async () => {
  const stuck = new Promise<string>(() => {})
  const store = new Map<string, string>()
  const get = async (key: string): Promise<unknown> =>
    key.endsWith('stuck') ? stuck : store.get(key)
  const remote = open({ get, set: () => true, delete: () => true }, { timeout: 10 })
  const state = { isOver: false }
  const call = errorOf(async () => remote.readPiece('v1/stuck')).finally(
    () => (state.isOver = true),
  )
  while (!state.isOver) {
    await remote.readPiece('v1/other')
    await new Promise(setImmediate)
  }
  expect((await call).message).toContain('no answer within 160 ms')
})

describe('what a store says of its failure', () => {
  const url = 'redis://somebody:the-password@cache.example:99999999'

  it.each<[string, () => unknown]>([
    ['in its text', () => new Error(`Cannot reach ${url}`)],
    ['beside its text', () => Object.assign(new Error('Invalid URL'), { input: url })],
    ['as a text', () => `no such host: ${url}`],
    ['as what made a client throw', () => new KeyvRedis(url)],
  ])('shows no password: %s', async (_, fail) => {
    const warnings: string[] = []
    const remote = open(
      () => {
        throw fail()
      },
      { warn: (message) => void warnings.push(message) },
    )
    const error = await errorOf(async () => remote.readPiece('v1/any'))
    expect(error).toBeInstanceOf(RemoteError)
    expect(warnings).toHaveLength(1)
    // As Node shows what nobody catches.
    expect(inspect(error) + warnings.join('\n')).not.toContain('the-password')
  })

  it.each([undefined, null, ''])('is told where it is nothing: %s', async (nothing) => {
    const get = async (): Promise<never> => {
      throw nothing as unknown
    }
    const remote = open({ get, set: () => true, delete: () => true })
    const error = await errorOf(async () => remote.readPiece('v1/any'))
    expect(error).toBeInstanceOf(RemoteError)
    expect(error.message).toContain('it failed without a word')
  })
})
