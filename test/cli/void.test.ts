import { rmSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { openDesk, shortOf } from '../helpers/cli.ts'
import { postsTo } from '../helpers/emulator.ts'
import { errorOf } from '../helpers/errors.ts'
import { forgetProcess, openUpscaler } from '../helpers/upscalers.ts'
import { describeOwner, leaveAttempt, readAttempts } from '../helpers/shop.ts'

describe('magnific resolve --void', () => {
  it('asks nobody but the service that the record names, where the journal is lost', async () => {
    const { emulator, project, order, next, magnificWith } = await openDesk()
    await next().buy(order)
    for (const folder of ['blobs', 'journal']) {
      rmSync(project.path('.magnific/v1', folder), { recursive: true })
    }
    const calls = emulator.calls.length
    const env = { MAGNIFIC_BASE_URL: 'https://api.magnific.com' }
    const { code, stderr } = await magnificWith(env, 'resolve', shortOf(order), '--void')
    expect(code).toBe(1)
    expect(stderr).toContain('It was submitted to local, and this would ask magnific.')
    expect(emulator.calls).toHaveLength(calls)
  })

  it('voids what the account does not show: the next build buys', async () => {
    const { emulator, order, next, magnific } = await openDesk({ status: 500, times: 1 })
    await errorOf(async () => next().buy(order))
    expect((await magnific('resolve', shortOf(order), '--void')).code).toBe(0)
    expect((await next().buy(order)).from).toBe('paid')
    expect(postsTo(emulator)).toBe(2)
    expect(emulator.tasks).toHaveLength(1)
  })

  it('does not void a task that the API knows, unless it is told to', async () => {
    const { emulator, order, next, magnific } = await openDesk({ outcome: 'STUCK' })
    await errorOf(async () => next().buy(order))
    const refused = await magnific('resolve', shortOf(order), '--void')
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain(`Task ${emulator.tasks[0]?.id} is paid for`)
    expect((await magnific('resolve', shortOf(order), '--void', '--force')).code).toBe(0)
    emulator.setFaults([])
    expect((await next().buy(order)).from).toBe('paid')
    expect(emulator.tasks).toHaveLength(2)
  })

  it('voids a task that the API has forgotten, also where its result was stored once', async () => {
    const { emulator, project, order, next, magnific } = await openDesk()
    const { record } = await next().buy(order)
    for (const folder of ['blobs', 'journal']) {
      rmSync(project.path('.magnific/v1', folder), { recursive: true })
    }
    emulator.setFaults([{ route: 'status', status: 404 }])
    const lost = { ...order, knownTask: record.task }
    const { code, message } = await errorOf(async () => next().buy(lost))
    expect(code).toBe('TASK_UNKNOWN')
    expect(message).toContain(`npx magnific resolve ${shortOf(order)} --void`)
    expect((await magnific('resolve', shortOf(order), '--void')).code).toBe(0)
    emulator.setFaults([])
    expect((await next().buy(lost)).from).toBe('paid')
  })

  it('does not void what is stored and shipped: it says what to delete, and then it does', async () => {
    const { emulator, project, order, next, magnific } = await openDesk()
    const start = (): ReturnType<typeof openUpscaler> => {
      forgetProcess(project)
      return openUpscaler(project, { baseUrl: emulator.url })
    }
    await start().get('src/hero.png', 'magnific=2x&hdr=3')
    const { context, layout } = next()
    const record = context.records.path(order.fingerprint)
    for (const force of [[], ['--force']]) {
      const { code, stderr } = await magnific('resolve', shortOf(order), '--void', ...force)
      expect(code).toBe(1)
      expect(stderr).toContain(`delete ${record} and ${layout.variants}, and come back`)
    }
    rmSync(record)
    rmSync(layout.variants, { recursive: true })
    // The task is known to the API, and the paid bytes are here: the next build would take them up.
    const known = await magnific('resolve', shortOf(order), '--void')
    expect(known.stderr).toContain(`Task ${emulator.tasks[0]?.id} is paid for`)
    expect((await magnific('resolve', shortOf(order), '--void', '--force')).code).toBe(0)
    expect((await start().get('src/hero.png', 'magnific=2x&hdr=3')).from).toBe('paid')
    expect(postsTo(emulator)).toBe(2)
  })

  it('voids a task that the record alone knows, beside an older attempt that was never paid', async () => {
    const { emulator, project, order, next, magnific } = await openDesk()
    const { record } = await next().buy(order)
    for (const folder of ['blobs', 'journal']) {
      rmSync(project.path('.magnific/v1', folder), { recursive: true })
    }
    leaveAttempt(next(), order, {
      owner: await describeOwner(next(), order, {}),
      decided: 'abandon 2026-01-01T00:00:00.000Z\n',
    })
    emulator.setFaults([{ route: 'status', status: 404 }])
    const { code, stderr } = await magnific('resolve', shortOf(order), '--void')
    expect([code, stderr]).toEqual([0, ''])
    const attempts = readAttempts(next(), order)
    expect(Object.keys(attempts)).toEqual(['0001', '0002'])
    expect(Object.keys(attempts['0001'] ?? {})).toEqual(['decided', 'owner'])
    expect(attempts['0002']).toMatchObject({ task: `${record.task}\n`, void: expect.any(String) })
    emulator.setFaults([])
    expect((await next().buy({ ...order, knownTask: record.task })).from).toBe('paid')
    expect(postsTo(emulator)).toBe(2)
  })
})
