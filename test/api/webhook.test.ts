import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as fc from 'fast-check'
import { Webhook } from 'standardwebhooks'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createClient } from '../../src/api/client.ts'
import { createWebhookListener } from '../../src/api/webhook.ts'
import type { WebhookListener, WebhookListenerOptions } from '../../src/api/webhook.ts'
import { systemClock } from '../../src/core/clock.ts'
import type { ResolvedWebhook } from '../../src/core/options.ts'
import type { Emulator, EmulatorOptions } from '../../src/emulator/index.ts'
import { bodyOf } from '../helpers/bodies.ts'
import { canary, expectNoKey } from '../helpers/canary.ts'
import { simulateClock } from '../helpers/clock.ts'
import { startEmulator } from '../helpers/emulator.ts'
import { makePng } from '../helpers/images.ts'
import { tmpProject } from '../helpers/project.ts'
import { connectRaw, renderRawRequest, sendRaw } from '../helpers/raw-http.ts'
import type { RawConnection } from '../helpers/raw-http.ts'
import { failLookups, startHttpServer } from '../helpers/servers.ts'

const task = '046b6c7f-0b8a-43b9-b35d-6489e6daee91'
const completed = JSON.stringify({ task_id: task, status: 'COMPLETED', generated: [] })
const largest = 64 * 1024

interface Listening {
  listener: WebhookListener
  port: number
  /** Where it is called, from this machine. */
  url: string
  /** Tasks that calls were about, in order. Live. */
  hints: string[]
  /** Live. */
  warnings: string[]
}

type Settings = Partial<ResolvedWebhook> & Partial<Omit<WebhookListenerOptions, 'webhook' | 'warn'>>

function createListener({
  clock = systemClock,
  onHint,
  isOurs = () => false,
  ...webhook
}: Settings = {}): Omit<Listening, 'port' | 'url'> {
  const hints: string[] = []
  const warnings: string[] = []
  const listener = createWebhookListener({
    webhook: {
      url: 'https://hooks.example.com/magnific?token=1',
      port: 0,
      host: '127.0.0.1',
      secret: undefined,
      ...webhook,
    },
    clock,
    warn: (message) => warnings.push(message),
    onHint: (hinted) => {
      hints.push(hinted)
      return onHint?.(hinted) ?? true
    },
    isOurs,
  })
  return { listener, hints, warnings }
}

/** A listener on a free port, closed when the test ends. */
async function startListener(settings: Settings = {}): Promise<Listening> {
  const created = createListener(settings)
  expect(await created.listener.acquire()).toBe(true)
  onTestFinished(async () => created.listener.release())
  const { port = 0 } = created.listener
  return { ...created, port, url: `http://127.0.0.1:${port}/magnific` }
}

/** The bytes of a call. */
function renderCall(port: number, body: string | Buffer, headers: Record<string, string> = {}) {
  const length = { 'content-length': String(Buffer.byteLength(body)) }
  const target = '/magnific'
  const head = renderRawRequest(port, {
    method: 'POST',
    target,
    headers: { ...length, ...headers },
  })
  return Buffer.concat([head, Buffer.from(body)])
}

/** What is answered to a call. */
async function call(
  port: number,
  body: string | Buffer = completed,
  headers: Record<string, string> = {},
): Promise<number> {
  const connection = connect(port)
  connection.write(renderCall(port, body, headers))
  return (await connection.read()).status
}

/** A connection that is gone when the test ends. */
function connect(port: number): RawConnection {
  const connection = connectRaw(port)
  onTestFinished(connection.close)
  return connection
}

function sign(secret: string, id: string, body: string, at = Date.now()): Record<string, string> {
  const oracle = new Webhook(Buffer.from(secret).toString('base64'))
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at / 1000)),
    'webhook-signature': oracle.sign(id, new Date(at), body),
  }
}

/** Pads a good call to a length. */
function padTo(bytes: number): string {
  return completed.padEnd(bytes, ' ')
}

