import { describe, expect, it } from 'vitest'
import type { Emulator, EmulatorOptions } from '../../src/emulator/index.ts'
import type { Options } from '../../src/core/options.ts'
import { postsTo, startEmulator } from '../helpers/emulator.ts'
import { errorOf } from '../helpers/errors.ts'
import { makePng } from '../helpers/images.ts'
import { processOf, spawnEnded, spawnSleeper } from '../helpers/processes.ts'
import { tmpProject } from '../helpers/project.ts'
import type { Project } from '../helpers/project.ts'
import { openShop } from '../helpers/shop.ts'
import type { Shop, ShopSettings } from '../helpers/shop.ts'
import { openUpscaler } from '../helpers/upscalers.ts'
import type { OpenUpscaler } from '../helpers/upscalers.ts'

/** A project with pictures `src/0.png`, `src/1.png`, …, each ~€0.10 at 2x and ~€0.20 at 4x, and an API. */
async function open(
  pictures: number,
  options: EmulatorOptions = {},
): Promise<{
  emulator: Emulator
  project: Project
  names: string[]
  start: (budget: Options['budget']) => OpenUpscaler
  shop: (settings: Partial<ShopSettings>) => Shop
}> {
  const emulator = await startEmulator(options)
  const project = tmpProject()
  const names = Array.from({ length: pictures }, (_, seed) => `src/${seed}.png`)
  for (const [seed, name] of names.entries()) {
    project.write(name, await makePng({ width: 200, height: 160, seed }))
  }
  return {
    emulator,
    project,
    names,
    start: (budget) => openUpscaler(project, { baseUrl: emulator.url, budget }),
    shop: (settings) => openShop(project, { baseUrl: emulator.url, ...settings }),
  }
}

/** Asks for all pictures at once, as hosts do. What comes of it is in the order in which it comes. */
async function getAll(
  upscaler: OpenUpscaler,
  names: string[],
  query?: string,
): Promise<{ bought: string[]; errors: Error[] }> {
  const bought: string[] = []
  const errors: Error[] = []
  const get = async (name: string): Promise<void> => {
    try {
      const { file, from } = await upscaler.get(name, query)
      if (from === 'paid') bought.push(file)
    } catch (error) {
      errors.push(error as Error)
    }
  }
  await Promise.all(names.map(get))
  return { bought, errors }
}

