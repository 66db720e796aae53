import { describe, expect, it, onTestFinished } from 'vitest'
import { watcherOf } from '../../src/api/watchers.ts'
import { systemClock } from '../../src/core/clock.ts'
import type { Clock } from '../../src/core/clock.ts'
import type { Emulator, EmulatorOptions } from '../../src/emulator/index.ts'
import { openAccount } from '../../src/purchase/account.ts'
import type { Account } from '../../src/purchase/account.ts'
import { bodyOf } from '../helpers/bodies.ts'
import { startEmulator } from '../helpers/emulator.ts'
import { makePng } from '../helpers/images.ts'
import { findClosedPort } from '../helpers/servers.ts'

const warn = (message: string): never => {
  throw new Error(message)
}

describe('an account', () => {
  it('is one for everybody who has the same key for the same API', () => {
    const baseUrl = 'https://one.example'
    const account = openAccount({ baseUrl, apiKey: 'a-key-of-one', ratePerMinute: 300, warn })
    expect(openAccount({ baseUrl, apiKey: 'a-key-of-one', ratePerMinute: 300, warn })).toBe(account)
    expect(openAccount({ baseUrl, apiKey: 'another-key', ratePerMinute: 300, warn })).not.toBe(
      account,
    )
    const elsewhere = { baseUrl: 'https://two.example', apiKey: 'a-key-of-one', warn }
    expect(openAccount({ ...elsewhere, ratePerMinute: 300 })).not.toBe(account)
    expect(watcherOf(account.client, systemClock)).toBe(account.watcher)
  })

  it('keeps the pace of the most careful of them', () => {
    const options = { baseUrl: 'https://three.example', apiKey: 'a-key', warn }
    const { pace } = openAccount({ ...options, ratePerMinute: 100 })
    openAccount({ ...options, ratePerMinute: 40 })
    openAccount({ ...options, ratePerMinute: 300 })
    expect(pace.rate).toBe(40)
  })
})

/** No wait of it ever ends by itself. */
const stoppedClock: Clock = {
  now: systemClock.now,
  sleep: async (_, signal) =>
    new Promise((_resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason as Error))
    }),
}

/** An account that is called back until the test ends; by default, one that never asks because of a timer. */
async function openCalled(
  options: EmulatorOptions,
  clock = stoppedClock,
): Promise<{ emulator: Emulator; account: Account; url: string; submit: () => Promise<string> }> {
  const emulator = await startEmulator({ list: false, ...options })
  const port = await findClosedPort()
  const url = `http://127.0.0.1:${port}/magnific`
  const account = openAccount({
    baseUrl: emulator.url,
    apiKey: `a-key-that-is-called-back-${port}`,
    ratePerMinute: 300,
    webhook: { url, port, host: '127.0.0.1', secret: undefined },
    warn,
    clock,
  })
  onTestFinished(await account.listen())
  const png = await makePng()
  const submit = async (): Promise<string> => {
    const image = bodyOf(png)
    const params = { scale_factor: '2x' } as const
    const { body } = await account.client.submit({ image, params, beforeLastByte: async () => {} })
    return (JSON.parse(body) as { data: { task_id: string } }).data.task_id
  }
  return { emulator, account, url, submit }
}

function routesOf({ calls }: Emulator): string[] {
  return calls.map(({ route }) => route)
}

describe('an account that is called back', () => {
  it('asks about a task when it is called, without any timer', async () => {
    const { emulator, account, submit } = await openCalled({ latency: Infinity })
    const task = await submit()
    const done = account.watcher.watch(task, { deadline: 60_000, isOwn: true })
    expect(routesOf(emulator)).toEqual(['submit'])
    emulator.complete()
    expect(await done).toMatchObject({ task, status: 'completed' })
    expect(routesOf(emulator)).toEqual(['submit', 'status'])
  })

  it('hears a call that overtakes the answer to the submission', async () => {
    const { emulator, account, submit } = await openCalled({
      latency: 0,
      faults: [{ route: 'submit', delay: 300 }],
    })
    const submitted = submit()
    await emulator.until(() => emulator.webhooks.at(-1)?.answered === 200)
    expect(emulator.calls[0]?.answered).toBe(false)
    const task = await submitted
    await account.watcher.watch(task, { deadline: 60_000, isOwn: true })
    expect(routesOf(emulator)).toEqual(['submit', 'status'])
  })

  it.each(['CREATED', 'IN_PROGRESS'])('does not ask because a task is %s', async (status) => {
    const { emulator, account, url, submit } = await openCalled({ latency: Infinity })
    const task = await submit()
    const done = account.watcher.watch(task, { deadline: 60_000, isOwn: true })
    const body = JSON.stringify({ task_id: task, status, generated: [] })
    expect((await fetch(url, { method: 'POST', body })).status).toBe(200)
    // Whatever was asked is on its way before this.
    await account.client.listTasks(1)
    expect(routesOf(emulator)).toEqual(['submit', 'list'])
    emulator.complete()
    await done
    expect(routesOf(emulator)).toEqual(['submit', 'list', 'status'])
  })

  it('believes nothing of what a call says', async () => {
    const { emulator, account, url, submit } = await openCalled({ latency: Infinity }, systemClock)
    const task = await submit()
    const done = account.watcher.watch(task, { deadline: 60_000, isOwn: true })
    const generated = ['http://127.0.0.1:1/forged.png']
    for (const status of ['COMPLETED', 'FAILED']) {
      const body = JSON.stringify({ task_id: task, status, generated, error: 'no' })
      expect((await fetch(url, { method: 'POST', body })).status).toBe(200)
    }
    await emulator.until(() => emulator.calls.at(-1)?.route === 'status')
    expect(account.watcher.isWatching(task)).toBe(true)
    emulator.complete()
    const state = await done
    expect(state.status).toBe('completed')
    expect(state.generated).not.toEqual(generated)
  })
})
