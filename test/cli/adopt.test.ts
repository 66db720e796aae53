import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openDesk, shortOf } from '../helpers/cli.ts'
import type { Desk } from '../helpers/cli.ts'
import { postsTo } from '../helpers/emulator.ts'
import { errorOf } from '../helpers/errors.ts'
import { makePng } from '../helpers/images.ts'
import { buyElsewhere, size } from '../helpers/losses.ts'
import { tmpProject } from '../helpers/project.ts'
import { attemptFolder, openShop, readAttempts } from '../helpers/shop.ts'

describe('magnific resolve --adopt', () => {
  it('adopts a task that the account shows: the next build fetches it', async () => {
    const { emulator, order, next, magnific } = await openDesk({
      cut: 'after-request',
      accept: true,
    })
    await errorOf(async () => next().buy(order))
    const task = emulator.tasks[0]?.id ?? ''
    const { code, stdout } = await magnific('resolve', shortOf(order), '--adopt', task)
    expect(code).toBe(0)
    expect(stdout).toContain(`is task ${task} (the API says: completed)`)
    expect((await next().buy(order)).from).toBe('resumed')
    expect(postsTo(emulator)).toBe(1)
  })

  it('refuses a task that the API does not know, and one of another image', async () => {
    const { emulator, project, order, next, magnific } = await openDesk({ status: 500, times: 1 })
    await errorOf(async () => next().buy(order))
    const unknown = await magnific('resolve', shortOf(order), '--adopt', 'no-such-task')
    expect(unknown.code).toBe(1)
    expect(unknown.stderr).toContain('The API does not know task no-such-task')
    await next().buy(next().order(project.path('src/hero.png'), 'magnific=4x'))
    const task = emulator.tasks[0]?.id ?? ''
    const another = await magnific('resolve', shortOf(order), `--adopt=${task}`)
    expect(another.code).toBe(1)
    expect(another.stderr).toContain(`Task ${task} is that of `)
    expect((await errorOf(async () => next().buy(order))).code).toBe('SUBMIT_AMBIGUOUS')
  })

  it.each(['', '{"subject":{}}'])('adopts unseen only when forced to: owner %j', async (owner) => {
    const { emulator, order, next, magnific } = await openDesk({ status: 500, times: 1 })
    await errorOf(async () => next().buy(order))
    writeFileSync(join(attemptFolder(next(), order), 'owner'), owner)
    const task = await buyElsewhere(emulator, await makePng({ ...size, seed: 5 }))
    const refused = await magnific('resolve', shortOf(order), '--adopt', task)
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('--force adopts it unseen')
    expect((await magnific('resolve', shortOf(order), '--adopt', task, '--force')).code).toBe(0)
  })

  it('takes ids as they are typed, also where they look like numbers', async () => {
    const { order, next, magnific } = await openDesk({ status: 500 })
    await errorOf(async () => next().buy(order))
    const { stderr } = await magnific('resolve', shortOf(order), '--adopt', '0012')
    expect(stderr).toContain('The API does not know task 0012')
  })

  it.each<[string, (desk: Desk) => Promise<string>, RegExp]>([
    [
      'shows another picture',
      async ({ emulator }) => buyElsewhere(emulator, await makePng({ ...size, seed: 5 })),
      /shows another picture than src\/hero\.png, or has another size/,
    ],
    [
      'has another size',
      async ({ emulator, project }) =>
        buyElsewhere(emulator, readFileSync(project.path('src/hero.png')), 'magnific=4x'),
      /shows another picture than src\/hero\.png, or has another size/,
    ],
    [
      'is still at work',
      async ({ emulator, project }) => {
        emulator.setFaults([{ route: 'submit', outcome: 'STUCK' }])
        const elsewhere = tmpProject({ 'hero.png': readFileSync(project.path('src/hero.png')) })
        const shop = openShop(elsewhere, { baseUrl: emulator.url, deadline: 10_000 })
        await errorOf(async () => shop.buy(shop.order(elsewhere.path('hero.png'))))
        return emulator.tasks[0]?.id ?? ''
      },
      /is still at work, or cannot be looked at/,
    ],
    [
      'cannot be asked about',
      async ({ emulator, project }) => {
        const task = await buyElsewhere(emulator, readFileSync(project.path('src/hero.png')))
        emulator.setFaults([{ route: 'status', status: 500 }])
        return task
      },
      /The API cannot be asked about task .*HTTP 500/,
    ],
  ])('refuses a task that %s, unless it is told to', async (_, prepare, why) => {
    const desk = await openDesk({ status: 500, times: 1 })
    const { emulator, order, next, magnific } = desk
    await errorOf(async () => next().buy(order))
    const task = await prepare(desk)
    const refused = await magnific('resolve', shortOf(order), '--adopt', task)
    expect([refused.code, refused.stdout]).toEqual([1, ''])
    expect(refused.stderr).toMatch(why)
    expect(refused.stderr).toContain('--force')
    expect(readAttempts(next(), order)['0001']).not.toHaveProperty('task')
    expect((await magnific('resolve', shortOf(order), '--adopt', task, '--force')).code).toBe(0)
    expect(readAttempts(next(), order)['0001']?.task).toBe(`${task}\n`)
    expect(postsTo(emulator)).toBe(2)
  })

  it('refuses to ask another service than the one it was submitted to, before any call', async () => {
    const { emulator, order, next, magnificWith } = await openDesk({ status: 500, accept: true })
    await errorOf(async () => next().buy(order))
    const calls = emulator.calls.length
    const env = { MAGNIFIC_BASE_URL: 'https://api.magnific.com' }
    const task = emulator.tasks[0]?.id ?? ''
    for (const how of [['--adopt', task], ['--void']]) {
      const { code, stderr } = await magnificWith(env, 'resolve', shortOf(order), ...how)
      expect(code).toBe(1)
      expect(stderr).toContain('It was submitted to local, and this would ask magnific.')
    }
    expect(Object.keys(readAttempts(next(), order)['0001'] ?? {})).toEqual([
      'decided',
      'owner',
      'response',
    ])
    expect(emulator.calls).toHaveLength(calls)
  })
})