describe('a call', () => {
  it.each<[string, unknown]>([
    ['as the API sends it', { generated: [], task_id: task, status: 'COMPLETED' }],
    ['in the older shape', { task_id: task, task_status: 'COMPLETED' }],
    ['within data', { data: { task_id: task, status: 'COMPLETED', generated: ['https://a/b'] } }],
    ['in the older shape within data', { data: { task_id: task, task_status: 'FAILED' } }],
    ['of an unknown status', { task_id: task, status: 'WARMING_UP', more: [1] }],
    ['of no status', { task_id: task }],
  ])('%s names its task', async (_, body) => {
    const { port, hints } = await startListener()
    expect(await call(port, JSON.stringify(body))).toBe(200)
    expect(hints).toEqual([task])
  })

  it.each<[string, unknown]>([
    ['CREATED', { task_id: task, status: 'CREATED', generated: [] }],
    ['IN_PROGRESS', { data: { task_id: task, status: 'IN_PROGRESS' } }],
    ['IN_PROGRESS in the older shape', { task_id: task, task_status: 'IN_PROGRESS' }],
  ])('of a task that is %s is no hint, and shows that calls come in', async (_, body) => {
    const { listener, port, hints } = await startListener({ isOurs: (named) => named === task })
    expect(await call(port, '{"task_id":"of-another-build","status":"CREATED"}')).toBe(200)
    expect(listener.isWorking()).toBe(false)
    expect(await call(port, JSON.stringify(body))).toBe(200)
    expect(listener.isWorking()).toBe(true)
    expect(await call(port)).toBe(200)
    expect(hints).toEqual([task])
  })

  it.each<[string, string | Buffer]>([
    ['nothing', ''],
    ['no JSON', 'task_id=1'],
    ['half of a call', completed.slice(0, -1)],
    ['a number', '5'],
    ['null', 'null'],
    ['a list', `[${completed}]`],
    ['no task', '{"status":"COMPLETED"}'],
    ['a task that is no text', '{"task_id":5}'],
    ['a task of no letters', '{"task_id":""}'],
    ['a task of two words', '{"task_id":"a b"}'],
    ['a task with a control character', '{"task_id":"a\\u001b[2J"}'],
    ['a task that is too long', JSON.stringify({ task_id: 'a'.repeat(201) })],
    ['bytes that are no UTF-8', Buffer.from('{"task_id":"a","error":"\xff"}', 'latin1')],
    ['brackets all the way down', '['.repeat(60_000)],
  ])('of %s is a bad request, and no hint', async (_, body) => {
    const { port, hints } = await startListener()
    expect(await call(port, body)).toBe(400)
    expect(hints).toEqual([])
  })

  it.each(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'PATCH', 'TRACE'])(
    'by %s is not allowed',
    async (method) => {
      const { port, hints } = await startListener()
      const answer = await sendRaw(port, { method, target: '/magnific', body: completed })
      expect(answer).toMatchObject({ status: 405, headers: { allow: 'POST', connection: 'close' } })
      expect(hints).toEqual([])
    },
  )

  it.each([
    ['/magnific', 200],
    ['/magnific?token=2', 200],
    ['/magnific#a', 200],
    ['/', 404],
    ['/magnific/', 404],
    ['/Magnific', 404],
    ['/magnific/../magnific', 404],
    ['//magnific', 404],
    ['/%6dagnific', 404],
    ['http://hooks.example.com/magnific', 404],
  ])('of the path %s is answered %i', async (target, status) => {
    const { port, hints } = await startListener()
    expect((await sendRaw(port, { method: 'POST', target, body: completed })).status).toBe(status)
    expect(hints).toHaveLength(status === 200 ? 1 : 0)
  })

  it.each([
    [largest, 200],
    [largest + 1, 413],
    [2 ** 40, 413],
  ])('that announces %i bytes is answered %i', async (bytes, status) => {
    const { port, hints } = await startListener()
    const connection = connect(port)
    // Where it is refused, before any of it has come.
    const body = status === 200 ? padTo(bytes) : ''
    connection.write(renderCall(port, body, { 'content-length': String(bytes) }))
    expect((await connection.read()).status).toBe(status)
    expect(hints).toHaveLength(status === 200 ? 1 : 0)
  })

  it.each([
    [largest, 200],
    [largest + 1, 413],
    [largest * 16, 413],
  ])('of %i bytes in chunks, without a length, is answered %i', async (bytes, status) => {
    const { port, hints } = await startListener()
    const body = padTo(bytes)
      .match(/[^]{1,4000}/g)
      ?.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`)
      .join('')
    const chunked = { 'transfer-encoding': 'chunked', 'content-length': '' }
    expect(await call(port, `${body}0\r\n\r\n`, chunked)).toBe(status)
    expect(hints).toHaveLength(status === 200 ? 1 : 0)
  })

  it('that lies about its length is no call', async () => {
    const { port, hints } = await startListener()
    for (const length of ['-1', '1e3', '0x10', '12,13']) {
      expect(await call(port, completed, { 'content-length': length })).toBe(400)
    }
    const both = { 'transfer-encoding': 'chunked', 'content-length': '5' }
    expect(await call(port, '0\r\n\r\n', both)).toBe(400)
    expect(hints).toEqual([])
  })

  it('is answered before anything follows from it, and its connection ends', async () => {
    const { port, hints } = await startListener()
    const connection = connect(port)
    const ended = once(connection.socket, 'close')
    connection.write(renderCall(port, completed, { connection: 'keep-alive' }))
    const answer = await connection.read()
    expect(answer).toMatchObject({ status: 200, headers: { connection: 'close' } })
    await ended
    expect(hints).toEqual([task])
  })

  it('that breaks off is none', async () => {
    const { port, hints } = await startListener()
    const connection = connect(port)
    connection.write(renderCall(port, completed).subarray(0, -1))
    connection.socket.end()
    expect((await connection.read()).status).toBe(400)
    expect(await call(port)).toBe(200)
    expect(hints).toEqual([task])
  })

  it('of a body that nobody thought of harms nothing', async () => {
    const { port, hints } = await startListener({ onHint: () => false })
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.json(), fc.string({ unit: 'binary' }), fc.uint8Array({ maxLength: 2000 })),
        async (body) => {
          const before = hints.length
          const status = await call(port, typeof body === 'string' ? body : Buffer.from(body))
          expect([200, 400]).toContain(status)
          expect(hints).toHaveLength(before + (status === 200 ? 1 : 0))
        },
      ),
      { numRuns: 100 },
    )
    expect(await call(port)).toBe(200)
  })
})

describe('with a secret', () => {
  it('takes what standardwebhooks signs, and nothing else', async () => {
    const secret = 'sécret'
    const { port, hints } = await startListener({ secret, onHint: () => false })
    let taken = 0
    await fc.assert(
      fc.asyncProperty(
        fc.uuid(),
        fc.stringMatching(/^[\x21-\x7e]{1,200}$/),
        fc
          .integer({ min: -600, max: 600 })
          .filter((offset) => ![299, 300, 301].includes(Math.abs(offset))),
        fc.constantFrom('', 'body', 'id', 'secret', 'unsigned'),
        async (id, named, offset, spoilt) => {
          const body = JSON.stringify({ task_id: named, status: 'COMPLETED', note: '🦊' })
          const at = Date.now() + offset * 1000
          const headers = sign(spoilt === 'secret' ? 'wrong' : secret, id, body, at)
          if (spoilt === 'id') headers['webhook-id'] += '0'
          if (spoilt === 'unsigned') delete headers['webhook-signature']
          const isGood = spoilt === '' && Math.abs(offset) <= 300
          const sent = spoilt === 'body' ? `${body} ` : body
          expect(await call(port, sent, headers)).toBe(isGood ? 200 : 401)
          if (isGood) taken++
          expect(hints).toHaveLength(taken)
          if (isGood) expect(hints.at(-1)).toBe(named)
        },
      ),
      { numRuns: 300 },
    )
    expect(taken).toBeGreaterThan(10)
  })

  it('answers a replay as if it were new, and gives no hint', async () => {
    let now = Date.now()
    const clock = { ...systemClock, now: () => now }
    const { port, hints } = await startListener({ secret: 's', clock, onHint: () => false })
    const headers = sign('s', 'msg_1', completed, now)
    for (let times = 0; times < 3; times++) expect(await call(port, completed, headers)).toBe(200)
    expect(hints).toEqual([task])
    now += 302_000
    expect(await call(port, completed, headers)).toBe(401)
    expect(hints).toEqual([task])
  })

  it('verifies before it reads', async () => {
    const { port } = await startListener({ secret: 's' })
    expect(await call(port, 'no JSON')).toBe(401)
    expect(await call(port, 'no JSON', sign('s', 'a', 'no JSON'))).toBe(400)
    const bytes = Buffer.from('{"task_id":"a","error":"\xff"}', 'latin1')
    expect(await call(port, bytes, sign('s', 'b', bytes.toString('utf8')))).toBe(401)
  })

  it('shows it nowhere', async () => {
    const { port, listener, warnings } = await startListener({
      secret: canary,
      url: `https://a.example/magnific?${canary}`,
    })
    await call(port)
    for (let times = 0; times < 3; times++) listener.noteDone(false)
    const { listener: second, warnings: more } = createListener({
      secret: canary,
      port,
      url: `https://a.example/${canary}`,
    })
    await second.acquire()
    expect([warnings.length, more.length]).toEqual([1, 1])
    expectNoKey([warnings, more, listener, second])
  })
})

