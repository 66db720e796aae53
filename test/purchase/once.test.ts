import { readFileSync, rmSync } from 'node:fs'
import { basename } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Emulator, EmulatorOptions } from '../../src/emulator/index.ts'
import { createLayout } from '../../src/store/layout.ts'
import { readTree } from '../helpers/canary.ts'
import { postsTo, startEmulator } from '../helpers/emulator.ts'
import { errorOf } from '../helpers/errors.ts'
import { describeImage, makePng } from '../helpers/images.ts'
import { tmpProject } from '../helpers/project.ts'
import type { Project } from '../helpers/project.ts'
import { openShop, readAttempts } from '../helpers/shop.ts'
import { openUpscaler } from '../helpers/upscalers.ts'
import type { OpenUpscaler } from '../helpers/upscalers.ts'
import { hurryClock } from '../helpers/clock.ts'

/** A project with pictures `0.png`, `1.png`, …, and an API. */
async function open(
  pictures: number,
  options: EmulatorOptions = {},
): Promise<{ emulator: Emulator; project: Project; start: () => OpenUpscaler }> {
  const emulator = await startEmulator(options)
  const project = tmpProject()
  for (let seed = 0; seed < pictures; seed++) {
    project.write(`${seed}.png`, await makePng({ width: 200, height: 160, seed }))
  }
  return { emulator, project, start: () => openUpscaler(project, { baseUrl: emulator.url }) }
}

/** Whether somebody has asked for the status of a task. */
function isAsked({ calls }: Emulator): boolean {
  return calls.some(({ route }) => route === 'status')
}

describe('many who want the same picture', () => {
  it('in one build pay once', async () => {
    const { emulator, start } = await open(1)
    const upscaler = start()
    const variants = await Promise.all(Array.from({ length: 8 }, async () => upscaler.get('0.png')))
    expect(new Set(variants.map(({ file }) => file)).size).toBe(1)
    expect(variants.filter(({ from }) => from === 'paid')).toHaveLength(1)
    expect(postsTo(emulator)).toBe(1)
  })

  it('in two builds of one process, on the same cache directory, pay once', async () => {
    const { emulator, start } = await open(1, { latency: Infinity })
    const builds = [start(), start()]
    const working = Promise.all(builds.map(async (build) => build.get('0.png')))
    await emulator.until(() => emulator.tasks.length === 1)
    emulator.complete()
    const variants = await working
    expect(variants[0]?.file).toBe(variants[1]?.file)
    expect(variants.map(({ from }) => from).toSorted()).toEqual(['cached', 'paid'])
    expect(postsTo(emulator)).toBe(1)
    expect(emulator.calls.filter(({ route }) => route === 'download')).toHaveLength(1)
  })

  it('under other names, or in other directories of one cache, pay once', async () => {
    const { emulator, project, start } = await open(1)
    project.write('copies/renamed.png', readFileSync(project.path('0.png')))
    const upscaler = start()
    await Promise.all([upscaler.get('0.png'), upscaler.get('copies/renamed.png')])
    expect(postsTo(emulator)).toBe(1)
  })

  it('at other settings pay for each', async () => {
    const { emulator, start } = await open(1)
    const upscaler = start()
    const queries = [
      'magnific=2x',
      'magnific=4x',
      'magnific=2x&hdr=1',
      'magnific',
      'magnific=2x&hdr=0',
    ]
    await Promise.all(queries.map(async (query) => upscaler.get('0.png', query)))
    expect(emulator.tasks).toHaveLength(3)
  })

  it('one after the other pay once, across builds', async () => {
    const { emulator, start } = await open(1)
    expect((await start().get('0.png')).from).toBe('paid')
    expect((await start().get('0.png')).from).toBe('cached')
    expect(postsTo(emulator)).toBe(1)
  })
})

