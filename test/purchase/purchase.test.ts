import { createHash } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Emulator, SubmitFault } from '../../src/emulator/index.ts'
import { renderThumbnail } from '../../src/image/thumbnail.ts'
import { identifyProcess } from '../../src/store/liveness.ts'
import { namesIn } from '../helpers/cache.ts'
import { readTree } from '../helpers/canary.ts'
import { simulateClock } from '../helpers/clock.ts'
import { postsTo, startEmulator } from '../helpers/emulator.ts'
import { errorOf } from '../helpers/errors.ts'
import { describeImage, makePng } from '../helpers/images.ts'
import { tmpProject } from '../helpers/project.ts'
import type { Project } from '../helpers/project.ts'
import {
  attemptFolder,
  commandFor,
  openShop,
  pictureProject,
  readAttempts,
  voidAttempt,
} from '../helpers/shop.ts'
import type { Shop } from '../helpers/shop.ts'

/** A purchase that has gone well, in a project of its own. */
async function buyHero(
  query = 'magnific=2x',
): Promise<{ emulator: Emulator; project: Project; shop: Shop }> {
  const emulator = await startEmulator()
  const project = await pictureProject()
  const shop = openShop(project, { baseUrl: emulator.url })
  await shop.buy(shop.order(project.path('hero.png'), query))
  return { emulator, project, shop }
}

