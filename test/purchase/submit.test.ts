import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { Emulator, Fault, SubmitFault } from '../../src/emulator/index.ts'
import { simulateClock } from '../helpers/clock.ts'
import { postsTo, startEmulator } from '../helpers/emulator.ts'
import { errorOf } from '../helpers/errors.ts'
import { makeJpeg, makePng } from '../helpers/images.ts'
import { tmpProject } from '../helpers/project.ts'
import type { Project } from '../helpers/project.ts'
import { failLookups, findClosedPort, startTcpServer } from '../helpers/servers.ts'
import type { Connection } from '../helpers/servers.ts'
import { abandoned, openShop, pictureProject, readAttempts } from '../helpers/shop.ts'
import type { Shop, ShopSettings } from '../helpers/shop.ts'

type Effect = Omit<SubmitFault, 'route'>

/** A project with one picture, and an API that does this to submissions. */
async function open(
  effects: Effect[],
  settings: Partial<ShopSettings> = {},
): Promise<{ emulator: Emulator; project: Project; shop: Shop; next: () => Shop }> {
  const faults = effects.map((effect): Fault => ({ route: 'submit', ...effect }))
  const emulator = await startEmulator({ faults })
  const project = await pictureProject()
  const next = (): Shop => openShop(project, { baseUrl: emulator.url, ...settings })
  return { emulator, project, shop: next(), next }
}

describe('a refusal', () => {
  it.each([
    ['json', "HTTP 400: Parameter 'hdr' must be an integer between -10 and 10"],
    ['problem', "(hdr: Parameter 'hdr' must be an integer between -10 and 10)"],
    ['problem-nested', "(hdr: Parameter 'hdr' must be an integer between -10 and 10)"],
  ] as const)('of the request is told in its own words: 400 as %s', async (problem, words) => {
    const emulator = await startEmulator({ problem })
    const project = await pictureProject()
    const shop = openShop(project, { baseUrl: emulator.url })
    const order = shop.order(project.path('hero.png'))
    // The parser would not let it by.
    order.request.params.hdr = 99
    const error = await errorOf(async () => shop.buy(order))
    expect(error.code).toBe('API_REFUSED')
    expect(error.message).toContain(words)
    expect(error.message).toContain('Nothing was charged')
    expect(error.message.split('\n')).toHaveLength(1)
    expect(postsTo(emulator)).toBe(1)
    expect(emulator.tasks).toHaveLength(0)
    const { outcome = '' } = readAttempts(shop, order)['0001'] ?? {}
    expect(JSON.parse(outcome)).toMatchObject({ kind: 'rejected' })
  })

  it.each([400, 401, 402, 403, 413, 422])(
    'is told at once, spends nothing, and is asked again by the next build: %i',
    async (status) => {
      const { emulator, project, shop, next } = await open([{ status, times: 1 }])
      const order = shop.order(project.path('hero.png'))
      const error = await errorOf(async () => shop.buy(order))
      expect(error.code).toBe('API_REFUSED')
      expect(error.message).toContain(`HTTP ${status}`)
      expect(shop.clock.slept).toEqual([])
      expect(emulator.tasks).toHaveLength(0)
      expect(postsTo(emulator)).toBe(1)
      expect((await next().buy(order)).from).toBe('paid')
      expect(emulator.tasks).toHaveLength(1)
      expect(postsTo(emulator)).toBe(2)
    },
  )

  it.each([
    ['Invalid API key', 'invalid', { status: 401 }],
    ['Payment Required', 'test-key', { status: 402 }],
    [
      'limit of the free trial usage',
      'test-key',
      { status: 429, body: { message: 'You reached the limit of the free trial usage.' } },
    ],
    ['Invalid API key', 'test-key', { status: 401, early: true }],
  ] as const)('of the account stops all other spending: %s', async (words, apiKey, effect) => {
    const concurrency = 3
    const emulator = await startEmulator({ faults: [{ route: 'submit', ...effect }] })
    const images = await Promise.all(
      Array.from({ length: 10 }, async (_, seed) => makePng({ width: 200, height: 160, seed })),
    )
    const project = tmpProject(
      Object.fromEntries(images.map((png, index) => [`${index}.png`, png])),
    )
    const shop = openShop(project, { baseUrl: emulator.url, apiKey, concurrency })
    const orders = images.map((_, index) => shop.order(project.path(`${index}.png`)))
    const errors = await Promise.all(
      orders.map(async (order) => errorOf(async () => shop.buy(order))),
    )
    for (const error of errors) {
      expect(error.code).toBe('API_REFUSED')
      expect(error.message).toContain(words)
      expect(error.message).toContain('key or the account')
    }
    expect(postsTo(emulator)).toBeLessThanOrEqual(concurrency)
    expect(emulator.tasks).toHaveLength(0)
    await expect(shop.buy(orders[0] ?? shop.order(''))).rejects.toThrow(words)
    expect(postsTo(emulator)).toBeLessThanOrEqual(concurrency)
  })

  it.each([
    ['invalid', 'HTTP 401: Invalid API key'],
    ['', 'HTTP 401: Missing API key'],
  ])('of the key %j is the one that the API documents', async (apiKey, words) => {
    const { emulator, project, shop } = await open([], { apiKey })
    const error = await errorOf(async () => shop.buy(shop.order(project.path('hero.png'))))
    expect(error.message).toContain(words)
    expect(emulator.tasks).toHaveLength(0)
  })

  it('of one picture does not keep others from being bought', async () => {
    const { emulator, project, shop } = await open([{ status: 413, times: 1 }])
    await errorOf(async () => shop.buy(shop.order(project.path('hero.png'))))
    await shop.buy(shop.order(project.path('hero.png'), 'magnific=4x'))
    expect(emulator.tasks).toHaveLength(1)
  })

  it('by a body limit comes as it is, before everything is sent', async () => {
    const emulator = await startEmulator({ bodyLimit: 1000 })
    const project = tmpProject({ 'hero.png': await makePng({ width: 1000, height: 1000 }) })
    const shop = openShop(project, { baseUrl: emulator.url })
    const error = await errorOf(async () => shop.buy(shop.order(project.path('hero.png'))))
    expect(error.message).toContain('HTTP 413: Payload Too Large')
    expect(postsTo(emulator)).toBe(1)
  })
})

