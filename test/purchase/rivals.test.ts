import { describe, expect, it } from 'vitest'
import type { Emulator, Fault } from '../../src/emulator/index.ts'
import { postsTo, startEmulator } from '../helpers/emulator.ts'
import { errorOf } from '../helpers/errors.ts'
import { makePng } from '../helpers/images.ts'
import {
  accepted,
  buyElsewhere,
  expectLost,
  listEnds,
  openLosing,
  refused,
  size,
} from '../helpers/losses.ts'
import { spawnEnded } from '../helpers/processes.ts'
import { tmpProject } from '../helpers/project.ts'
import { describeOwner, leaveAttempt, openShop, voidAttempt } from '../helpers/shop.ts'

describe('a task of somebody else', () => {
  it.each<[string, () => Promise<string>, (emulator: Emulator) => Promise<string>]>([
    [
      'of another picture of that size',
      async () => 'magnific=2x',
      async (emulator) => buyElsewhere(emulator, await makePng({ ...size, seed: 2 })),
    ],
    [
      'of the same picture at another scale',
      async () => 'magnific=2x',
      async (emulator) => buyElsewhere(emulator, await makePng(size), 'magnific=4x'),
    ],
    [
      'of another picture that comes to the same size',
      async () => 'magnific=4x',
      async (emulator) => buyElsewhere(emulator, await makePng({ width: 400, height: 320 })),
    ],
  ])('%s is not taken for ours', async (_, queryOf, buyOther) => {
    const { emulator, project, shop, next } = await openLosing(refused, { faults: [listEnds] })
    const query = await queryOf()
    await expectLost(shop, project.path('hero.png'), query)
    emulator.setFaults([])
    const foreign = await buyOther(emulator)
    const message = await expectLost(next(), project.path('hero.png'), query)
    expect(message).toContain(`none of them shows this image: ${foreign}`)
    expect(postsTo(emulator)).toBe(2)
  })

  it('that was there before the submission is never taken for ours, whatever it shows', async () => {
    const emulator = await startEmulator()
    await buyElsewhere(emulator, await makePng(size))
    emulator.setFaults([{ route: 'submit', ...refused }])
    const project = tmpProject({ 'hero.png': await makePng(size) })
    for (let build = 0; build < 2; build++) {
      const shop = openShop(project, { baseUrl: emulator.url })
      const message = await expectLost(shop, project.path('hero.png'))
      expect(message).toContain('The API lists no new task')
    }
    expect(emulator.calls.filter(({ route }) => route === 'download')).toHaveLength(1)
    expect(postsTo(emulator)).toBe(2)
  })

  it('beside ours does not keep ours from being taken up', async () => {
    const { emulator, project, shop, next } = await openLosing(accepted, { faults: [listEnds] })
    await expectLost(shop, project.path('hero.png'))
    emulator.setFaults([])
    await buyElsewhere(emulator, await makePng({ ...size, seed: 2 }))
    const { record } = await next().buy(shop.order(project.path('hero.png')))
    expect(record.task).toBe(emulator.tasks[0]?.id)
    expect(postsTo(emulator)).toBe(2)
  })

  it('that may as well be ours leaves the choice to a person', async () => {
    const { emulator, project, shop, next } = await openLosing(accepted, { faults: [listEnds] })
    await expectLost(shop, project.path('hero.png'))
    emulator.setFaults([])
    await buyElsewhere(emulator, await makePng(size))
    const message = await expectLost(next(), project.path('hero.png'))
    for (const { id } of emulator.tasks) expect(message).toContain(id)
    expect(message).toContain('it cannot be told which')
    expect(postsTo(emulator)).toBe(2)
  })

  it('at work is waited for, since it may as well be ours', async () => {
    const latency = ({ index }: { index: number }): number => (index === 1 ? Infinity : 0)
    const { emulator, project, shop, next } = await openLosing(accepted, {
      latency,
      faults: [listEnds],
    })
    await expectLost(shop, project.path('hero.png'))
    emulator.setFaults([])
    const other = tmpProject({ 'hero.png': await makePng({ ...size, seed: 2 }) })
    const elsewhere = openShop(other, { baseUrl: emulator.url, deadline: 60_000 })
    await errorOf(async () => elsewhere.buy(elsewhere.order(other.path('hero.png'))))
    await expectLost(next(), project.path('hero.png'))
    emulator.complete()
    const { record } = await next().buy(shop.order(project.path('hero.png')))
    expect(record.task).toBe(emulator.tasks[0]?.id)
    expect(postsTo(emulator)).toBe(2)
  })
})