describe('a purchase', () => {
  it('asks for the picture once, with its own bytes and only what was said', async () => {
    const { emulator, project } = await buyHero('magnific=4x&prompt=a+fox&hdr=-2')
    expect(emulator.tasks).toHaveLength(1)
    const png = readFileSync(project.path('hero.png'))
    expect(emulator.tasks[0]?.params).toEqual({ scale_factor: '4x', prompt: 'a fox', hdr: -2 })
    expect(emulator.tasks[0]?.source).toEqual({
      sha256: createHash('sha256').update(png).digest('hex'),
      bytes: png.length,
      width: 200,
      height: 160,
      format: 'png',
    })
    expect(emulator.tasks[0]?.headers).toMatchObject({
      'x-freepik-api-key': 'test-key-of-somebody',
      'content-type': 'application/json',
    })
    expect(emulator.calls.map(({ route, status }) => `${route} ${status}`)).toEqual([
      'list 200',
      'submit 200',
      'status 200',
      'download 200',
    ])
  })

  it('leaves the record, the paid bytes and the journal, and nothing else', async () => {
    const { emulator, project, shop } = await buyHero()
    const order = shop.order(project.path('hero.png'))
    const { fingerprint } = order
    const record = await shop.context.records.find(fingerprint)
    const sha256 = record?.result.sha256 ?? ''
    const attempt = `journal/${fingerprint.slice(0, 2)}/${fingerprint}/0001`
    expect(Object.keys(readTree(project.path('.magnific/v1')))).toEqual([
      `blobs/${sha256.slice(0, 2)}/${sha256}`,
      'budget/000001',
      `${attempt}/decided`,
      `${attempt}/outcome`,
      `${attempt}/owner`,
      `${attempt}/response`,
      `${attempt}/task`,
      `results/${fingerprint.slice(0, 2)}/${fingerprint}.json`,
    ])

    const id = emulator.tasks[0]?.id
    const blob = readFileSync(shop.context.blobs.path(sha256))
    expect(createHash('sha256').update(blob).digest('hex')).toBe(sha256)
    expect(await describeImage(blob)).toEqual({ format: 'png', width: 400, height: 320 })
    const at = new Date(shop.clock.now()).toISOString()
    expect(record).toEqual({
      version: 1,
      fingerprint,
      service: 'local',
      params: { scale_factor: '2x' },
      source: {
        name: 'hero.png',
        sha256: order.sourceHash,
        bytes: readFileSync(order.file).length,
        width: 200,
        height: 160,
        transparent: false,
      },
      result: {
        sha256,
        bytes: blob.length,
        format: 'png',
        width: 400,
        height: 320,
        transparent: false,
      },
      alpha: 'join',
      task: id,
      seconds: expect.any(Number),
      completedAt: at,
    })

    const { decided = '', response = '', ...rest } = readAttempts(shop, order)['0001'] ?? {}
    expect(decided.split(' ')).toEqual([
      'commit',
      '2026-01-01T00:00:00.000Z',
      String(process.pid),
      hostname(),
      expect.stringMatching(/^[\da-f-]{36}\n$/),
    ])
    const [head, body = ''] = response.split('\n\n')
    expect(head).toBe('HTTP 200')
    expect(JSON.parse(body)).toEqual({ data: { generated: [], task_id: id, status: 'CREATED' } })
    expect(rest.task).toBe(`${id}\n`)
    expect(JSON.parse(rest.outcome ?? '')).toEqual({ kind: 'completed', sha256, at })
    expect(JSON.parse(rest.owner ?? '')).toEqual({
      ...identifyProcess(),
      nonce: expect.any(String) as string,
      at: '2026-01-01T00:00:00.000Z',
      subject: {
        service: 'local',
        file: 'hero.png',
        source: order.sourceHash,
        params: { scale_factor: '2x' },
        width: 200,
        height: 160,
        estimate: 0.1,
        alpha: 'join',
        thumbnail: (await renderThumbnail(order.file)).toString('base64'),
        listed: [],
      },
    })
    expect(Object.keys(rest)).toEqual(['outcome', 'owner', 'task'])
  })

  it('tells what it did and what it cost, as an estimate', async () => {
    const emulator = await startEmulator()
    const project = await pictureProject()
    const shop = openShop(project, { baseUrl: emulator.url })
    const { from, estimate } = await shop.buy(shop.order(project.path('hero.png'), 'magnific=4x'))
    expect([from, estimate]).toEqual(['paid', 0.2])
    const kinds = new Set(shop.phases.map(({ kind }) => kind))
    expect([...kinds]).toEqual(['submitting', 'upscaling', 'downloading'])
    expect(shop.phases.every((phase) => phase.estimate === 0.2)).toBe(true)
    expect(shop.warnings).toEqual([])
  })

  it('has `owner` on the disk when it submits, `decided` when the task is accepted, and `task` before its first status call', async () => {
    const seen: Record<string, string[]> = {}
    const project = await pictureProject()
    const look = (): string[] => namesIn(attemptFolder(shop, order))
    const emulator = await startEmulator({
      latency: () => {
        seen['accepted'] = look()
        return 0
      },
      faults: [
        { route: 'submit', when: () => Boolean((seen['begun'] ??= look())), times: 0 },
        { route: 'status', when: () => Boolean((seen['asked'] ??= look())), times: 0 },
      ],
    })
    const shop = openShop(project, { baseUrl: emulator.url })
    const order = shop.order(project.path('hero.png'))
    await shop.buy(order)
    expect(seen).toEqual({
      begun: ['owner'],
      accepted: ['decided', 'owner'],
      asked: ['decided', 'owner', 'response', 'task'],
    })
  })

  it('names its source from the project, with forward slashes', async () => {
    const emulator = await startEmulator()
    const project = tmpProject({ 'src/deep/hero.png': await makePng({ width: 200, height: 160 }) })
    const shop = openShop(project, { baseUrl: emulator.url })
    const order = shop.order(project.path('src/deep/hero.png'))
    await shop.buy(order)
    const { owner = '' } = readAttempts(shop, order)['0001'] ?? {}
    expect(JSON.parse(owner).subject.file).toBe('src/deep/hero.png')
    expect(emulator.tasks).toHaveLength(1)
  })

  it('of many pictures asks for the list once a minute, and each knows what it said', async () => {
    const clock = simulateClock()
    const emulator = await startEmulator({ now: clock.now })
    const project = tmpProject()
    const shop = openShop(project, { baseUrl: emulator.url, clock, deadline: 2 ** 40 })
    const lists = (): number => emulator.calls.filter(({ route }) => route === 'list').length
    const buyNew = async (seed: number): Promise<string[]> => {
      const picture = await makePng({ width: 200, height: 160, seed })
      const order = shop.order(project.write(`${seed}.png`, picture))
      await shop.buy(order)
      const { owner = '' } = readAttempts(shop, order)['0001'] ?? {}
      return JSON.parse(owner).subject.listed
    }
    expect(await Promise.all([1, 2, 3].map(buyNew))).toEqual([[], [], []])
    // The watcher looks at the list as well, later, at tasks that are there.
    const routes = emulator.calls.map(({ route }) => route)
    const before = routes.slice(0, routes.indexOf('submit'))
    expect(before).toEqual(['list'])
    await clock.sleep(61_000)
    const looked = lists()
    expect(await buyNew(4)).toEqual(
      emulator.tasks
        .slice(0, 3)
        .map(({ id }) => id)
        .toReversed(),
    )
    expect(lists()).toBe(looked + 1)
    expect(emulator.tasks).toHaveLength(4)
  })

  it('warns about a small picture and buys it all the same', async () => {
    const emulator = await startEmulator()
    const project = tmpProject({ 'icon.png': await makePng() })
    const shop = openShop(project, { baseUrl: emulator.url })
    await shop.buy(shop.order(project.path('icon.png')))
    expect(shop.warnings).toEqual([expect.stringContaining('60×40')])
    expect(emulator.tasks).toHaveLength(1)
  })

  it.each([
    ['no picture', 'text', 'SOURCE_REFUSED'],
    ['too large a result', undefined, 'OUTPUT_TOO_LARGE'],
  ])('of %s is refused before anything is sent', async (_, content, code) => {
    const emulator = await startEmulator()
    const project = tmpProject({
      'hero.png': content ?? (await makePng({ width: 700, height: 700 })),
    })
    const shop = openShop(project, { baseUrl: emulator.url })
    const order = shop.order(project.path('hero.png'), 'magnific=8x')
    expect((await errorOf(async () => shop.buy(order))).code).toBe(code)
    expect(emulator.calls).toHaveLength(0)
    expect(readAttempts(shop, order)).toEqual({})
  })
})