describe('an API that asks to come back', () => {
  it('is waited for as long as Retry-After says, and the picture is bought once', async () => {
    const { emulator, project, shop } = await open([
      { status: 429, times: 1, retryAfter: 7 },
      { status: 503, times: 1, retryAfter: 90 },
    ])
    const order = shop.order(project.path('hero.png'))
    expect((await shop.buy(order)).from).toBe('paid')
    expect(shop.clock.slept.slice(0, 2)).toEqual([7000, 90_000])
    expect(postsTo(emulator)).toBe(3)
    expect(emulator.tasks).toHaveLength(1)
    // Told once, however often it has to come back.
    expect(shop.warnings).toEqual([
      expect.stringMatching(
        /^The API asks to come back later \(HTTP 429.*\); waiting to submit .*hero\.png\.$/,
      ),
    ])
    const outcomes = Object.values(readAttempts(shop, order)).map(
      ({ outcome = '{}' }) => (JSON.parse(outcome) as { kind: string }).kind,
    )
    expect(outcomes).toEqual(['rejected', 'rejected', 'completed'])
  })

  it('is waited for until the date that Retry-After says', async () => {
    const clock = simulateClock()
    const emulator = await startEmulator({
      now: clock.now,
      faults: [{ route: 'submit', status: 429, times: 1, retryAfter: { date: 60 } }],
    })
    const project = await pictureProject()
    const shop = openShop(project, { baseUrl: emulator.url, clock })
    await shop.buy(shop.order(project.path('hero.png')))
    expect(clock.slept[0]).toBe(60_000)
    expect(emulator.tasks).toHaveLength(1)
  })

  it.each([429, 503])('with %i and no Retry-After is asked less and less often', async (status) => {
    const { emulator, project, shop } = await open([{ status, times: 9 }])
    await shop.buy(shop.order(project.path('hero.png')))
    expect(shop.clock.slept.slice(0, 9).map((ms) => ms / 1000)).toEqual([
      1, 2, 4, 8, 16, 32, 60, 60, 60,
    ])
    expect(postsTo(emulator)).toBe(10)
    expect(emulator.tasks).toHaveLength(1)
  })

  it('before the body was read has committed nothing, and is asked again in the same attempt', async () => {
    const emulator = await startEmulator({
      faults: [{ route: 'submit', status: 503, early: true, times: 2 }],
    })
    const project = tmpProject({ 'hero.png': await makePng({ width: 1000, height: 1000 }) })
    const shop = openShop(project, { baseUrl: emulator.url })
    const order = shop.order(project.path('hero.png'))
    await shop.buy(order)
    expect(emulator.tasks).toHaveLength(1)
    expect(Object.keys(readAttempts(shop, order))).toEqual(['0001'])
  })

  it('for longer than the deadline ends the build, with nothing charged', async () => {
    const { emulator, project, shop } = await open([{ status: 503 }], { deadline: 60_000 })
    const start = shop.clock.now()
    const error = await errorOf(async () => shop.buy(shop.order(project.path('hero.png'))))
    expect(error.code).toBe('API_UNREACHABLE')
    expect(error.message).toContain('HTTP 503: Service Unavailable. Please try again later.')
    expect(error.message).toContain('Nothing was charged')
    expect(shop.clock.now() - start).toBeLessThanOrEqual(60_000)
    expect(emulator.tasks).toHaveLength(0)
  })

  it('at once, with Retry-After: 0, is not asked in a tight loop', async () => {
    const { emulator, project, shop } = await open([{ status: 429, retryAfter: 0, times: 30 }], {
      deadline: 60_000,
    })
    const order = shop.order(project.path('hero.png'))
    await shop.buy(order).catch(() => {})
    // Half a minute of backing off is six tries or so; each one is a whole upload.
    expect(postsTo(emulator)).toBeLessThan(20)
  })
})