describe('a build that is aborted', () => {
  it('leaves another build that waits for the same picture alone', async () => {
    const { emulator, start } = await open(1, { latency: Infinity })
    const [first, second] = [start(), start()]
    const aborted = errorOf(async () => first.get('0.png'))
    await emulator.until(() => emulator.tasks.length === 1)
    const waiting = second.get('0.png')
    // A quarter of a second later, with the first status call, the second one has long joined.
    await emulator.until(() => isAsked(emulator))
    await first.abort()
    expect((await aborted).code).toBe('ABORTED')
    emulator.complete()
    const { file, from } = await waiting
    expect(from).toBe('cached')
    expect(await describeImage(readFileSync(file))).toMatchObject({ width: 400, height: 320 })
    expect(postsTo(emulator)).toBe(1)
  })

  it('stops asking when nobody waits any more, and the next one takes the task up', async () => {
    const { emulator, start } = await open(1, { latency: Infinity })
    const first = start()
    const aborted = errorOf(async () => first.get('0.png'))
    await emulator.until(() => isAsked(emulator))
    await first.abort()
    const error = await aborted
    expect(error.code).toBe('ABORTED')
    expect(error.message).toContain('0.png')
    const asked = emulator.calls.length
    emulator.complete()
    const next = start()
    expect((await next.get('0.png')).from).toBe('resumed')
    expect(postsTo(emulator)).toBe(1)
    // The next build's own: a status call and a download.
    expect(emulator.calls.length - asked).toBeLessThanOrEqual(3)
  })

  it('has written down what it submitted, when it is over', async () => {
    let aborting: Promise<void> | undefined
    const { emulator, project, start } = await open(1, {
      latency: () => {
        aborting = first.abort()
        return 0
      },
      faults: [{ route: 'submit', delay: 300 }],
    })
    const first = start()
    const aborted = errorOf(async () => first.get('0.png'))
    await emulator.until(() => aborting !== undefined)
    await aborting
    const files = Object.keys(readTree(project.path('.magnific/v1/journal')))
    expect(files.map((file) => basename(file))).toEqual(['decided', 'owner', 'response', 'task'])
    expect((await aborted).code).toBe('ABORTED')
  })

  it('can begin again', async () => {
    const { emulator, start } = await open(1)
    const upscaler = start()
    await upscaler.abort()
    expect((await errorOf(async () => upscaler.get('0.png'))).code).toBe('ABORTED')
    expect(emulator.calls).toHaveLength(0)
    upscaler.begin()
    expect((await upscaler.get('0.png')).from).toBe('paid')
    expect(emulator.tasks).toHaveLength(1)
  })
})

/** Tasks that nobody has been told of yet that they are done; without latency, the first status call tells it. */
function inFlight({ calls, tasks }: Emulator): number {
  const told = calls.filter(({ route, over }) => route === 'status' && over)
  return tasks.length - new Set(told.map(({ taskId }) => taskId)).size
}

describe('tasks in flight', () => {
  it.each([1, 3])('are never more than concurrency allows: %i', async (concurrency) => {
    const pictures = concurrency * 2 + 1
    let most = 0
    const { emulator, project } = await open(pictures, {
      latency: () => {
        most = Math.max(most, inFlight(emulator))
        return 0
      },
    })
    const upscaler = openUpscaler(project, { baseUrl: emulator.url, concurrency })
    await Promise.all(
      Array.from({ length: pictures }, async (_, seed) => upscaler.get(`${seed}.png`)),
    )
    expect(most).toBe(concurrency)
    expect(emulator.tasks).toHaveLength(pictures)
  })

  it('are counted over all builds of one process on the same cache directory', async () => {
    let most = 0
    const { emulator, project } = await open(6, {
      latency: () => {
        most = Math.max(most, inFlight(emulator))
        return 0
      },
    })
    const builds = [1, 2].map(() =>
      openUpscaler(project, { baseUrl: emulator.url, concurrency: 2 }),
    )
    await Promise.all(
      Array.from({ length: 6 }, async (_, seed) => builds[seed % 2]?.get(`${seed}.png`)),
    )
    expect(most).toBe(2)
    expect(emulator.tasks).toHaveLength(6)
  })
})

describe('a download', () => {
  it('takes no room among the tasks: the next one is submitted while it lasts', async () => {
    const { emulator, project } = await open(2, {
      faults: [{ route: 'download', hang: true, times: 1 }],
    })
    const upscaler = openUpscaler(project, { baseUrl: emulator.url, concurrency: 1 })
    const first = upscaler.get('0.png').catch(() => {})
    await emulator.until(() => emulator.calls.some(({ route }) => route === 'download'))
    await upscaler.get('1.png')
    expect(emulator.tasks).toHaveLength(2)
    await upscaler.abort()
    await first
  })
})

describe('a refused key', () => {
  it('stops a build of ten pictures after those that were on their way', async () => {
    const { emulator, project } = await open(10, { apiKeys: ['another'] })
    const upscaler = openUpscaler(project, { baseUrl: emulator.url, concurrency: 2 })
    const errors = await Promise.all(
      Array.from({ length: 10 }, async (_, seed) =>
        errorOf(async () => upscaler.get(`${seed}.png`)),
      ),
    )
    expect(errors.map(({ code }) => code)).toEqual(Array.from({ length: 10 }, () => 'API_REFUSED'))
    expect(postsTo(emulator)).toBeLessThanOrEqual(2)
    const asked = postsTo(emulator)
    await errorOf(async () => upscaler.get('0.png'))
    expect(postsTo(emulator)).toBe(asked)
    upscaler.begin()
    await errorOf(async () => upscaler.get('0.png'))
    expect(postsTo(emulator)).toBe(asked + 1)
    expect(emulator.tasks).toHaveLength(0)
  })

  it('does not stop what was paid for from being fetched', async () => {
    const { emulator, project, start } = await open(2)
    await start().get('0.png')
    rmSync(project.path('.magnific/v1/variants'), { recursive: true })
    emulator.setFaults([{ route: 'submit', status: 402 }])
    const next = start()
    await errorOf(async () => next.get('1.png'))
    expect((await next.get('0.png')).from).toBe('cached')
  })
})

