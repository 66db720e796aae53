import { readFileSync } from 'node:fs'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import type { AlphaPolicy } from '../../src/core/options.ts'
import type { DownloadFault, Emulator, EmulatorOptions, Fault } from '../../src/emulator/index.ts'
import { createRecordStore, needsAlpha } from '../../src/store/records.ts'
import { namesIn } from '../helpers/cache.ts'
import { simulateClock } from '../helpers/clock.ts'
import { startEmulator } from '../helpers/emulator.ts'
import { errorOf } from '../helpers/errors.ts'
import { describeImage, makePng } from '../helpers/images.ts'
import { tmpProject } from '../helpers/project.ts'
import type { Project } from '../helpers/project.ts'
import { startHttpServer } from '../helpers/servers.ts'
import { openShop, readAttempts } from '../helpers/shop.ts'
import type { Shop } from '../helpers/shop.ts'

/** A shop for one picture of 200×160, and an API whose downloads go wrong like this. */
async function open(
  faults: Fault[],
  options: EmulatorOptions = {},
): Promise<{ emulator: Emulator; project: Project; shop: Shop; next: () => Shop }> {
  const emulator = await startEmulator({ faults, ...options })
  const project = tmpProject({ 'hero.png': await makePng({ width: 200, height: 160 }) })
  const next = (): Shop => openShop(project, { baseUrl: emulator.url })
  return { emulator, project, shop: next(), next }
}

function callsOf(emulator: Emulator, route: string): number {
  return emulator.calls.filter((call) => call.route === route).length
}

describe('a result', () => {
  it.each<Omit<DownloadFault, 'route'>>([
    { content: 'html' },
    { content: 'truncated' },
    { content: 'short' },
    { content: 'corrupt' },
    { content: 'oversized' },
    { status: 403 },
    { status: 404 },
    { status: 410 },
    { status: 500 },
    { body: '' },
    { cut: 'before-read' },
    { cut: 'after-request' },
    { cut: 'mid-response' },
  ])('that does not come at once is fetched with a fresh URL: %j', async (fault) => {
    const { emulator, project, shop } = await open([{ route: 'download', times: 1, ...fault }])
    const { record } = await shop.buy(shop.order(project.path('hero.png')))
    const blob = readFileSync(shop.context.blobs.path(record.result.sha256))
    expect(await describeImage(blob)).toEqual({ format: 'png', width: 400, height: 320 })
    expect(callsOf(emulator, 'submit')).toBe(1)
    expect(callsOf(emulator, 'status')).toBe(2)
    expect(callsOf(emulator, 'download')).toBe(2)
    expect(shop.clock.slept).toContain(2000)
    expect(namesIn(shop.layout.tmp)).toEqual([])
    expect(namesIn(shop.layout.quarantine)).toEqual([])
    expect(shop.warnings).toEqual([])
  })

  it('whose URL has expired is fetched with a fresh one', async () => {
    let expired = false
    const expire = (): boolean => {
      if (!expired) emulator.expireUrls()
      expired = true
      return false
    }
    const { emulator, project, shop } = await open([{ route: 'download', when: expire }])
    await shop.buy(shop.order(project.path('hero.png')))
    const statuses = emulator.calls.filter(({ route }) => route === 'download')
    expect(statuses.map(({ status }) => status)).toEqual([403, 200])
    expect(emulator.tasks).toHaveLength(1)
  })

  it('with two URLs is fetched from the second where the first is broken, without another wait', async () => {
    const { emulator, project, shop } = await open(
      [{ route: 'download', status: 500, when: ({ url }) => !url.includes('size=stable') }],
      { stableUrl: true },
    )
    await shop.buy(shop.order(project.path('hero.png')))
    expect(callsOf(emulator, 'status')).toBe(1)
    expect(callsOf(emulator, 'download')).toBe(2)
    expect(shop.clock.slept).not.toContain(2000)
    expect(emulator.tasks).toHaveLength(1)
  })

  it('is fetched once where both URLs are good', async () => {
    const { emulator, project, shop } = await open([], { stableUrl: true })
    await shop.buy(shop.order(project.path('hero.png')))
    expect(callsOf(emulator, 'download')).toBe(1)
  })

  it('is fetched along a redirect', async () => {
    const { emulator, project, shop } = await open([])
    const first = await shop.buy(shop.order(project.path('hero.png')))
    const other = tmpProject({ 'hero.png': readFileSync(project.path('hero.png')) })
    const image = readFileSync(shop.context.blobs.path(first.record.result.sha256))
    const cdn = await startHttpServer((_, response) => void response.end(image))
    emulator.setFaults([{ route: 'download', redirect: cdn.url }])
    const shopOfOther = openShop(other, { baseUrl: emulator.url })
    const { record } = await shopOfOther.buy(shopOfOther.order(other.path('hero.png')))
    expect(record.result.sha256).toBe(first.record.result.sha256)
    expect(cdn.requests).toHaveLength(1)
    expect(JSON.stringify(cdn.requests[0]?.headers)).not.toContain('test-key')
  })

  it('is waited for again where the status takes a while to show URLs', async () => {
    const { emulator, project, shop } = await open([{ route: 'submit', emptyGenerated: 4 }])
    await shop.buy(shop.order(project.path('hero.png')))
    expect(callsOf(emulator, 'status')).toBe(5)
    expect(emulator.tasks).toHaveLength(1)
  })

  it.each(['png', 'jpeg', 'webp'] as const)(
    'is what its bytes are, whatever its URL says: %s',
    async (resultFormat) => {
      const { project, shop } = await open([], { resultFormat })
      const { record } = await shop.buy(shop.order(project.path('hero.png')))
      expect(record.result.format).toBe(resultFormat)
    },
  )
})