describe('a task that was accepted in an odd way', () => {
  const task = '046b6c7f-0b8a-43b9-b35d-6489e6daee91'
  const body = JSON.stringify({ data: { generated: [], task_id: task, status: 'CREATED' } })

  /** Submits to a server that answers with these bytes once the test says so; all that counts is what is written down. */
  async function submitTo(answer: Buffer, isDue: (connection: Connection) => boolean) {
    const server = await startTcpServer((connection) => {
      if (!isDue(connection) || connection.socket.writableEnded) return
      connection.socket.end(
        connection.received().toString('latin1').startsWith('POST') ? answer : '',
      )
    })
    const project = tmpProject({ 'hero.png': await makePng({ width: 1000, height: 1000 }) })
    const shop = openShop(project, { baseUrl: server.url, deadline: 5000 })
    const order = shop.order(project.path('hero.png'))
    const next = openShop(project, { baseUrl: server.url, deadline: 5000 })
    const first = await errorOf(async () => shop.buy(order))
    const second = await errorOf(async () => next.buy(order))
    const posts = server.connections.filter((connection) =>
      connection.received().toString('latin1').startsWith('POST'),
    )
    const codes = [first.code, second.code]
    return { posts, files: readAttempts(shop, order)['0001'], codes }
  }
  const whole = ({ missing }: Connection): boolean => !(missing() > 0)

  it.each([
    ['cut off before its announced end', `content-length: ${body.length + 9}`, Buffer.from(body)],
    ['compressed, unasked', 'content-encoding: gzip', gzipSync(body)],
  ])('by an answer that was %s is written down', async (_, header, bytes) => {
    const head = Buffer.from(`HTTP/1.1 200 OK\r\n${header}\r\nconnection: close\r\n\r\n`)
    const { posts, files } = await submitTo(Buffer.concat([head, bytes]), whole)
    expect(files?.['task']).toBe(`${task}\n`)
    expect(posts).toHaveLength(1)
  })

  it.each([
    ['is written down', 0],
    ['and broken off is written down', 9],
  ])('before its request was whole %s, and not bought again', async (_, missing) => {
    const head = `HTTP/1.1 200 OK\r\ncontent-length: ${body.length + missing}\r\n\r\n`
    const { posts, files } = await submitTo(Buffer.from(head + body), () => true)
    expect(Object.keys(files ?? {})).toEqual(['decided', 'owner', 'response', 'task'])
    expect(posts).toHaveLength(1)
  })

  it.each(['', '<html>OK</html>', '{"data":{"status":"CREATED"}}'])(
    'before its request was whole and cannot be understood is ambiguous, and not bought again: %j',
    async (text) => {
      const head = `HTTP/1.1 200 OK\r\ncontent-length: ${text.length}\r\n\r\n`
      const { posts, files, codes } = await submitTo(Buffer.from(head + text), () => true)
      expect(files?.['response']).toBe(`HTTP 200\n\n${text}`)
      expect(files?.['decided']).toMatch(/^commit /)
      expect(Object.keys(files ?? {})).toEqual(['decided', 'owner', 'response'])
      expect(codes).toEqual(['SUBMIT_AMBIGUOUS', 'SUBMIT_AMBIGUOUS'])
      expect(posts).toHaveLength(1)
    },
  )
})

