import { rmSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Fault } from '../../src/emulator/index.ts'
import { namesIn } from '../helpers/cache.ts'
import { simulateClock } from '../helpers/clock.ts'
import { postsTo } from '../helpers/emulator.ts'
import { errorOf } from '../helpers/errors.ts'
import { makeJpeg, makePng } from '../helpers/images.ts'
import {
  accepted,
  buyElsewhere,
  expectLost,
  listEnds,
  openLosing,
  refused,
  size,
} from '../helpers/losses.ts'
import type { Effect } from '../helpers/losses.ts'
import { drawPlain, makeTurnedJpeg } from '../helpers/odd-images.ts'
import { spawnEnded } from '../helpers/processes.ts'
import { adoptTask, describeOwner, leaveAttempt, openShop, readAttempts } from '../helpers/shop.ts'

/** The waits for a task to be listed, ms. */
const patience = [0, 1000, 2000, 4000, 8000, 15_000]

describe('a submission whose answer is lost, where the API lists tasks', () => {
  it.each<[string, Effect]>([
    ['500', { status: 500 }],
    ['502', { status: 502, body: '<html>Bad Gateway</html>' }],
    ['504', { status: 504, body: '' }],
    ['409', { status: 409 }],
    ['an empty 200', { body: '' }],
    ['a 200 without a task', { body: { data: { status: 'CREATED' } } }],
    ['a cut before the answer', { cut: 'after-request' }],
    ['a cut in the answer', { cut: 'mid-response' }],
  ])('is taken up by itself where the task was accepted: %s', async (_, effect) => {
    const { emulator, project, shop, next } = await openLosing({ ...effect, accept: true })
    const order = shop.order(project.path('hero.png'))
    const { from, record, estimate } = await shop.buy(order)
    const id = emulator.tasks[0]?.id
    expect([from, record.task, estimate]).toEqual(['paid', id, 0.1])
    expect(shop.warnings).toEqual([
      expect.stringMatching(
        /hero\.png was submitted and .+; looking for its task in what the API lists\.$/,
      ),
      expect.stringMatching(
        new RegExp(`The API lists task ${id} with the picture of .*hero\\.png, and it is taken up`),
      ),
    ])
    // Another one of the same picture may be listed as late as ours.
    expect(shop.clock.slept.slice(0, patience.length)).toEqual(patience)
    expect(readAttempts(shop, order)['0001']?.task).toBe(`${id}\n`)
    expect((await next().buy(order)).record.task).toBe(id)
    expect(postsTo(emulator)).toBe(1)
    expect(emulator.tasks).toHaveLength(1)
  })

  it('stays a question to a person where no task was accepted, for ever', async () => {
    const { emulator, project, shop, next } = await openLosing(refused)
    for (const build of [shop, next(), next()]) {
      const message = await expectLost(build, project.path('hero.png'))
      expect(message).toContain('The API lists no new task that this cache does not know.')
      expect(build.clock.slept).toEqual(patience)
    }
    expect(postsTo(emulator)).toBe(1)
    expect(emulator.tasks).toHaveLength(0)
  })

  it('is taken up where the list shows the task late', async () => {
    const clock = simulateClock()
    const options = { list: { lag: 10_000 }, now: clock.now }
    const { emulator, project, shop } = await openLosing(accepted, options, { clock })
    const { record } = await shop.buy(shop.order(project.path('hero.png')))
    expect(record.task).toBe(emulator.tasks[0]?.id)
    expect(clock.slept.slice(0, 5)).toEqual(patience.slice(0, 5))
    expect(postsTo(emulator)).toBe(1)
  })

  it('is taken up by a later build where the list shows the task very late', async () => {
    const clock = simulateClock()
    const options = { list: { lag: 45_000 }, now: clock.now }
    const { emulator, project, shop, next } = await openLosing(accepted, options, { clock })
    await expectLost(shop, project.path('hero.png'))
    const { from, record } = await next().buy(shop.order(project.path('hero.png')))
    expect([from, record.task]).toEqual(['resumed', emulator.tasks[0]?.id])
    expect(postsTo(emulator)).toBe(1)
  })

  it('is taken up when its task is done, which may take longer than the list does', async () => {
    const clock = simulateClock({
      onSleep: () => {
        if (clock.slept.length === 20) emulator.complete()
      },
    })
    const { emulator, project, shop } = await openLosing(accepted, { latency: Infinity }, { clock })
    const { record } = await shop.buy(shop.order(project.path('hero.png')))
    expect(record.task).toBe(emulator.tasks[0]?.id)
    expect(postsTo(emulator)).toBe(1)
  })

  it('is not waited for much longer than tasks take', async () => {
    const { emulator, project, shop, next } = await openLosing({ ...accepted, outcome: 'STUCK' })
    const startedAt = shop.clock.now()
    const message = await expectLost(shop, project.path('hero.png'))
    expect(message).toContain(emulator.tasks[0]?.id)
    expect(shop.clock.now() - startedAt).toBeGreaterThanOrEqual(10 * 60_000)
    expect(shop.clock.now() - startedAt).toBeLessThan(11 * 60_000)
    const impatient = openShop(project, { baseUrl: emulator.url, deadline: 20_000 })
    await expectLost(impatient, project.path('hero.png'))
    expect(impatient.clock.now() - startedAt).toBeLessThan(60_000)
    await expectLost(next(), project.path('hero.png'))
    expect(postsTo(emulator)).toBe(1)
  })

  it('of a task that failed stays a question: it has no picture to be known by', async () => {
    const { emulator, project, shop } = await openLosing({ ...accepted, outcome: 'FAILED' })
    const message = await expectLost(shop, project.path('hero.png'))
    expect(message).toContain(`none of them shows this image: ${emulator.tasks[0]?.id}`)
    expect(postsTo(emulator)).toBe(1)
  })

  it('of a task beside which somebody else has one that failed is taken up', async () => {
    const { emulator, project, shop, next } = await openLosing(accepted, { faults: [listEnds] })
    const file = project.path('hero.png')
    await expectLost(shop, file)
    emulator.setFaults([{ route: 'submit', times: 1, outcome: 'FAILED' }])
    await errorOf(async () => buyElsewhere(emulator, await makePng(size)))
    expect((await next().buy(shop.order(file))).record.task).toBe(emulator.tasks[0]?.id)
    expect(postsTo(emulator)).toBe(2)
  })

  it('is taken up by the next build where the first was aborted meanwhile', async () => {
    const reason = new Error('The build is over.')
    const controller = new AbortController()
    const clock = simulateClock({ onSleep: () => controller.abort(reason) })
    const { emulator, project, next } = await openLosing(accepted)
    const shop = openShop(project, { baseUrl: emulator.url, clock })
    const order = shop.order(project.path('hero.png'))
    await expect(shop.buy(order, controller.signal)).rejects.toBe(reason)
    expect(Object.keys(readAttempts(shop, order)['0001'])).toEqual(['decided', 'owner', 'response'])
    expect((await next().buy(order)).from).toBe('resumed')
    expect(postsTo(emulator)).toBe(1)
  })

  it('is taken up where another build has found its task meanwhile', async () => {
    const clock = simulateClock({
      onSleep: async (_, index) => {
        if (index === 2) await adoptTask(shop, order, emulator.tasks[0]?.id ?? '')
      },
    })
    const options = { list: { lag: 3000 }, now: clock.now }
    const { emulator, project, shop } = await openLosing(accepted, options, { clock })
    const order = shop.order(project.path('hero.png'))
    expect((await shop.buy(order)).record.task).toBe(emulator.tasks[0]?.id)
    expect(postsTo(emulator)).toBe(1)
  })

  it('is taken up after a crash that left no more than the decision', async () => {
    const { emulator, project, shop: first } = await openLosing({})
    const order = first.order(project.path('hero.png'))
    await first.buy(order)
    rmSync(project.path('.magnific'), { recursive: true })
    const shop = openShop(project, { baseUrl: emulator.url })
    leaveAttempt(shop, order, {
      owner: await describeOwner(shop, order, spawnEnded(), []),
      decided: 'commit 2026-01-01T00:00:00.000Z\n',
    })
    const { from, record, estimate } = await shop.buy(order)
    expect([from, record.task, estimate]).toEqual(['resumed', emulator.tasks[0]?.id, 0])
    expect(postsTo(emulator)).toBe(1)
  })

  it('is found on a later page of the list', async () => {
    const { emulator, project, shop, next } = await openLosing(accepted, { faults: [listEnds] })
    const file = project.path('hero.png')
    await expectLost(shop, file)
    emulator.setFaults([])
    for (let seed = 0; seed < 21; seed++) await buyElsewhere(emulator, await makePng({ seed }))
    expect((await next().buy(shop.order(file))).record.task).toBe(emulator.tasks[0]?.id)
    expect(postsTo(emulator)).toBe(22)
  })

  it.each<[string, () => Promise<Buffer>]>([
    ['transparent, which the API lays on black', async () => makePng({ ...size, alpha: true })],
    ['a JPEG', async () => makeJpeg(size)],
    ['turned by EXIF', async () => makeTurnedJpeg(240, 180, 6)],
    ['small', async () => makePng()],
  ])('is known by its picture: one that is %s', async (_, make) => {
    const { emulator, project, shop } = await openLosing(accepted)
    const file = project.write('other.png', await make())
    expect((await shop.buy(shop.order(file))).record.task).toBe(emulator.tasks[0]?.id)
    expect(postsTo(emulator)).toBe(1)
  })

  it.each(['#000', '#fff', '#c33'])(
    'of a picture of one colour stays a question: all that are %s look alike',
    async (colour) => {
      const { emulator, project, shop } = await openLosing(accepted)
      const file = project.write('flat.png', await drawPlain(200, 160, colour).png().toBuffer())
      const message = await expectLost(shop, file)
      expect(message).toContain(emulator.tasks[0]?.id)
      expect(postsTo(emulator)).toBe(1)
    },
  )
})

