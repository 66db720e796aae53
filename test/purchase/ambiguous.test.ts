import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Emulator, Fault, SubmitFault } from '../../src/emulator/index.ts'
import { postsTo, startEmulator } from '../helpers/emulator.ts'
import { errorOf } from '../helpers/errors.ts'
import { makePng } from '../helpers/images.ts'
import type { Project } from '../helpers/project.ts'
import {
  adoptTask,
  attemptFolder,
  commandFor,
  openShop,
  pictureProject,
  readAttempts,
  voidAttempt,
} from '../helpers/shop.ts'
import type { Shop } from '../helpers/shop.ts'

type Effect = Omit<SubmitFault, 'route'>

/** A project with one picture, and an API that lists no tasks and does this to submissions. */
async function open(
  effects: Effect[],
): Promise<{ emulator: Emulator; project: Project; shop: Shop; next: () => Shop }> {
  const faults = effects.map((effect): Fault => ({ route: 'submit', ...effect }))
  const emulator = await startEmulator({ faults, list: false })
  const project = await pictureProject()
  const next = (): Shop => openShop(project, { baseUrl: emulator.url })
  return { emulator, project, shop: next(), next }
}

const lost: [string, Effect][] = [
  ['500', { status: 500 }],
  ['502', { status: 502, body: '<html>Bad Gateway</html>' }],
  ['504', { status: 504, body: '' }],
  ['408', { status: 408 }],
  ['409', { status: 409 }],
  ['an unparsable 200', { body: '<html>OK</html>' }],
  ['an empty 200', { body: '' }],
  ['a 200 without a task', { body: { data: { status: 'CREATED' } } }],
  ['a cut before the answer', { cut: 'after-request' }],
  ['a cut in the answer', { cut: 'mid-response' }],
]
const cases = lost.flatMap(([name, effect]) => [
  { name: `${name}, the task accepted`, effect: { ...effect, accept: true }, tasks: 1 },
  { name: `${name}, no task accepted`, effect: { ...effect, accept: false }, tasks: 0 },
])