/** The API on this machine, with tasks whose changes are told to a listener. */
async function submitTo(
  { url }: Listening,
  options: EmulatorOptions = {},
  count = 1,
): Promise<Emulator> {
  const emulator = await startEmulator({ webhookRetries: 1, webhookRetryDelay: 1, ...options })
  const client = createClient({ baseUrl: emulator.url, apiKey: canary, webhookUrl: url })
  const image = bodyOf(await makePng())
  for (let times = 0; times < count; times++) {
    const answer = await client.submit({ image, params: {}, beforeLastByte: async () => {} })
    expect(answer.status).toBe(200)
  }
  return emulator
}

/** Waits until every call about the tasks was made, and gives what was answered. */
async function answersOf(emulator: Emulator, calls: number): Promise<unknown[]> {
  const over = (): typeof emulator.webhooks =>
    emulator.webhooks.filter(({ answered, error }) => answered ?? error)
  await emulator.until(() => over().length === calls)
  return over().map(({ answered, error }) => answered ?? error)
}

describe('the API', () => {
  it.each([
    ['no secret', undefined, undefined],
    ['no secret, and signatures', undefined, 'of somebody'],
    ['a secret', 'sécret', 'sécret'],
    ['a secret to be decoded', 'whsec_c2VjcmV0', 'whsec_c2VjcmV0'],
    ['one of several secrets', 'new', ['old', 'new']],
  ])('tells when a task is done, and is heard with %s', async (_, secret, webhookSecret) => {
    const listening = await startListener({ secret, onHint: () => false })
    const emulator = await submitTo(listening, { webhookSecret })
    expect(await answersOf(emulator, 2)).toEqual([200, 200])
    expect(listening.hints).toEqual([emulator.tasks[0]?.id])
  })

  it.each<[string, EmulatorOptions['faults'], unknown[], number]>([
    ['lost', [{ route: 'webhook', drop: true }], ['dropped by a fault', 'dropped by a fault'], 0],
    ['late', [{ route: 'webhook', times: 1, delay: 50 }], [200, 200], 1],
    ['sent twice', [{ route: 'webhook', repeat: 2 }], [200, 200, 200, 200], 1],
    ['wrapped', [{ route: 'webhook', wrap: true }], [200, 200], 1],
    ['forged', [{ route: 'webhook', forged: true }], [401, 401, 401, 401], 0],
    ['stale', [{ route: 'webhook', stale: 301 }], [401, 401, 401, 401], 0],
    ['forged once', [{ route: 'webhook', forged: true, times: 1 }], [401, 401, 200], 1],
  ])('is heard as often as it should be where calls are %s', async (_, faults, answers, count) => {
    const listening = await startListener({ secret: 's', onHint: () => false })
    const emulator = await submitTo(listening, { webhookSecret: 's', faults })
    expect(await answersOf(emulator, answers.length)).toEqual(answers)
    expect(listening.hints).toEqual(Array.from({ length: count }, () => emulator.tasks[0]?.id))
  })

  it('is asked to call by every submission, and by none without a URL', async () => {
    const server = await startHttpServer(() => ({ body: '{}' }))
    const url = 'https://hooks.example.com/a?b="c"'
    const image = bodyOf(await makePng())
    for (const webhookUrl of [url, undefined]) {
      const client = createClient({ baseUrl: server.url, apiKey: canary, webhookUrl })
      for (const params of [{}, { hdr: 3 }]) {
        await client.submit({ image, params, beforeLastByte: async () => {} })
      }
    }
    const bodies = server.requests.map(({ body }) => JSON.parse(body) as object)
    const { image: sent } = bodies[0] as { image: string }
    expect(bodies).toEqual([
      { image: sent, webhook_url: url },
      { image: sent, webhook_url: url, hdr: 3 },
      { image: sent },
      { image: sent, hdr: 3 },
    ])
  })
})