describe('a list that is not to be had', () => {
  const bad: [string, Omit<Extract<Fault, { route: 'list' }>, 'route'>][] = [
    ['404', { status: 404 }],
    ['405', { status: 405 }],
    ['500', { status: 500 }],
    ['429', { status: 429 }],
    ['HTML', { body: '<html>' }],
    ['no list', { body: { data: { task_id: 'x' } } }],
    ['nothing', { body: '' }],
    ['a cut', { cut: 'after-request' }],
    ['half an answer', { cut: 'mid-response' }],
    ['a redirect', { redirect: 'http://127.0.0.1:9/' }],
  ]

  it.each(bad)('before the submission leaves the question to a person: %s', async (_, fault) => {
    const { emulator, project, shop, next } = await openLosing(accepted, {
      faults: [{ route: 'list', ...fault, times: 1 }],
    })
    await expectLost(shop, project.path('hero.png'))
    // Also when it is to be had later: what was there before is not known.
    const message = await expectLost(next(), project.path('hero.png'))
    expect(message).toContain(
      'What the API listed beforehand is not known, so its list tells nothing.',
    )
    expect(postsTo(emulator)).toBe(1)
  })

  it.each(bad)('after the submission is asked again by the next build: %s', async (_, fault) => {
    const { emulator, project, shop, next } = await openLosing(accepted, {
      faults: [{ route: 'list', ...fault, after: 1 }],
    })
    const message = await expectLost(shop, project.path('hero.png'))
    expect(message).toContain('The API does not list its tasks now')
    emulator.setFaults([])
    const { record } = await next().buy(shop.order(project.path('hero.png')))
    expect(record.task).toBe(emulator.tasks[0]?.id)
    expect(postsTo(emulator)).toBe(1)
  })

  it('does not keep anything from being bought, not even where it hangs', async () => {
    const { emulator, project, shop } = await openLosing(
      {},
      { faults: [{ route: 'list', hang: true }] },
    )
    expect((await shop.buy(shop.order(project.path('hero.png')))).from).toBe('paid')
    const { owner = '' } = readAttempts(shop, shop.order(project.path('hero.png')))['0001'] ?? {}
    expect(JSON.parse(owner).subject).not.toHaveProperty('listed')
    expect(postsTo(emulator)).toBe(1)
  })

  it('leaves nothing behind of the results that were looked at', async () => {
    const { emulator, project, shop, next } = await openLosing(refused, { faults: [listEnds] })
    await expectLost(shop, project.path('hero.png'))
    emulator.setFaults([])
    await buyElsewhere(emulator, await makePng({ ...size, seed: 2 }))
    await expectLost(next(), project.path('hero.png'))
    expect(emulator.calls.filter(({ route }) => route === 'download')).toHaveLength(2)
    expect(namesIn(shop.layout.tmp)).toEqual([])
    expect(namesIn(shop.layout.blobs)).toEqual([])
    expect(postsTo(emulator)).toBe(2)
  })

  it.each<Fault>([
    { route: 'download', status: 404 },
    { route: 'download', content: 'html' },
    { route: 'download', content: 'truncated' },
    { route: 'status', status: 500 },
  ])('is no better than results that are not: %j', async (fault) => {
    const { emulator, project, shop, next } = await openLosing(accepted, { faults: [fault] })
    const message = await expectLost(shop, project.path('hero.png'))
    expect(message).toContain(emulator.tasks[0]?.id)
    emulator.setFaults([])
    const { record } = await next().buy(shop.order(project.path('hero.png')))
    expect(record.task).toBe(emulator.tasks[0]?.id)
    expect(postsTo(emulator)).toBe(1)
  })

  it('is no better than a result of another size than was asked for', async () => {
    const { emulator, project, shop } = await openLosing(accepted, {
      faults: [{ route: 'download', content: 'wrong-size' }],
    })
    await expectLost(shop, project.path('hero.png'))
    expect(postsTo(emulator)).toBe(1)
  })
})