describe('a task that fails', () => {
  const failing: SubmitFault = { route: 'submit', outcome: 'FAILED', error: 'NSFW content' }

  it('is written down, told, and not bought again', async () => {
    const emulator = await startEmulator({ faults: [failing] })
    const project = await pictureProject()
    for (let build = 0; build < 3; build++) {
      const shop = openShop(project, { baseUrl: emulator.url })
      const order = shop.order(project.path('hero.png'))
      const error = await errorOf(async () => shop.buy(order))
      expect(error.code).toBe('TASK_FAILED')
      expect(error.message).toContain('"NSFW content"')
      expect(error.message).toContain(emulator.tasks[0]?.id)
      expect(error.message).toContain(commandFor(order, 'retry'))
      const { outcome = '' } = readAttempts(shop, order)['0001'] ?? {}
      expect(JSON.parse(outcome)).toMatchObject({ kind: 'failed' })
      expect(await shop.context.records.find(order.fingerprint)).toBeUndefined()
    }
    expect(postsTo(emulator)).toBe(1)
    expect(emulator.calls.filter(({ route }) => route === 'status')).toHaveLength(1)
  })

  it('is bought again once a person asks for it', async () => {
    const emulator = await startEmulator({ faults: [{ ...failing, times: 1 }] })
    const project = await pictureProject()
    const shop = openShop(project, { baseUrl: emulator.url })
    const order = shop.order(project.path('hero.png'))
    await errorOf(async () => shop.buy(order))
    await voidAttempt(shop, order)
    const { from } = await openShop(project, { baseUrl: emulator.url }).buy(order)
    expect(from).toBe('paid')
    expect(emulator.tasks).toHaveLength(2)
    const outcomes = Object.values(readAttempts(shop, order)).map(
      ({ outcome = '{}' }) => (JSON.parse(outcome) as { kind: string }).kind,
    )
    expect(outcomes).toEqual(['failed', 'completed'])
  })

  it('does not keep another request for the same picture from being bought', async () => {
    const emulator = await startEmulator({ faults: [{ ...failing, times: 1 }] })
    const project = await pictureProject()
    const shop = openShop(project, { baseUrl: emulator.url })
    await errorOf(async () => shop.buy(shop.order(project.path('hero.png'))))
    await shop.buy(shop.order(project.path('hero.png'), 'magnific=2x&hdr=1'))
    expect(emulator.tasks).toHaveLength(2)
  })
})

describe('a result that was stored and is lost', () => {
  it('is fetched again by the task of its record where the journal is gone, too', async () => {
    const { emulator, project, shop } = await buyHero()
    const order = shop.order(project.path('hero.png'))
    const knownTask = emulator.tasks[0]?.id ?? ''
    rmSync(project.path('.magnific'), { recursive: true })
    const next = openShop(project, { baseUrl: emulator.url })
    const { from, record } = await next.buy({ ...order, knownTask })
    expect(from).toBe('resumed')
    expect(record.task).toBe(knownTask)
    expect(postsTo(emulator)).toBe(1)
    expect(readAttempts(next, order)).toEqual({})
  })

  it('is not bought again where the API has forgotten the task', async () => {
    const { emulator, project, shop } = await buyHero()
    const order = shop.order(project.path('hero.png'))
    const id = emulator.tasks[0]?.id ?? ''
    writeFileSync(join(attemptFolder(shop, order), 'task'), `${id.replace(/^./, 'x')}\n`)
    const next = openShop(project, { baseUrl: emulator.url })
    const error = await errorOf(async () => next.buy(order))
    expect(error.code).toBe('TASK_UNKNOWN')
    expect(error.message).toContain(commandFor(order, 'resolve', ' --void'))
    expect(postsTo(emulator)).toBe(1)
    expect((await errorOf(async () => next.buy({ ...order, knownTask: id }))).code).toBe(
      'TASK_UNKNOWN',
    )
    expect(postsTo(emulator)).toBe(1)
  })

  it('is bought again where a person says that its task is gone', async () => {
    const { emulator, project, shop } = await buyHero()
    const order = shop.order(project.path('hero.png'))
    const knownTask = emulator.tasks[0]?.id ?? ''
    await voidAttempt(shop, order)
    const next = openShop(project, { baseUrl: emulator.url })
    expect((await next.buy({ ...order, knownTask })).from).toBe('paid')
    expect(postsTo(emulator)).toBe(2)
    // The record's old task counts no more, whatever comes; a task of another attempt would.
    expect((await next.buy({ ...order, knownTask })).record.task).toBe(emulator.tasks[1]?.id)
    expect(postsTo(emulator)).toBe(2)
  })
})