describe('two submissions whose answers are lost', () => {
  const queries = ['magnific=2x&hdr=1', 'magnific=2x&hdr=2']

  /** Two requests for one picture at one size, of which the API accepts so many. */
  async function loseTwo(tasks: number) {
    const faults: Fault[] = [{ route: 'submit', times: 1, ...accepted }, listEnds]
    const opened = await openLosing({ ...accepted, accept: tasks === 2 }, { faults })
    const file = opened.project.path('hero.png')
    for (const query of queries) await expectLost(opened.shop, file, query)
    expect(opened.emulator.tasks).toHaveLength(tasks)
    opened.emulator.setFaults([])
    return { ...opened, file }
  }

  it.each([1, 2])(
    'for one picture at one size are both left to a person, with %i accepted',
    async (tasks) => {
      const { emulator, file, next } = await loseTwo(tasks)
      for (const query of [...queries, ...queries]) {
        const message = await expectLost(next(), file, query)
        for (const { id } of emulator.tasks) expect(message).toContain(id)
      }
      expect(postsTo(emulator)).toBe(2)
    },
  )

  it('for one picture at one size are settled when a person has settled one of them', async () => {
    const { emulator, file, next } = await loseTwo(1)
    const shop = next()
    await voidAttempt(shop, shop.order(file, queries[0]))
    const { from, record } = await shop.buy(shop.order(file, queries[1]))
    expect([from, record.task]).toEqual(['resumed', emulator.tasks[0]?.id])
    expect(record.params.hdr).toBe(2)
    expect(emulator.tasks[0]?.params.hdr).toBe(2)
    expect(postsTo(emulator)).toBe(2)
  })

  it('for two pictures are each taken up as what they are, in whatever order', async () => {
    const { emulator, project, shop, next } = await openLosing(accepted, {
      faults: [{ route: 'submit', ...accepted }, listEnds],
    })
    const other = project.write('other.png', await makePng({ ...size, seed: 2 }))
    const orders = [shop.order(project.path('hero.png')), shop.order(other)]
    for (const { file } of orders) await expectLost(shop, file)
    emulator.setFaults([])
    const build = next()
    const bought = await Promise.all(orders.toReversed().map(async (order) => build.buy(order)))
    expect(bought.map(({ record }) => record.task)).toEqual(
      emulator.tasks.map(({ id }) => id).toReversed(),
    )
    expect(bought.map(({ record }) => record.source.sha256)).toEqual(
      emulator.tasks.map(({ source }) => source.sha256).toReversed(),
    )
    expect(postsTo(emulator)).toBe(2)
  })

  it('for two pictures are each taken up while both are on their way', async () => {
    const { emulator, project, shop } = await openLosing(accepted, {
      faults: [{ route: 'submit', ...accepted }],
    })
    const other = project.write('other.png', await makePng({ ...size, seed: 2 }))
    const orders = [shop.order(project.path('hero.png')), shop.order(other)]
    const bought = await Promise.all(orders.map(async (order) => shop.buy(order)))
    for (const [index, { record }] of bought.entries()) {
      const task = emulator.tasks.find(({ id }) => id === record.task)
      expect(task?.source.sha256).toBe(orders[index]?.sourceHash)
    }
    expect(postsTo(emulator)).toBe(2)
  })

  it('of which one has an owner that nobody can read are both left to a person', async () => {
    const { emulator, project, shop, next } = await openLosing(accepted, { faults: [listEnds] })
    await expectLost(shop, project.path('hero.png'))
    emulator.setFaults([])
    const other = project.write('other.png', await makePng({ ...size, seed: 2 }))
    const order = shop.order(other)
    leaveAttempt(shop, order, { owner: '', decided: 'commit 2026-01-01T00:00:00.000Z\n' })
    const message = await expectLost(next(), project.path('hero.png'))
    expect(message).toContain('it cannot be told which')
    await voidAttempt(shop, order)
    expect((await next().buy(shop.order(project.path('hero.png')))).from).toBe('resumed')
    expect(postsTo(emulator)).toBe(1)
  })

  it('of which one has a thumbnail that nobody can read are both left to a person', async () => {
    const { emulator, project, shop, next } = await openLosing(accepted, { faults: [listEnds] })
    await expectLost(shop, project.path('hero.png'))
    emulator.setFaults([])
    const other = project.write('other.png', await makePng({ ...size, seed: 2 }))
    const order = shop.order(other)
    const owner = await describeOwner(shop, order, spawnEnded(), [])
    leaveAttempt(shop, order, {
      owner: owner.replace(/"thumbnail":"[^"]+"/, '"thumbnail":"AAAA"'),
      decided: 'commit 2026-01-01T00:00:00.000Z\n',
    })
    await expectLost(next(), project.path('hero.png'))
    expect(postsTo(emulator)).toBe(1)
  })
})