describe('a submission whose answer is lost, where the API lists no tasks', () => {
  it.each(cases)('is never sent a second time by itself: $name', async ({ effect, tasks }) => {
    const { emulator, project, shop, next } = await open([effect])
    const order = shop.order(project.path('hero.png'))
    for (const build of [shop, next(), next()]) {
      const error = await errorOf(async () => build.buy(order))
      expect(error.code).toBe('SUBMIT_AMBIGUOUS')
      expect(error.message).toContain('submitted at 2026-01-01T00:00:00.000Z')
      expect(error.message).toContain(
        'What the API listed beforehand is not known, so its list tells nothing.',
      )
      expect(error.message).toContain(commandFor(order, 'resolve', ' --adopt <task id>'))
      expect(error.message).toContain(commandFor(order, 'resolve', ' --void'))
      expect(error.message.split('\n')).toHaveLength(1)
      expect(build.clock.slept).toEqual([])
    }
    expect(postsTo(emulator)).toBe(1)
    expect(emulator.tasks).toHaveLength(tasks)
    expect(Object.keys(readAttempts(shop, order))).toEqual(['0001'])
  })

  it.each(cases.filter(({ tasks }) => tasks === 1))(
    'is taken up once a person names its task: $name',
    async ({ effect }) => {
      const { emulator, project, shop, next } = await open([effect])
      const order = shop.order(project.path('hero.png'))
      await errorOf(async () => shop.buy(order))
      await adoptTask(shop, order, emulator.tasks[0]?.id ?? '')
      const { from, estimate, record } = await next().buy(order)
      expect([from, estimate]).toEqual(['resumed', 0])
      expect(record.task).toBe(emulator.tasks[0]?.id)
      expect((await next().buy(order)).record.task).toBe(emulator.tasks[0]?.id)
      expect(postsTo(emulator)).toBe(1)
    },
  )

  it('is sent anew, as another attempt, once a person says that there is no task', async () => {
    const { emulator, project, shop, next } = await open([{ status: 500, times: 1 }])
    const order = shop.order(project.path('hero.png'))
    await errorOf(async () => shop.buy(order))
    await voidAttempt(shop, order)
    expect((await next().buy(order)).from).toBe('paid')
    expect(postsTo(emulator)).toBe(2)
    expect(emulator.tasks).toHaveLength(1)
    const attempts = readAttempts(shop, order)
    expect(Object.keys(attempts)).toEqual(['0001', '0002'])
    expect(Object.keys(attempts['0001'] ?? {})).toEqual(['decided', 'owner', 'response', 'void'])
  })

  it('is as ambiguous again where the next answer is lost as well', async () => {
    const { emulator, project, shop, next } = await open([{ status: 500, accept: true }])
    const order = shop.order(project.path('hero.png'))
    for (const posts of [1, 2, 3]) {
      expect((await errorOf(async () => next().buy(order))).code).toBe('SUBMIT_AMBIGUOUS')
      expect((await errorOf(async () => next().buy(order))).code).toBe('SUBMIT_AMBIGUOUS')
      expect(postsTo(emulator)).toBe(posts)
      await voidAttempt(shop, order)
    }
  })

  it('has its raw answer on the disk, whatever it was', async () => {
    for (const [body, status] of [
      ['<html>Bad\r\nGateway</html>\n', 502],
      ['{"data":', 200],
      ['', 500],
    ] as const) {
      const { project, shop } = await open([{ body, status }])
      const order = shop.order(project.path('hero.png'))
      await errorOf(async () => shop.buy(order))
      const files = readAttempts(shop, order)['0001'] ?? {}
      expect(files.response).toBe(`HTTP ${status}\n\n${body}`)
      expect(Object.keys(files)).toEqual(['decided', 'owner', 'response'])
    }
  })

  it('has on the disk that none came, so that nobody waits for it', async () => {
    const { emulator, project, shop, next } = await open([{ cut: 'after-request' }])
    const order = shop.order(project.path('hero.png'))
    await errorOf(async () => shop.buy(order))
    expect(readAttempts(shop, order)['0001']?.response).toMatch(/^HTTP 0\n\nno answer came \(.+\)$/)
    const build = next()
    const { message } = await errorOf(async () => build.buy(order))
    expect(message).toMatch(/no answer came \(socket hang up\)/)
    expect(build.clock.slept).toEqual([])
    // Nobody is waited for: the question is asked at once.
    expect(build.warnings).toEqual([])
    expect(postsTo(emulator)).toBe(1)
  })

  it('does not keep other pictures from being bought', async () => {
    const { emulator, project, shop } = await open([{ status: 500, times: 1, accept: true }])
    await errorOf(async () => shop.buy(shop.order(project.path('hero.png'))))
    await shop.buy(shop.order(project.path('hero.png'), 'magnific=4x'))
    expect(emulator.tasks).toHaveLength(2)
  })

  it('is never sent again after refusals that cost nothing either', async () => {
    const { emulator, project, shop, next } = await open([
      { status: 503, times: 2 },
      { cut: 'after-request', accept: true },
    ])
    const order = shop.order(project.path('hero.png'))
    expect((await errorOf(async () => shop.buy(order))).code).toBe('SUBMIT_AMBIGUOUS')
    expect((await errorOf(async () => next().buy(order))).code).toBe('SUBMIT_AMBIGUOUS')
    expect(postsTo(emulator)).toBe(3)
    expect(emulator.tasks).toHaveLength(1)
    expect(Object.keys(readAttempts(shop, order))).toEqual(['0001', '0002', '0003'])
  })

  it('is told with the time of the owner, where that of the decision is lost', async () => {
    const { emulator, project, shop, next } = await open([{ status: 500 }])
    const order = shop.order(project.path('hero.png'))
    await errorOf(async () => shop.buy(order))
    const folder = attemptFolder(shop, order)
    writeFileSync(`${folder}/decided`, '')
    const told = async (): Promise<string> => (await errorOf(async () => next().buy(order))).message
    expect(await told()).toContain('submitted at 2026-01-01T00:00:00.000Z')
    writeFileSync(`${folder}/owner`, '')
    expect(await told()).toContain('submitted at an unknown time')
    expect(postsTo(emulator)).toBe(1)
  })

  it('is no other than that of a copy under another name', async () => {
    const { emulator, project, shop, next } = await open([{ status: 500 }])
    await errorOf(async () => shop.buy(shop.order(project.path('hero.png'))))
    const copy = project.write('copies/renamed.png', readFileSync(project.path('hero.png')))
    const other = project.write('other.png', await makePng({ width: 200, height: 160, seed: 9 }))
    expect((await errorOf(async () => next().buy(next().order(copy)))).code).toBe(
      'SUBMIT_AMBIGUOUS',
    )
    expect(postsTo(emulator)).toBe(1)
    await errorOf(async () => next().buy(next().order(other)))
    expect(postsTo(emulator)).toBe(2)
  })
})
