import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createEmulator, type Emulator } from '../../src/emulator/index.ts'
import { KEY, openSocket, PATH, post, requestBytes, submit } from './helpers.ts'

let emulator: Emulator

beforeAll(async () => {
  emulator = await createEmulator({ latency: 0 })
})
afterAll(() => emulator.close())

/** Whether it still answers, and has met no error of its own so far. */
async function expectAlive(): Promise<void> {
  expect((await submit(emulator)).status).toBe(200)
  expect(emulator.calls.filter(({ status }) => status === 500)).toEqual([])
}

it('never crashes on bytes that are no request', async () => {
  const fragments = fc.constantFrom(
    `GET ${PATH} HTTP/1.1\r\n`,
    `POST ${PATH} HTTP/1.1\r\n`,
    'GET //[::: HTTP/1.1\r\n',
    'GET /%ff%00 HTTP/1.1\r\n',
    'OPTIONS * HTTP/1.1\r\n',
    'CONNECT a:1 HTTP/1.1\r\n',
    'host: x\r\n',
    'connection: upgrade\r\nupgrade: websocket\r\n',
    'expect: 100-continue\r\n',
    'x-freepik-api-key: k\r\n',
    'content-type: application/json\r\n',
    'content-length: 5\r\n',
    'content-length: 1e3\r\n',
    'content-length: 99999999999999999999\r\n',
    'transfer-encoding: chunked\r\n',
    '\r\n',
    '{"a":1}',
    '5\r\n{"a":\r\n',
    '0\r\n\r\n',
  )
  const part = fc.oneof(
    { weight: 4, arbitrary: fragments.map((text) => Buffer.from(text, 'latin1')) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)) },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 12 }), async (parts) => {
      const { socket, ended } = openSocket(emulator.port)
      for (const bytes of parts) socket.write(bytes)
      socket.end()
      // a server that waits for more of an open request is let go
      socket.setTimeout(50, () => socket.destroy())
      await ended
    }),
    { numRuns: 150 },
  )
  await expectAlive()
})

it('answers every JSON with 200 or 400, and never with a task for what has no image', async () => {
  const names = fc.constantFrom(
    'image',
    'scale_factor',
    'hdr',
    'prompt',
    'webhook_url',
    '__proto__',
  )
  const field = fc.dictionary(fc.oneof(names, fc.string()), fc.jsonValue())
  const before = emulator.tasks.length
  await fc.assert(
    fc.asyncProperty(fc.oneof(field, fc.jsonValue()), async (value) => {
      const headers = { ...KEY, 'content-type': 'application/json' }
      const { status, json } = await post(emulator, JSON.stringify(value), headers)
      expect(status).toBe(400)
      expect(json.message).toEqual(expect.any(String))
    }),
    { numRuns: 150 },
  )
  expect(emulator.tasks).toHaveLength(before)
  await expectAlive()
})

it('takes a level exactly when it is an integer from -10 to 10', async () => {
  const levels = fc.oneof(
    fc.integer({ min: -12, max: 12 }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom('0', '5', true, false, [], [1], {}),
  )
  const name = fc.constantFrom('creativity', 'hdr', 'resemblance', 'fractality')
  await fc.assert(
    fc.asyncProperty(name, levels, async (field, level) => {
      const { status } = await submit(emulator, { [field]: level })
      const good = typeof level === 'number' && level % 1 === 0 && level >= -10 && level <= 10
      expect(status).toBe(good ? 200 : 400)
    }),
    { numRuns: 120 },
  )
})

it('creates a task for a whole request and never for a part, wherever it is cut or split', async () => {
  const { head, body } = await requestBytes()
  const request = head + body
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: request.length }),
      fc.integer({ min: 0, max: request.length }),
      async (cut, split) => {
        const before = emulator.tasks.length
        const { socket, ended } = openSocket(emulator.port)
        socket.write(request.slice(0, Math.min(cut, split)))
        socket.write(request.slice(Math.min(cut, split), cut))
        // a whole request is left open for its answer, which closes the connection
        if (cut < request.length) socket.end()
        await ended
        await emulator.until(() => emulator.calls.every(({ over }) => over))
        expect(emulator.tasks.length - before).toBe(cut === request.length ? 1 : 0)
      },
    ),
    // both ends, and one byte less than all
    {
      numRuns: 100,
      examples: [
        [request.length, 3],
        [request.length - 1, 9],
        [0, 0],
      ],
    },
  )
})

it('downloads nothing for a made-up path or token', async () => {
  await fc.assert(
    fc.asyncProperty(fc.webPath(), fc.webQueryParameters(), async (path, query) => {
      const target = encodeURI(`/results${path}.jpg?token=${query}`)
      const { status } = await fetch(emulator.url + target)
      expect([403, 404]).toContain(status)
    }),
    { numRuns: 60 },
  )
  await expectAlive()
})