describe('a build with a budget', () => {
  it('buys what fits, and lists the rest with its estimates in one error', async () => {
    const { emulator, names, start } = await open(5)
    const { bought, errors } = await getAll(start({ tasks: 2 }), names)
    expect(bought).toHaveLength(2)
    expect(errors).toHaveLength(3)
    for (const error of errors) expect(error).toMatchObject({ code: 'BUDGET_EXCEEDED' })
    // The first one is what hosts show.
    const [{ message }] = errors
    const [title, ...lines] = message.split('\n')
    expect(title).toContain('3 images do not fit')
    const listed = lines.slice(0, 3).map((line) => line.trim())
    expect(emulator.tasks).toHaveLength(2)
    for (const line of listed) expect(line).toMatch(/^src\/\d\.png {2}~€0\.10$/)
    const missing = names.filter((name) => listed.includes(`${name}  ~€0.10`))
    expect(missing).toHaveLength(3)
    expect(bought.some((file) => missing.some((name) => file.endsWith(name.slice(4))))).toBe(false)
    expect(message).toContain('budget of 2 tasks (2 tasks, ~€0.20, taken so far)')
    expect(message).toContain('nothing was paid for what is listed (~€0.30 in all')
    expect(message).toContain('Raise the option `budget`, or build again')
    expect(postsTo(emulator)).toBe(2)
  })

  it('keeps what was paid for, and goes on with the next run', async () => {
    const { emulator, project, names, shop } = await open(5)
    for (const [paid, refused] of [
      [2, 3],
      [2, 1],
      [1, 0],
      [0, 0],
    ]) {
      // A process that is over when the next one looks.
      const run = shop({ limits: { tasks: 2 }, self: spawnEnded() })
      const stored = await Promise.all(
        names.map(async (name) =>
          run.context.records.find(run.order(project.path(name)).fingerprint),
        ),
      )
      const missing = names.filter((_, index) => !stored[index])
      const results = await Promise.allSettled(
        missing.map(async (name) => run.buy(run.order(project.path(name)))),
      )
      const count = (status: string): number =>
        results.filter((result) => result.status === status).length
      expect([count('fulfilled'), count('rejected')]).toEqual([paid, refused])
    }
    expect(postsTo(emulator)).toBe(5)
    expect(emulator.tasks).toHaveLength(5)
  })

  it('is one for all builds of a process, such as client and server', async () => {
    const { emulator, names, start } = await open(4)
    const [client, server] = [start({ tasks: 3 }), start({ tasks: 3 })]
    expect((await getAll(client, names.slice(0, 2))).errors).toEqual([])
    await client.end()
    server.begin()
    expect((await getAll(server, names)).errors).toHaveLength(1)
    client.begin()
    expect((await getAll(client, names)).errors).toHaveLength(1)
    expect(postsTo(emulator)).toBe(3)
  })

  it('counts euros by what each image is estimated at', async () => {
    const { emulator, names, start } = await open(3)
    const upscaler = start({ euros: 0.5 })
    expect((await getAll(upscaler, names.slice(0, 2), 'magnific=4x')).bought).toHaveLength(2)
    const error = await errorOf(async () => upscaler.get(names[2], 'magnific=4x'))
    expect(error.message).toContain('1 image does not fit into the budget of €0.50')
    expect(error.message).toContain('src/2.png  ~€0.20')
    expect((await upscaler.get(names[2], 'magnific=2x')).from).toBe('paid')
    expect(postsTo(emulator)).toBe(3)
  })

  it('counts euros by the prices that the options tell', async () => {
    const { emulator, names, project } = await open(3)
    const upscaler = openUpscaler(project, {
      baseUrl: emulator.url,
      budget: { euros: 3 },
      prices: [{ upToMegapixels: 0.1, euros: 0.5 }, { euros: 1.5 }],
    })
    // 0.032 megapixels, then 0.128
    expect(await upscaler.get(names[0], 'magnific=4x')).toMatchObject({ from: 'paid' })
    const error = await errorOf(async () => upscaler.get(names[1], 'magnific=4x'))
    expect(error.message).toContain('src/1.png  ~€2.00')
    expect((await upscaler.get(names[2], 'magnific=2x')).from).toBe('paid')
    expect(postsTo(emulator)).toBe(2)
  })

  it('of nothing buys nothing, and asks the API nothing', async () => {
    const { emulator, names, start } = await open(2)
    for (const budget of [{ tasks: 0 }, { euros: 0 }]) {
      expect((await getAll(start(budget), names)).errors).toHaveLength(2)
    }
    expect(emulator.calls).toHaveLength(0)
  })

  it('gets what is cached, pending or lost for nothing', async () => {
    const { emulator, project, names, start, shop } = await open(2)
    await start({}).get(names[0])
    const earlier = shop({ deadline: 1000 })
    emulator.setFaults([{ route: 'status', status: 503 }])
    await errorOf(async () => earlier.buy(earlier.order(project.path(names[1]))))
    emulator.setFaults([])
    const upscaler = start({ tasks: 0 })
    expect((await upscaler.get(names[0])).from).toBe('cached')
    expect((await upscaler.get(names[1])).from).toBe('resumed')
    expect(postsTo(emulator)).toBe(2)
  })

  it('lists an image once that several modules want', async () => {
    const { emulator, names, start } = await open(1)
    const upscaler = start({ tasks: 0 })
    const queries = ['magnific=2x', 'magnific=2x&hdr=0']
    const results = await Promise.allSettled(
      queries.map(async (query) => upscaler.get(names[0], query)),
    )
    const messages = results.map((result) =>
      result.status === 'rejected' ? (result.reason as Error).message : '',
    )
    expect(messages.filter((message) => message.includes('1 image does not fit'))).toHaveLength(1)
    expect(messages.join('\n')).toContain('~€0.10 in all')
    expect(emulator.calls).toHaveLength(0)
  })

  it('has the budget that was raised, in the same process', async () => {
    const { emulator, names, start } = await open(4)
    expect((await getAll(start({ tasks: 1 }), names)).errors).toHaveLength(3)
    expect((await getAll(start({ tasks: 5 }), names)).errors).toEqual([])
    expect(emulator.tasks).toHaveLength(4)
  })
})