describe('a flood', () => {
  it('of calls about one task makes a hint at once, and one for all the others', async () => {
    const gates: (() => void)[] = []
    const clock = simulateClock({
      onSleep: async (ms) => {
        expect(ms).toBe(250)
        return new Promise<void>((resolve) => void gates.push(resolve))
      },
    })
    const { port, hints } = await startListener({ clock })
    for (let times = 0; times < 50; times++) expect(await call(port)).toBe(200)
    expect(hints).toEqual([task])
    expect(await call(port, '{"task_id":"other"}')).toBe(200)
    expect(hints).toEqual([task, 'other'])
    for (const open of gates.splice(0)) open()
    await expect.poll(() => hints).toEqual([task, 'other', task])
    await expect.poll(() => gates).toHaveLength(1)
    for (const open of gates.splice(0)) open()
    // Nobody has said anything since.
    await expect.poll(() => clock.slept).toEqual([250, 250, 250])
    expect(await call(port)).toBe(200)
    expect(hints).toEqual([task, 'other', task, task])
  })

  it('of calls about tasks of others is asked about, and kept nowhere', async () => {
    const clock = simulateClock()
    const { port, hints, listener } = await startListener({ clock, onHint: () => false })
    for (let times = 0; times < 3; times++) expect(await call(port)).toBe(200)
    expect(hints).toHaveLength(3)
    expect(clock.slept).toEqual([])
    expect(listener.isWorking()).toBe(false)
  })

  it('of connections that say nothing is cut off, and calls are heard again', async () => {
    const { port, hints } = await startListener()
    const idle = Array.from({ length: 64 }, () => connect(port))
    await Promise.all(idle.map(async ({ socket }) => once(socket, 'connect')))
    const turnedAway = connect(port)
    turnedAway.write(renderCall(port, completed))
    await expect(turnedAway.read()).rejects.toThrow()
    // Without any of them having said a word.
    const answers = await Promise.all(idle.map(async (connection) => connection.read()))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([408]))
    await expect.poll(async () => call(port).catch(() => 'turned away')).toBe(200)
    expect(hints).toEqual([task])
  })

  it('of letters one at a time ends, in the head or in the body', async () => {
    const { port, hints } = await startListener()
    const bytes = renderCall(port, completed)
    const connections = [10, bytes.length - 10].map((length) => {
      const connection = connect(port)
      connection.write(bytes.subarray(0, length))
      return connection
    })
    const answers = await Promise.all(connections.map(async (connection) => connection.read()))
    expect(answers.map(({ status }) => status)).toEqual([408, 408])
    expect(hints).toEqual([])
  })
})

