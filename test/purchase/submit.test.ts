import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import type { Emulator, Fault, SubmitFault } from '../../src/emulator/index.ts'
import { simulateClock } from '../helpers/clock.ts'
import { postsTo, startEmulator } from '../helpers/emulator.ts'
import { errorOf } from '../helpers/errors.ts'
import { makeJpeg, makePng } from '../helpers/images.ts'
import { makeTurnedJpeg } from '../helpers/odd-images.ts'
import { tmpProject } from '../helpers/project.ts'
import type { Project } from '../helpers/project.ts'
import { failLookups, findClosedPort, startTcpServer } from '../helpers/servers.ts'
import type { Connection } from '../helpers/servers.ts'
import { attemptFolder, openShop, pictureProject, readAttempts } from '../helpers/shop.ts'
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

describe('a submission whose answer is lost', () => {
  const lost: [string, Effect][] = [
    ['500', { status: 500 }],
    ['502', { status: 502, body: '<html>Bad Gateway</html>' }],
    ['504', { status: 504, body: '' }],
    ['408', { status: 408 }],
    ['409', { status: 409 }],
    ['an unparsable 200', { body: '<html>OK</html>' }],
    ['an empty 200', { body: '' }],
    ['a 200 without a task', { body: { data: { status: 'CREATED' } } }],
    ['a cut before the answer', { cut: 'after-request' }],
    ['a cut in the answer', { cut: 'mid-response' }],
  ]
  const cases = lost.flatMap(([name, effect]) => [
    { name: `${name}, the task accepted`, effect: { ...effect, accept: true }, tasks: 1 },
    { name: `${name}, no task accepted`, effect: { ...effect, accept: false }, tasks: 0 },
  ])

  it.each(cases)('is never sent a second time by itself: $name', async ({ effect, tasks }) => {
    const { emulator, project, shop, next } = await open([effect])
    const order = shop.order(project.path('hero.png'))
    const folder = attemptFolder(shop, order)
    for (const build of [shop, next(), next()]) {
      const error = await errorOf(async () => build.buy(order))
      expect(error.code).toBe('SUBMIT_AMBIGUOUS')
      expect(error.message).toContain('submitted at 2026-01-01T00:00:00.000Z')
      expect(error.message).toContain(`write its id into ${folder}/task`)
      expect(error.message).toContain(`delete ${folder}`)
      expect(build.clock.slept).toEqual([])
    }
    expect(postsTo(emulator)).toBe(1)
    expect(emulator.tasks).toHaveLength(tasks)
  })

  it.each(cases.filter(({ tasks }) => tasks === 1))(
    'is adopted once its id is written where the message says: $name',
    async ({ effect }) => {
      const { emulator, project, shop, next } = await open([effect])
      const order = shop.order(project.path('hero.png'))
      const { message } = await errorOf(async () => shop.buy(order))
      const path = /write its id into (\S+);/.exec(message)?.[1] ?? ''
      writeFileSync(path, emulator.tasks[0]?.id ?? '')
      const { from, record } = await next().buy(order)
      expect(from).toBe('resumed')
      expect(record.task).toBe(emulator.tasks[0]?.id)
      expect(postsTo(emulator)).toBe(1)
      expect((await next().buy(order)).record.task).toBe(emulator.tasks[0]?.id)
      expect(postsTo(emulator)).toBe(1)
    },
  )

  it('is bought anew once its folder is deleted, as the message says', async () => {
    const { emulator, project, shop, next } = await open([{ status: 500, times: 1 }])
    const order = shop.order(project.path('hero.png'))
    const { message } = await errorOf(async () => shop.buy(order))
    rmSync(/delete (\S+)\.$/.exec(message)?.[1] ?? '', { recursive: true })
    expect((await next().buy(order)).from).toBe('paid')
    expect(postsTo(emulator)).toBe(2)
    expect(emulator.tasks).toHaveLength(1)
  })

  it('has its raw answer on the disk, whatever it was', async () => {
    for (const [body, status] of [
      ['<html>Bad\r\nGateway</html>\n', 502],
      ['{"data":', 200],
      ['', 500],
    ] as const) {
      const { project, shop } = await open([{ body, status }])
      const order = shop.order(project.path('hero.png'))
      await errorOf(async () => shop.buy(order))
      const files = readAttempts(shop, order)['0001'] ?? {}
      expect(files.response).toBe(`HTTP ${status}\n\n${body}`)
      expect(Object.keys(files)).toEqual(['decided', 'response'])
    }
  })

  it('does not keep other pictures from being bought', async () => {
    const { emulator, project, shop } = await open([{ status: 500, times: 1, accept: true }])
    await errorOf(async () => shop.buy(shop.order(project.path('hero.png'))))
    await shop.buy(shop.order(project.path('hero.png'), 'magnific=4x'))
    expect(emulator.tasks).toHaveLength(2)
  })

  it('is never sent again after refusals that cost nothing either', async () => {
    const { emulator, project, shop, next } = await open([
      { status: 503, times: 2 },
      { cut: 'after-request', accept: true },
    ])
    const order = shop.order(project.path('hero.png'))
    const error = await errorOf(async () => shop.buy(order))
    expect(error.code).toBe('SUBMIT_AMBIGUOUS')
    expect(error.message).toContain(attemptFolder(shop, order, 3))
    expect((await errorOf(async () => next().buy(order))).code).toBe('SUBMIT_AMBIGUOUS')
    expect(postsTo(emulator)).toBe(3)
    expect(emulator.tasks).toHaveLength(1)
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
    await errorOf(async () => shop.buy(order))
    await errorOf(async () => openShop(project, { baseUrl: server.url, deadline: 5000 }).buy(order))
    const posts = server.connections.filter((connection) =>
      connection.received().toString('latin1').startsWith('POST'),
    )
    return { posts, files: readAttempts(shop, order)['0001'] }
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

  it('before its request was whole is written down, and not bought again', async () => {
    const head = `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n`
    const { posts, files } = await submitTo(Buffer.from(head + body), () => true)
    expect(Object.keys(files ?? {})).toEqual(['decided', 'response', 'task'])
    expect(posts).toHaveLength(1)
  })
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
    expect(readAttempts(shop, order)).toEqual({ '0001': {} })
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
    expect(asked).toHaveLength(5)
    expect(readAttempts(shop, order)).toEqual({ '0001': {} })
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

describe('a picture that changes between hashing and sending', () => {
  /** Buys a picture that `change` meddles with after it was inspected. */
  async function buyChanging(
    source: Buffer,
    change: (file: string) => void,
  ): Promise<{ emulator: Emulator; error: unknown; attempts: object }> {
    const emulator = await startEmulator()
    const project = tmpProject({ 'hero.png': source })
    const file = project.path('hero.png')
    const shop = openShop(project, { baseUrl: emulator.url, beforeBuying: () => change(file) })
    const order = shop.order(file)
    const error = await shop.buy(order).then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    await emulator.until(() => emulator.calls.every(({ over }) => over))
    return { emulator, error, attempts: readAttempts(shop, order) }
  }

  const sizes = { width: 200, height: 160 }

  it.each<[string, (file: string) => void]>([
    ['in one byte', (file) => writeFileSync(file, swapLastByte(readFileSync(file)))],
    ['and is shorter', (file) => writeFileSync(file, readFileSync(file).subarray(0, -100))],
    ['and is empty', (file) => writeFileSync(file, '')],
    [
      'and is longer',
      (file) => writeFileSync(file, Buffer.concat([readFileSync(file), Buffer.alloc(100_000)])),
    ],
  ])('%s is not bought', async (_, change) => {
    const { emulator, error, attempts } = await buyChanging(await makePng(sizes), change)
    expect(emulator.tasks).toHaveLength(0)
    expect(attempts).toEqual({ '0001': {} })
    expect(error).toMatchObject({
      code: 'SOURCE_CHANGED',
      message: expect.stringContaining('Nothing was charged') as string,
    })
  })

  it('and is another picture altogether is not bought', async () => {
    const other = await makePng({ ...sizes, seed: 2 })
    const { emulator, error, attempts } = await buyChanging(await makePng(sizes), (file) => {
      writeFileSync(`${file}.new`, other)
      renameSync(`${file}.new`, file)
    })
    expect(emulator.tasks).toHaveLength(0)
    expect(attempts).toEqual({ '0001': {} })
    expect(error).toMatchObject({ code: expect.stringMatching(/^SOURCE_CHANGED$/) as string })
  })

  it('and is turned upright for the API is not bought either', async () => {
    const other = await makeTurnedJpeg(200, 160, 8)
    const { emulator, error } = await buyChanging(await makeTurnedJpeg(200, 160, 6), (file) =>
      writeFileSync(file, other),
    )
    expect(emulator.tasks).toHaveLength(0)
    expect(error).toMatchObject({ code: 'SOURCE_CHANGED' })
  })

  it('and is gone is not bought', async () => {
    const { emulator, error } = await buyChanging(await makePng(sizes), (file) => rmSync(file))
    expect(emulator.tasks).toHaveLength(0)
    expect(error).toBeInstanceOf(Error)
  })

  it('is bought by the next build as what it is then', async () => {
    const emulator = await startEmulator()
    const project = tmpProject({ 'hero.png': await makePng(sizes) })
    const file = project.path('hero.png')
    const other = await makePng({ ...sizes, seed: 2 })
    const shop = openShop(project, {
      baseUrl: emulator.url,
      beforeBuying: () => writeFileSync(file, other),
    })
    expect((await errorOf(async () => shop.buy(shop.order(file)))).code).toBe('SOURCE_CHANGED')
    const next = openShop(project, { baseUrl: emulator.url })
    const { record } = await next.buy(next.order(file))
    expect(emulator.tasks).toHaveLength(1)
    expect(record.source.sha256).toBe(emulator.tasks[0]?.source.sha256)
  })
})

describe('a picture that EXIF turns', () => {
  it('is sent upright, and kept under the hash of the file', async () => {
    const emulator = await startEmulator()
    const project = tmpProject({ 'hero.jpg': await makeTurnedJpeg(240, 180, 6) })
    const shop = openShop(project, { baseUrl: emulator.url })
    const order = shop.order(project.path('hero.jpg'))
    const { record } = await shop.buy(order)
    expect(emulator.tasks).toHaveLength(1)
    expect(emulator.tasks[0]?.source).toMatchObject({ width: 180, height: 240, format: 'png' })
    expect(record.source).toMatchObject({ sha256: order.sourceHash, width: 180, height: 240 })
    expect(record.result).toMatchObject({ width: 360, height: 480 })
    expect(shop.warnings).toEqual([])
    // Stored with red on the left; shown, and so sent, with red on top.
    const result = sharp(shop.context.blobs.path(record.result.sha256))
    const { data, info } = await result.raw().toBuffer({ resolveWithObject: true })
    const pixel = (x: number, y: number): number[] => [
      ...data.subarray(
        (y * info.width + x) * info.channels,
        (y * info.width + x) * info.channels + 3,
      ),
    ]
    expect(pixel(180, 60)[0]).toBeGreaterThan(200)
    expect(pixel(180, 60)[2]).toBeLessThan(50)
    expect(pixel(180, 420)[0]).toBeLessThan(50)
    expect(pixel(180, 420)[2]).toBeGreaterThan(200)
  })

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('with orientation %i is charged for once', async (turn) => {
    const emulator = await startEmulator()
    const project = tmpProject({ 'hero.jpg': await makeTurnedJpeg(240, 180, turn) })
    const shop = openShop(project, { baseUrl: emulator.url })
    await shop.buy(shop.order(project.path('hero.jpg')))
    const { width, height, format } = emulator.tasks[0].source
    expect([width, height]).toEqual(turn >= 5 ? [180, 240] : [240, 180])
    expect(format).toBe(turn === 1 ? 'jpeg' : 'png')
    expect(emulator.tasks).toHaveLength(1)
    expect(shop.warnings).toEqual([])
  })
})

describe('a picture of some megabytes', () => {
  it('arrives whole', async () => {
    const emulator = await startEmulator()
    const project = tmpProject({ 'hero.png': await makePng({ width: 1500, height: 1000 }) })
    const shop = openShop(project, { baseUrl: emulator.url })
    const order = shop.order(project.path('hero.png'))
    await shop.buy(order)
    expect(emulator.tasks[0]?.source.sha256).toBe(order.sourceHash)
    expect(emulator.tasks[0]?.source.bytes).toBeGreaterThan(4_000_000)
  })
})

/** The same file but for one byte of the trailing CRC. */
function swapLastByte(bytes: Buffer): Buffer {
  const swapped = Buffer.from(bytes)
  swapped.writeUInt8(swapped.readUInt8(swapped.length - 1) ^ 0xff, swapped.length - 1)
  return swapped
}