describe('a result that cannot be had', () => {
  it.each<Omit<DownloadFault, 'route'>>([
    { status: 404 },
    { content: 'html' },
    { content: 'corrupt' },
  ])(
    'is given up for now, and fetched by the next build without a new charge: %j',
    async (fault) => {
      const { emulator, project, shop, next } = await open([{ route: 'download', ...fault }])
      const order = shop.order(project.path('hero.png'))
      const error = await errorOf(async () => shop.buy(order))
      expect(error.code).toBe('RESULT_BAD')
      expect(error.message).toContain(emulator.tasks[0]?.id)
      expect(error.message).toContain('without a new charge')
      expect(callsOf(emulator, 'download')).toBe(4)
      expect(Object.keys(readAttempts(shop, order)['0001'] ?? {})).toEqual([
        'decided',
        'owner',
        'response',
        'task',
      ])
      expect(namesIn(shop.layout.blobs)).toEqual([])
      expect(namesIn(shop.layout.tmp)).toEqual([])

      emulator.setFaults([])
      expect((await next().buy(order)).from).toBe('resumed')
      expect(callsOf(emulator, 'submit')).toBe(1)
    },
  )

  it('because its address is foreign and not https is not asked for', async () => {
    const server = await startHttpServer(({ method }) => {
      const data = {
        task_id: 'task-1',
        status: 'COMPLETED',
        generated: ['http://cdn.example/1.png'],
      }
      return { body: { data: method === 'POST' ? { ...data, generated: [] } : data } }
    })
    const project = tmpProject({ 'hero.png': await makePng({ width: 200, height: 160 }) })
    const shop = openShop(project, { baseUrl: server.url })
    const error = await errorOf(async () => shop.buy(shop.order(project.path('hero.png'))))
    expect(error.code).toBe('RESULT_BAD')
    expect(error.message).toContain('not https')
    expect(server.requests.filter(({ method }) => method === 'POST')).toHaveLength(1)
  })
})

describe('a result of another size than was asked for', () => {
  it('is kept, since it is paid for, and warned about', async () => {
    const { emulator, project, shop } = await open([{ route: 'download', content: 'wrong-size' }])
    const { record } = await shop.buy(shop.order(project.path('hero.png')))
    expect(record.result).toMatchObject({ width: 399, height: 319 })
    expect(shop.warnings).toEqual([
      `${project.path('hero.png')} at 2x came back as 399×319 in place of 400×320 (task ${emulator.tasks[0]?.id}).`,
    ])
    expect(emulator.tasks).toHaveLength(1)
  })
})

