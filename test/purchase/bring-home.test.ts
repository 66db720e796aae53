import { describe, expect, it } from 'vitest'
import { createClient } from '../../src/api/client.ts'
import { bringHome } from '../../src/purchase/bring-home.ts'
import { postsTo, startEmulator } from '../helpers/emulator.ts'
import { errorOf } from '../helpers/errors.ts'
import { makePng } from '../helpers/images.ts'
import { tmpProject } from '../helpers/project.ts'
import { openShop } from '../helpers/shop.ts'

const signal = new AbortController().signal

describe('bringHome', () => {
  it('waits for many tasks in turns: those that never end hold up nobody', async () => {
    const emulator = await startEmulator({
      faults: [{ route: 'submit', outcome: 'STUCK', times: 9 }],
    })
    const names = Array.from({ length: 10 }, (_, index) => `${index}.png`)
    const project = tmpProject()
    for (const [seed, name] of names.entries()) {
      project.write(name, await makePng({ width: 180, height: 160, seed }))
    }
    const shop = openShop(project, { baseUrl: emulator.url, deadline: 1000 })
    for (const name of names.slice(0, 9)) {
      expect((await errorOf(async () => shop.buy(shop.order(project.path(name))))).code).toBe(
        'TASK_PENDING',
      )
    }
    emulator.setFaults([{ route: 'status', status: 503 }])
    await errorOf(async () => shop.buy(shop.order(project.path('9.png'))))
    emulator.setFaults([])

    const { context, clock } = openShop(project, { baseUrl: emulator.url })
    const fingerprints = names.map((name) => shop.order(project.path(name)).fingerprint)
    const client = createClient({ baseUrl: emulator.url, apiKey: 'k' })
    const progress: string[] = []
    const startedAt = clock.now()
    const ended = await bringHome(fingerprints, client, context, {
      giveUpAt: startedAt + 120_000,
      signal,
      onProgress: ({ done, total }) => void progress.push(`${done}/${total}`),
    })
    expect(ended.map(({ kind }) => kind)).toEqual([...Array(9).fill('waiting'), 'fetched'])
    expect(progress.at(-1)).toBe('1/10')
    expect(postsTo(emulator)).toBe(10)
  })

  it('does not ask again and again where the API refuses to tell', async () => {
    const emulator = await startEmulator()
    const project = tmpProject({ 'hero.png': await makePng({ width: 200, height: 160 }) })
    const shop = openShop(project, { baseUrl: emulator.url, deadline: 1000 })
    const order = shop.order(project.path('hero.png'))
    emulator.setFaults([{ route: 'status', status: 401 }])
    await errorOf(async () => shop.buy(order))
    const calls = emulator.calls.length
    const { context, clock } = openShop(project, { baseUrl: emulator.url })
    const client = createClient({ baseUrl: emulator.url, apiKey: 'k' })
    const giveUpAt = clock.now() + 60_000
    const [only] = await bringHome([order.fingerprint], client, context, { giveUpAt, signal })
    expect(only).toMatchObject({ kind: 'stopped', error: { code: 'TASK_PENDING' } })
    expect(emulator.calls).toHaveLength(calls + 1)
  })
})