describe('listening', () => {
  it('lasts from the first who works to the last', async () => {
    const { listener, port } = await startListener()
    expect(await listener.acquire()).toBe(true)
    await listener.release()
    expect(await call(port)).toBe(200)
    const second = createListener({ port })
    expect(await second.listener.acquire()).toBe(false)
    await second.listener.release()
    await listener.release()
    expect(listener.port).toBeUndefined()
    await expect(call(port)).rejects.toThrow()
    // The port is free again, at once.
    expect(await second.listener.acquire()).toBe(true)
    expect(await call(port)).toBe(200)
    await second.listener.release()
    // The one of startListener is released once more when the test ends.
    await listener.acquire()
  })

  it('begins anew and ends anew, however fast', async () => {
    const { listener: first } = createListener()
    await first.acquire()
    const { port } = first
    // On one and the same port.
    const { listener, hints, warnings } = createListener({ port: port ?? 0 })
    await first.release()
    const begun: Promise<boolean>[] = []
    const over: Promise<void>[] = []
    for (let times = 0; times < 20; times++) {
      begun.push(listener.acquire(), listener.acquire())
      over.push(listener.release(), listener.release())
    }
    expect(new Set(await Promise.all(begun))).toEqual(new Set([true]))
    await Promise.all(over)
    const all = Array.from({ length: 20 }, async () => {
      const isOpen = await listener.acquire()
      await listener.release()
      return isOpen
    })
    expect(new Set(await Promise.all(all))).toEqual(new Set([true]))
    await listener.acquire()
    expect(listener.port).toBe(port)
    expect(await call(port ?? 0)).toBe(200)
    await listener.release()
    expect([hints, warnings]).toEqual([[task], []])
  })

  it('ends at once, whatever is half said', async () => {
    const { listener, port } = await startListener()
    const bytes = renderCall(port, completed)
    const connections = [0, 10, bytes.length - 10].map((length) => {
      const connection = connect(port)
      connection.write(bytes.subarray(0, length))
      return connection
    })
    await Promise.all(connections.map(async ({ socket }) => once(socket, 'connect')))
    // All of them are taken in before this one.
    expect(await call(port)).toBe(200)
    await listener.release()
    for (const connection of connections) {
      await expect(connection.read()).rejects.toThrow()
    }
    await listener.acquire()
  })

  it('forgets what it still has to say when the work is over', async () => {
    const { listener, port, hints } = await startListener({
      clock: { ...systemClock, sleep: async (_, signal) => systemClock.sleep(60_000, signal) },
    })
    expect([await call(port), await call(port)]).toEqual([200, 200])
    await listener.release()
    await listener.acquire()
    expect(await call(listener.port ?? 0)).toBe(200)
    expect(hints).toEqual([task, task])
  })

  it('is possible twice in a process, on two ports', async () => {
    const [one, other] = [await startListener(), await startListener()]
    expect(await call(one.port, '{"task_id":"one"}')).toBe(200)
    expect(await call(other.port, '{"task_id":"other"}')).toBe(200)
    expect([one.hints, other.hints]).toEqual([['one'], ['other']])
  })

  it('is not where the port is in use, and says so once', async () => {
    const { port } = await startListener()
    const { listener, warnings } = createListener({ port })
    expect(await Promise.all([listener.acquire(), listener.acquire()])).toEqual([false, false])
    expect(listener.isWorking()).toBe(false)
    for (let times = 0; times < 5; times++) listener.noteDone(false)
    await listener.release()
    await listener.release()
    expect(await listener.acquire()).toBe(false)
    await listener.release()
    expect(warnings).toEqual([
      `Webhooks cannot come in: port ${port} of 127.0.0.1 is in use. End what listens there, such as another build, or set \`webhook.port\` to another port and let \`webhook.url\` lead to it. Until then the API is asked about each task instead, and results come a little later.`,
    ])
  })

  it('is not on an address of another machine, and says so', async () => {
    const { listener, warnings } = createListener({ host: '192.0.2.1' })
    expect(await listener.acquire()).toBe(false)
    expect(warnings).toEqual([
      expect.stringContaining(
        "192.0.2.1 is no address of this machine. Set `webhook.host` to one that is, such as '127.0.0.1'.",
      ),
    ])
    await listener.release()
  })

  it('is not on a name that leads nowhere, and says so', async () => {
    const asked = failLookups(0)
    const { listener, warnings } = createListener({ host: 'my-machine' })
    expect(await listener.acquire()).toBe(false)
    expect(asked).toEqual(['my-machine'])
    expect(warnings).toEqual([expect.stringContaining('my-machine is no name of this machine.')])
    await listener.release()
  })

  // Elsewhere, loopback has one address.
  it.runIf(process.platform === 'linux')('is on the one address that it is told', async () => {
    const { port } = await startListener()
    const { listener } = createListener({ host: '127.0.0.2', port })
    // A port that was open to all would be in use here.
    expect(await listener.acquire()).toBe(true)
    await listener.release()
  })

  it('keeps no process alive, not even with a call that is half said', async () => {
    const { dir } = tmpProject()
    const { build } = await import('vite')
    await build({
      configFile: false,
      root: dir,
      logLevel: 'silent',
      ssr: { noExternal: true },
      build: {
        ssr: fileURLToPath(new URL('../../src/api/webhook.ts', import.meta.url)),
        outDir: dir,
        rollupOptions: { output: { entryFileNames: 'webhook.mjs' } },
      },
    })
    const script = `
      import { createWebhookListener } from ${JSON.stringify(join(dir, 'webhook.mjs'))}
      const listener = createWebhookListener({
        webhook: { url: 'http://127.0.0.1/magnific', port: 0, host: '127.0.0.1' },
        clock: { now: Date.now },
        warn: console.log,
        onHint: () => false,
        isOurs: () => false,
      })
      await listener.acquire()
      console.log(listener.port)
      process.stdin.once('data', () => process.stdin.destroy())`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    const ended = once(child, 'exit')
    const port = Number(await once(child.stdout, 'data'))
    expect(await call(port)).toBe(200)
    const connection = connect(port)
    connection.write(renderCall(port, completed).subarray(0, -1))
    // Taken in before this one.
    expect(await call(port)).toBe(200)
    child.stdin.write('end\n')
    expect(await ended).toEqual([0, null])
    // It was not the time that a call may take.
    await expect(connection.read()).rejects.toThrow()
  })
})