describe('an API out of reach', () => {
  const large = { width: 1000, height: 1000 }

  it('is tried a few times, with nothing charged and nothing committed', async () => {
    const project = tmpProject({ 'hero.png': await makePng(large) })
    const shop = openShop(project, { baseUrl: `http://127.0.0.1:${await findClosedPort()}` })
    const order = shop.order(project.path('hero.png'))
    const error = await errorOf(async () => shop.buy(order))
    expect(error.code).toBe('API_UNREACHABLE')
    expect(error.message).toContain('ECONNREFUSED')
    expect(error.message).toContain('Nothing was charged')
    expect(shop.clock.slept).toEqual([1000, 2000, 4000, 8000])
    expect(readAttempts(shop, order)).toEqual({ '0001': abandoned })
  })

  it('is out of reach for a small picture just the same', async () => {
    // Smaller than any buffer on the way, and an offline machine's resolver takes its time.
    const project = tmpProject({ 'icon.jpg': await makeJpeg({ width: 16, height: 16 }) })
    const asked = failLookups(100)
    const shop = openShop(project, { baseUrl: 'https://api.freepik.com' })
    const order = shop.order(project.path('icon.jpg'))
    const error = await errorOf(async () => shop.buy(order))
    expect(error.code).toBe('API_UNREACHABLE')
    expect(error.message).toContain('ENOTFOUND')
    // Once for the list, which is good to have, and then for each try.
    expect(asked).toHaveLength(6)
    expect(readAttempts(shop, order)).toEqual({ '0001': abandoned })
  })

  it('for a while costs time and nothing else', async () => {
    const emulator = await startEmulator({
      faults: [{ route: 'submit', cut: 'before-read', times: 3 }],
    })
    const project = tmpProject({ 'hero.png': await makePng(large) })
    const shop = openShop(project, { baseUrl: emulator.url })
    const order = shop.order(project.path('hero.png'))
    expect((await shop.buy(order)).from).toBe('paid')
    expect(postsTo(emulator)).toBe(4)
    expect(emulator.tasks).toHaveLength(1)
    expect(Object.keys(readAttempts(shop, order))).toEqual(['0001'])
  })

  it('is told as such where a refusal breaks off before the picture has gone', async () => {
    const server = await startTcpServer(({ socket }) => {
      if (socket.bytesWritten > 0) return
      socket.write('HTTP/1.1 503 Service Unavailable\r\ncontent-length: 99\r\n\r\n{', () =>
        socket.end(),
      )
    })
    const project = tmpProject({ 'hero.png': await makePng(large) })
    const shop = openShop(project, { baseUrl: server.url })
    const order = shop.order(project.path('hero.png'))
    const error = await errorOf(async () => shop.buy(order))
    expect(error.code).toBe('API_UNREACHABLE')
  })
})
