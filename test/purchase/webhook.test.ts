import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { WebhookOption } from '../../src/core/options.ts'
import type { Emulator, EmulatorOptions, WebhookFault } from '../../src/emulator/index.ts'
import { buildInChild } from '../helpers/children.ts'
import { readTree } from '../helpers/canary.ts'
import { postsTo, startEmulator } from '../helpers/emulator.ts'
import { heroProject, optionsFor } from '../helpers/hero.ts'
import { describeImage, makePng } from '../helpers/images.ts'
import { tmpProject } from '../helpers/project.ts'
import type { Project } from '../helpers/project.ts'
import { findClosedPort, startHttpServer } from '../helpers/servers.ts'
import { forgetProcess, openUpscaler } from '../helpers/upscalers.ts'
import type { OpenUpscaler } from '../helpers/upscalers.ts'

const secret = 'a-signing-secret'

/** Each test has an account of its own: what an account has found out, it knows for as long as the process runs. */
let accounts = 0

/** What a test buys with. */
interface Bench {
  emulator: Emulator
  project: Project
  webhook: WebhookOption
  apiKey: string
  names: readonly string[]
  /** The next plugin instance of the account. */
  open: (webhook?: WebhookOption, project?: Project) => OpenUpscaler
}

/** A project of pictures, and an emulator that calls back. */
async function openBench(count: number, options: EmulatorOptions = {}): Promise<Bench> {
  const emulator = await startEmulator(options)
  const webhook = { url: `http://127.0.0.1:${await findClosedPort()}/magnific`, secret }
  const project = await makeProject(count)
  const apiKey = `a-key-of-webhooks-${++accounts}`
  return {
    emulator,
    project,
    webhook,
    apiKey,
    names: Array.from({ length: count }, (_, index) => `${index}.png`),
    open: (given, where = project) =>
      openUpscaler(where, { apiKey, baseUrl: emulator.url, webhook: given, concurrency: 4 }),
  }
}

/** @param seed other projects have other pictures */
async function makeProject(count: number, seed = 0): Promise<Project> {
  const pictures = Array.from({ length: count }, async (_, index) => [
    `${index}.png`,
    await makePng({ seed: seed + index }),
  ])
  return tmpProject(Object.fromEntries(await Promise.all(pictures)) as Record<string, Buffer>)
}

/** Ships all pictures at once, and looks at each. */
async function shipAll(upscaler: OpenUpscaler, names: readonly string[]): Promise<void> {
  const shipped = await Promise.all(names.map(async (name) => upscaler.get(name)))
  for (const { from, file } of shipped) {
    expect(from).toBe('paid')
    expect(await describeImage(readFileSync(file))).toMatchObject({ width: 120, height: 80 })
  }
  await upscaler.end()
}

function statusCalls({ calls }: Emulator): number {
  return calls.filter(({ route }) => route === 'status').length
}

describe('a build that is called back', () => {
  it('asks no more than it has to, whatever is said on the way', async () => {
    const { emulator, names, webhook, open } = await openBench(12, {
      latency: 800,
      webhookSecret: secret,
    })
    const upscaler = open(webhook)
    await shipAll(upscaler, names)
    expect(postsTo(emulator)).toBe(12)
    expect(statusCalls(emulator)).toBeLessThanOrEqual(12 * 1.5)
    expect(emulator.webhooks.map(({ status }) => status).toSorted()).toEqual([
      ...names.map(() => 'COMPLETED'),
      ...names.map(() => 'IN_PROGRESS'),
    ])
    expect(emulator.webhooks.every(({ answered }) => answered === 200)).toBe(true)
    expect(upscaler.log.filter((line) => line.includes('ebhook'))).toEqual([])
    // The port is free again.
    await expect(fetch(webhook.url, { method: 'POST' })).rejects.toThrow()
  })

  it('tells the API where, and nobody else', async () => {
    const { emulator, project, webhook, open } = await openBench(1)
    await shipAll(open({ ...webhook, url: `${webhook.url}?token=of-mine` }), ['0.png'])
    expect(emulator.tasks[0]?.params).toEqual({
      scale_factor: '2x',
      webhook_url: `${webhook.url}?token=of-mine`,
    })
    const kept = JSON.stringify(readTree(project.path('.magnific')))
    for (const secretive of ['webhook', 'of-mine', secret]) expect(kept).not.toContain(secretive)
    // To whom it is the same image.
    forgetProcess(project)
    const next = openUpscaler(project, { apiKey: 'another-key', baseUrl: emulator.url })
    expect((await next.get('0.png')).from).toBe('cached')
    expect(postsTo(emulator)).toBe(1)
  })

  it.each<[string, Omit<WebhookFault, 'route'>, RegExp | undefined]>([
    ['lost', { drop: true }, /No webhook came in time/],
    ['late', { delay: 5000 }, /No webhook came in time/],
    ['repeated', { repeat: 4 }, undefined],
    ['wrapped', { wrap: true }, undefined],
    ['lost now and then', { drop: true, after: 5, times: 3 }, undefined],
    ['out of order', { delay: 500, times: 3 }, undefined],
    ['forged', { forged: true }, /Webhooks are turned away/],
    ['forged now and then', { forged: true, after: 3, times: 2 }, undefined],
    ['stale', { stale: 3600 }, /Webhooks are turned away/],
  ])('has all images where calls are %s', async (_, fault, warning) => {
    const { emulator, names, webhook, open } = await openBench(6, {
      latency: 300,
      webhookSecret: secret,
      faults: [{ route: 'webhook', ...fault }],
    })
    const upscaler = open(webhook)
    await shipAll(upscaler, names)
    expect(postsTo(emulator)).toBe(6)
    const warnings = upscaler.log.filter((line) => line.includes('ebhook'))
    expect(warnings).toEqual(warning ? [expect.stringMatching(warning)] : [])
  })

  it('goes by polling where calls are signed with another secret, and says so once', async () => {
    const { emulator, names, webhook, open } = await openBench(4, {
      latency: 200,
      webhookSecret: 'another',
    })
    const upscaler = open(webhook)
    await shipAll(upscaler, names)
    expect(postsTo(emulator)).toBe(4)
    expect(emulator.webhooks.some(({ answered }) => answered === 401)).toBe(true)
    expect(upscaler.log.filter((line) => line.includes('ebhook'))).toEqual([
      expect.stringMatching(/^magnific: Webhooks are turned away/),
    ])
  })

  it('goes by polling where the port is in use, and says so once', async () => {
    const { emulator, names, open } = await openBench(4, { latency: 200 })
    const server = await startHttpServer(() => ({ status: 404 }))
    const upscaler = open({ url: `${server.url}/magnific` })
    await shipAll(upscaler, names)
    expect(postsTo(emulator)).toBe(4)
    expect(upscaler.log.filter((line) => line.includes('ebhook'))).toEqual([
      expect.stringMatching(/^magnific: Webhooks cannot come in: port \d+ of 127.0.0.1 is in use/),
    ])
  })

  it('says that there is no key as it does without', async () => {
    const { emulator, project, webhook } = await openBench(1)
    const upscaler = openUpscaler(project, { apiKey: undefined, baseUrl: emulator.url, webhook })
    await expect(upscaler.get('0.png')).rejects.toThrow('there is no API key')
  })

  it('asks about what an earlier one submitted as often as ever', async () => {
    const bench = await openBench(2, { latency: Infinity, webhookSecret: secret })
    const { emulator, project, webhook, apiKey, open } = bench
    const earlier = openUpscaler(project, { apiKey: `${apiKey}-before`, baseUrl: emulator.url })
    const early = earlier.get('0.png')
    await emulator.until(() => emulator.tasks.length === 1)
    forgetProcess(project)
    const upscaler = open(webhook)
    const called = upscaler.get('1.png')
    await emulator.until(() => emulator.tasks.length === 2)
    emulator.complete(emulator.tasks[1]?.id)
    expect((await called).from).toBe('paid')
    // From now on, its own tasks would hardly be asked about.
    const resumed = upscaler.get('0.png')
    const asked = (): number =>
      emulator.calls.filter(
        ({ route, taskId, headers }) =>
          route === 'status' &&
          taskId === emulator.tasks[0]?.id &&
          headers['x-freepik-api-key'] === apiKey,
      ).length
    await emulator.until(() => asked() > 4)
    emulator.complete()
    expect((await resumed).from).toBe('resumed')
    await early
    expect(postsTo(emulator)).toBe(2)
  })
})