describe('several processes with budgets on one cache directory', () => {
  it.each([
    [{ tasks: 3 }, 3],
    [{ euros: 0.55 }, 5],
  ])('buy no more than %j together, whoever is first', async (limits, most) => {
    const { emulator, project, names, shop } = await open(8)
    const shops = Array.from({ length: 4 }, (_, index) =>
      shop({ limits, self: processOf({ pid: index + 1, host: `host-${index}` }), concurrency: 3 }),
    )
    // Each wants pictures of its own, so that none waits for another one.
    const results = await Promise.allSettled(
      names.map(async (name, index) => {
        const buyer = shops[index % shops.length]
        return buyer.buy(buyer.order(project.path(name)))
      }),
    )
    const refused = results.flatMap((result) =>
      result.status === 'rejected' ? [result.reason as Error] : [],
    )
    expect(emulator.tasks).toHaveLength(most)
    expect(postsTo(emulator)).toBe(most)
    expect(refused).toHaveLength(names.length - most)
    for (const error of refused) expect(error).toMatchObject({ code: 'BUDGET_EXCEEDED' })
  })

  it('count what one of them took for as long as it runs', async () => {
    const { emulator, project, names, shop } = await open(3)
    const limits = { tasks: 1 }
    const running = await spawnSleeper()
    const first = shop({ limits, self: running })
    await first.buy(first.order(project.path(names[0])))
    const second = shop({ limits })
    const error = await errorOf(async () => second.buy(second.order(project.path(names[1]))))
    expect(error.code).toBe('BUDGET_EXCEEDED')
    expect(error.message).toContain('budget of 1 task (1 task, ~€0.10, taken so far)')
    await running.kill()
    const third = shop({ limits })
    expect((await third.buy(third.order(project.path(names[1])))).from).toBe('paid')
    expect(postsTo(emulator)).toBe(2)
  })

  it('follow the task of another one for nothing', async () => {
    const { emulator, project, names, shop } = await open(1)
    const [first, second] = ['a', 'b'].map((host) =>
      shop({ limits: { tasks: host === 'a' ? 1 : 0 }, self: processOf({ host }) }),
    )
    await first.buy(first.order(project.path(names[0])))
    expect((await second.buy(second.order(project.path(names[0])))).from).toBe('resumed')
    expect(postsTo(emulator)).toBe(1)
  })
})

describe('what a budget was taken for', () => {
  it.each([400, 413])('and was refused with %i is free for another picture', async (status) => {
    const { emulator, project, names, shop } = await open(3)
    emulator.setFaults([{ route: 'submit', status, times: 1 }])
    const buyer = shop({ limits: { tasks: 1 } })
    const order = (index: number) => buyer.order(project.path(names[index]))
    expect((await errorOf(async () => buyer.buy(order(0)))).code).toBe('API_REFUSED')
    expect((await buyer.buy(order(1))).from).toBe('paid')
    expect((await errorOf(async () => buyer.buy(order(2)))).code).toBe('BUDGET_EXCEEDED')
    expect(emulator.tasks).toHaveLength(1)
    expect(postsTo(emulator)).toBe(2)
  })

  it('and has to come back later is taken once for all tries', async () => {
    const { emulator, project, names, shop } = await open(1)
    emulator.setFaults([
      { route: 'submit', status: 503, times: 3 },
      { route: 'submit', cut: 'before-read', times: 2, after: 3 },
    ])
    const buyer = shop({ limits: { tasks: 1, euros: 0.1 } })
    expect((await buyer.buy(buyer.order(project.path(names[0])))).from).toBe('paid')
    expect(emulator.tasks).toHaveLength(1)
  })

  it('and was aborted before the last byte is free for another picture', async () => {
    const reason = new Error('The build is over.')
    const controller = new AbortController()
    const { emulator, project, names, shop } = await open(1)
    const large = project.write('large.png', await makePng({ width: 1000, height: 1000 }))
    emulator.setFaults([
      { route: 'submit', when: () => Boolean(controller.abort(reason)), times: 1 },
    ])
    const buyer = shop({ limits: { tasks: 1 } })
    await expect(buyer.buy(buyer.order(large), controller.signal)).rejects.toBe(reason)
    expect(emulator.tasks).toHaveLength(0)
    expect((await buyer.buy(buyer.order(project.path(names[0])))).from).toBe('paid')
    expect(emulator.tasks).toHaveLength(1)
  })

  it('and may have been charged for is not free', async () => {
    const { emulator, project, names, shop } = await open(2, { list: false })
    emulator.setFaults([{ route: 'submit', status: 500, accept: true, times: 1 }])
    const buyer = shop({ limits: { tasks: 1 } })
    const order = (index: number) => buyer.order(project.path(names[index]))
    expect((await errorOf(async () => buyer.buy(order(0)))).code).toBe('SUBMIT_AMBIGUOUS')
    expect((await errorOf(async () => buyer.buy(order(1)))).code).toBe('BUDGET_EXCEEDED')
    expect(postsTo(emulator)).toBe(1)
  })

  it('and failed by the API is not free', async () => {
    const { emulator, project, names, shop } = await open(2)
    emulator.setFaults([{ route: 'submit', outcome: 'FAILED', times: 1 }])
    const buyer = shop({ limits: { tasks: 1 } })
    const order = (index: number) => buyer.order(project.path(names[index]))
    expect((await errorOf(async () => buyer.buy(order(0)))).code).toBe('TASK_FAILED')
    expect((await errorOf(async () => buyer.buy(order(1)))).code).toBe('BUDGET_EXCEEDED')
    expect(postsTo(emulator)).toBe(1)
  })
})