describe('whether calls can be relied on', () => {
  it('shows with the first one that names a task of ours', async () => {
    const { listener, port } = await startListener({ onHint: (hinted) => hinted === task })
    expect(listener.isWorking()).toBe(false)
    await call(port, '{"task_id":"of-another-build"}')
    expect(listener.isWorking()).toBe(false)
    await call(port)
    expect(listener.isWorking()).toBe(true)
  })

  it('is not shown by calls that are not ours to believe', async () => {
    const { listener, port } = await startListener({ secret: 's' })
    await call(port)
    await call(port, completed, sign('wrong', 'a', completed))
    expect(listener.isWorking()).toBe(false)
    await call(port, completed, sign('s', 'a', completed))
    expect(listener.isWorking()).toBe(true)
  })

  it('ends with a task that was done without one, and comes back with one that was not', async () => {
    const { listener, port, warnings } = await startListener({ onHint: () => true })
    await call(port)
    listener.noteDone(false)
    expect(listener.isWorking()).toBe(false)
    // Calls come, yet not the one that matters: it is not waited for again.
    await call(port, '{"task_id":"b","status":"IN_PROGRESS"}')
    expect(listener.isWorking()).toBe(false)
    listener.noteDone(true)
    expect(listener.isWorking()).toBe(true)
    for (let times = 0; times < 9; times++) listener.noteDone(false)
    expect(listener.isWorking()).toBe(false)
    expect(warnings).toEqual([])
  })

  it('is no more when nobody listens', async () => {
    const { listener, port } = await startListener()
    await call(port)
    await listener.release()
    expect(listener.isWorking()).toBe(false)
    await listener.acquire()
    expect(listener.isWorking()).toBe(true)
  })

  it('is said once where tasks are done and no call has come', async () => {
    const { listener, port, warnings } = await startListener()
    listener.noteDone(false)
    listener.noteDone(false)
    expect(warnings).toEqual([])
    for (let times = 0; times < 9; times++) listener.noteDone(false)
    expect(warnings).toEqual([
      'No webhook came in time: tasks are done, and none was told of. See to it that `webhook.url` (https://hooks.example.com) leads to port 0 of 127.0.0.1. Until then the API is asked about each task instead, and results come a little later.',
    ])
    expect(port).toBeGreaterThan(0)
  })

  it('is said at the end where there were few tasks', async () => {
    const { listener, warnings } = createListener()
    await listener.acquire()
    listener.noteDone(false)
    expect(warnings).toEqual([])
    await listener.release()
    expect(warnings).toEqual([expect.stringContaining('No webhook came in time')])
  })

  it('is said with the reason where calls are signed with another secret', async () => {
    const { listener, port, warnings } = await startListener({ secret: 's' })
    await call(port, completed, sign('other', 'a', completed))
    await call(port, completed, sign('s', 'b', completed, Date.now() - 3_600_000))
    for (let times = 0; times < 3; times++) listener.noteDone(false)
    expect(warnings).toEqual([expect.stringContaining('Webhooks are turned away: 2 came')])
  })
})