describe('two builds of one process', () => {
  it('share a listener', async () => {
    const bench = await openBench(3, { latency: 600, webhookSecret: secret })
    const { emulator, names, webhook, open } = bench
    const other = await makeProject(3, 100)
    const builds = [open(webhook), open({ ...webhook }, other)]
    await Promise.all(builds.map(async (upscaler) => shipAll(upscaler, names)))
    expect(postsTo(emulator)).toBe(6)
    expect(statusCalls(emulator)).toBeLessThanOrEqual(12)
    expect(emulator.webhooks.every(({ answered }) => answered === 200)).toBe(true)
    expect(builds.flatMap(({ log }) => log.filter((line) => line.includes('ebhook')))).toEqual([])
  })

  it('with different options go by the first, and one of them says so once', async () => {
    const { emulator, names, webhook, open } = await openBench(2, { webhookSecret: secret })
    const elsewhere = { ...webhook, url: `http://127.0.0.1:${await findClosedPort()}/other` }
    const builds = [open(webhook)]
    await shipAll(builds[0], names)
    for (const [index, given] of [elsewhere, undefined, webhook].entries()) {
      const upscaler = open(given, await makeProject(2, 200 + 2 * index))
      builds.push(upscaler)
      await shipAll(upscaler, names)
    }
    expect(new Set(emulator.tasks.map(({ params }) => params['webhook_url']))).toEqual(
      new Set([webhook.url]),
    )
    expect(emulator.webhooks.every(({ answered }) => answered === 200)).toBe(true)
    expect(builds.map(({ log }) => log.filter((line) => line.includes('`webhook`')))).toEqual([
      [],
      [expect.stringMatching(/^magnific: Two plugins of this process use one API key/)],
      [],
      [],
    ])
  })
})

describe('a real build', () => {
  it('with Vite is called back, and ends by itself', async () => {
    const emulator = await startEmulator({ latency: 600, webhookSecret: secret })
    const project = await heroProject('./hero.png?magnific=2x', './hero.png?magnific=4x')
    const url = `http://127.0.0.1:${await findClosedPort()}/magnific`
    const { code, output } = await buildInChild(
      'vite',
      project,
      { ...optionsFor(emulator), webhook: { url } },
      { MAGNIFIC_WEBHOOK_SECRET: secret },
    ).ended
    expect(code).toBe(0)
    expect(output).toContain('2 images · 2 paid')
    expect(output).not.toMatch(/webhook/i)
    expect(postsTo(emulator)).toBe(2)
    expect(statusCalls(emulator)).toBeLessThanOrEqual(4)
    const answers = emulator.webhooks.map(({ status, answered }) => `${status} ${answered}`)
    expect(answers.toSorted()).toEqual([
      'COMPLETED 200',
      'COMPLETED 200',
      'IN_PROGRESS 200',
      'IN_PROGRESS 200',
    ])
  })
})