describe('two processes on one cache directory', () => {
  // Shops share nothing but the disk, as processes do.
  it('pay once when the second one begins while the first one waits for the task', async () => {
    const { emulator, project } = await open(1, { latency: Infinity })
    const settings = { baseUrl: emulator.url, deadline: 2 ** 40 }
    const [first, second] = [openShop(project, settings), openShop(project, settings)]
    const order = first.order(project.path('0.png'))
    const buying = first.buy(order)
    await emulator.until(() => isAsked(emulator))
    const resuming = second.buy(order)
    emulator.complete()
    expect((await buying).from).toBe('paid')
    expect((await resuming).from).toBe('resumed')
    expect(postsTo(emulator)).toBe(1)
    expect(createLayout(project.path('.magnific'))).toEqual(second.layout)
    expect(Object.keys(readAttempts(second, order))).toEqual(['0001'])
  })

  it('pay once when many begin at the same time: one submits, the others follow its task', async () => {
    const { emulator, project } = await open(1)
    // Who follows waits for an answer that takes real time.
    const shops = Array.from({ length: 8 }, () =>
      openShop(project, { baseUrl: emulator.url, clock: hurryClock(8) }),
    )
    const order = shops[0].order(project.path('0.png'))
    const bought = await Promise.all(shops.map(async (shop) => shop.buy(order)))
    expect(bought.map(({ from }) => from).toSorted()).toEqual([
      'paid',
      ...Array.from({ length: 7 }, () => 'resumed'),
    ])
    expect(bought.filter(({ estimate }) => estimate > 0)).toHaveLength(1)
    expect(new Set(bought.map(({ record }) => record.result.sha256)).size).toBe(1)
    await emulator.until(() => emulator.calls.every(({ over }) => over))
    expect(emulator.tasks).toHaveLength(1)
    expect(Object.keys(readAttempts(shops[0], order))).toEqual(['0001'])
  })

  it('pay once when the one that submits is told to come back later', async () => {
    const { emulator, project } = await open(1)
    emulator.setFaults([{ route: 'submit', status: 503, times: 1 }])
    const shops = Array.from({ length: 3 }, () =>
      openShop(project, { baseUrl: emulator.url, clock: hurryClock(8) }),
    )
    const order = shops[0].order(project.path('0.png'))
    const bought = await Promise.all(shops.map(async (shop) => shop.buy(order)))
    expect(bought.filter(({ from }) => from === 'paid')).toHaveLength(1)
    expect(emulator.tasks).toHaveLength(1)
  })

  it.each([
    ['unclear', { status: 500, accept: true }],
    ['lost', { cut: 'after-request', accept: true }],
    ['refused', { status: 402 }],
  ] as const)('pay no second time when the answer to the one is %s', async (_, effect) => {
    const { emulator, project } = await open(1, { list: false })
    emulator.setFaults([{ route: 'submit', ...effect }])
    const shops = Array.from({ length: 4 }, () =>
      openShop(project, { baseUrl: emulator.url, clock: hurryClock(8) }),
    )
    const order = shops[0].order(project.path('0.png'))
    const errors = await Promise.all(
      shops.map(async (shop) => errorOf(async () => shop.buy(order))),
    )
    const { code } = errors[0]
    expect(code).toBe(
      'status' in effect && effect.status === 402 ? 'API_REFUSED' : 'SUBMIT_AMBIGUOUS',
    )
    expect(errors.map((error) => error.code)).toEqual([code, code, code, code])
    expect(emulator.tasks).toHaveLength('accept' in effect ? 1 : 0)
    if ('accept' in effect) expect(postsTo(emulator)).toBe(1)
  })

  it.each([
    ['unclear', { status: 500, accept: true }],
    ['lost', { cut: 'after-request', accept: true }],
  ] as const)(
    'take the one task up when the answer to it is %s, and the API lists it',
    async (_, effect) => {
      const { emulator, project } = await open(1)
      emulator.setFaults([{ route: 'submit', ...effect }])
      const shops = Array.from({ length: 4 }, () =>
        openShop(project, { baseUrl: emulator.url, clock: hurryClock(8) }),
      )
      const order = shops[0].order(project.path('0.png'))
      const bought = await Promise.all(shops.map(async (shop) => shop.buy(order)))
      expect(bought.filter(({ estimate }) => estimate > 0)).toHaveLength(1)
      expect(new Set(bought.map(({ record }) => record.task))).toEqual(
        new Set([emulator.tasks[0]?.id]),
      )
      expect(postsTo(emulator)).toBe(1)
    },
  )
})