describe('transparency that a result has lost', () => {
  const buy = async (
    given: 'drop' | 'keep',
    bytes: Buffer,
    alpha: AlphaPolicy = 'keep-result',
  ): Promise<Shop> => {
    const emulator = await startEmulator({ alpha: given })
    const project = tmpProject({ 'logo.png': bytes })
    const shop = openShop(project, { baseUrl: emulator.url, alpha })
    await shop.buy(shop.order(project.path('logo.png')))
    return shop
  }
  const size = { width: 200, height: 160 }

  it('is warned about', async () => {
    const { warnings } = await buy('drop', await makePng({ ...size, alpha: true }))
    expect(warnings).toEqual([expect.stringContaining('is transparent in places, and its result')])
  })

  it('is not warned about where it will be joined to the result', async () => {
    const { warnings } = await buy('drop', await makePng({ ...size, alpha: true }), 'join')
    expect(warnings).toEqual([])
  })

  it.each<[AlphaPolicy, 'drop' | 'keep', boolean, boolean]>([
    ['join', 'drop', true, false],
    ['join', 'keep', true, false],
    ['keep-result', 'drop', true, false],
    ['keep-result', 'keep', true, true],
  ])('is in the record: %s, %s', async (alpha, given, ofSource, ofResult) => {
    const { layout, context } = await buy(given, await makePng({ ...size, alpha: true }), alpha)
    const [fingerprint = ''] = await createRecordStore(layout).list()
    const record = await context.records.find(fingerprint)
    expect([record?.source.transparent, record?.result.transparent]).toEqual([ofSource, ofResult])
    expect(record && needsAlpha(record)).toBe(!ofResult)
  })

  it('is not, where it is kept, or where nothing shone through', async () => {
    expect((await buy('keep', await makePng({ ...size, alpha: true }))).warnings).toEqual([])
    const opaque = await sharp(await makePng(size))
      .ensureAlpha()
      .png()
      .toBuffer()
    expect((await buy('drop', opaque)).warnings).toEqual([])
  })
})

describe('the deadline', () => {
  it('does not hide why a result that is there cannot be had, nor counts below nothing', async () => {
    const { project, emulator } = await open([])
    // The download breaks off when all the time is over.
    const late = { route: 'download', status: 404 } as const
    let waited = false
    const clock = simulateClock()
    const when = (): boolean => {
      if (!waited) void clock.sleep(12_000)
      return (waited = true)
    }
    emulator.setFaults([{ ...late, when }])
    const shop = openShop(project, { baseUrl: emulator.url, deadline: 10_000, clock })
    const error = await errorOf(async () => shop.buy(shop.order(project.path('hero.png'))))
    expect(error.code).toBe('RESULT_BAD')
    expect(error.message).toContain('its result cannot be had: The download answered HTTP 404.')
    expect(error.message).not.toMatch(/-\d+ s/)
    emulator.setFaults([])
    expect(
      (await openShop(project, { baseUrl: emulator.url }).buy(shop.order(project.path('hero.png'))))
        .from,
    ).toBe('resumed')
    expect(callsOf(emulator, 'submit')).toBe(1)
  })

  it('counts from the first question to the last, however often a result is fetched', async () => {
    const { project, emulator } = await open([
      { route: 'download', status: 404 },
      { route: 'status', after: 1, body: { data: { task_id: 'x', status: 'IN_PROGRESS' } } },
    ])
    const shop = openShop(project, { baseUrl: emulator.url, deadline: 60_000 })
    const startedAt = shop.clock.now()
    const error = await errorOf(async () => shop.buy(shop.order(project.path('hero.png'))))
    expect(error.code).toBe('TASK_PENDING')
    expect(shop.clock.now() - startedAt).toBeLessThan(62_000)
  })
})
