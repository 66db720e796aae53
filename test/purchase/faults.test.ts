import { describe, expect, it } from 'vitest'
import type { AnswerFault, Fault } from '../../src/emulator/index.ts'
import { canary, expectNoKey, readTree } from '../helpers/canary.ts'
import { postsTo, startEmulator } from '../helpers/emulator.ts'
import { describeImage } from '../helpers/images.ts'
import { adoptTask, openShop, pictureProject, voidAttempt } from '../helpers/shop.ts'
import { readFileSync } from 'node:fs'

/** By these the API says that nothing was charged: a task beside one of them is not tried. */
const refusals = [400, 401, 402, 403, 404, 413, 422, 429]
const statuses = [...refusals, 204, 302, 307, 408, 409, 425, 500, 501, 502, 504, 524]
const answers: AnswerFault[] = [
  ...statuses.map((status) => ({ status })),
  { status: 503 },
  ...[200, 503].map((status) => ({ status, body: `<html>${canary}</html>` })),
  { status: 200, body: '' },
  { status: 200, body: '{"data":' },
  { status: 200, body: { data: { task_id: 7, status: 'CREATED' } } },
  { status: 200, body: [] },
  { status: 429, retryAfter: 0 },
  { status: 429, retryAfter: { date: 3600 } },
  { cut: 'before-read' },
  { cut: 'mid-request' },
  { cut: 'after-request' },
  { cut: 'mid-response' },
  { headers: { 'retry-after': canary, location: canary } },
]

const faults: Fault[] = [
  ...(['status', 'list', 'download'] as const).flatMap((route) =>
    answers.map((answer): Fault => ({ route, ...answer })),
  ),
  ...answers.map((answer): Fault => ({ route: 'submit', ...answer })),
  ...answers
    .filter(({ status = 0 }) => !refusals.includes(status) && status !== 503)
    .map((answer): Fault => ({ route: 'submit', ...answer, accept: true })),
  ...statuses.map((status): Fault => ({ route: 'submit', status, early: true })),
  ...(['truncated', 'short', 'html', 'corrupt', 'wrong-size', 'oversized'] as const).map(
    (content): Fault => ({ route: 'download', content }),
  ),
  { route: 'submit', outcome: 'FAILED', error: canary },
  { route: 'submit', outcome: 'FAILED', error: null },
  { route: 'submit', outcome: 'STUCK' },
  { route: 'submit', emptyGenerated: 3 },
  { route: 'submit', generatedAs: 'objects' },
  { route: 'submit', unknownStatus: { status: 'SLEEPING', polls: 4 } },
]

/** Why a build may end without the image, and what makes the next one go on. */
const ends = [
  'API_REFUSED',
  'API_UNREACHABLE',
  'SUBMIT_AMBIGUOUS',
  'TASK_FAILED',
  'TASK_PENDING',
  'TASK_UNKNOWN',
  'RESULT_BAD',
]

interface Case {
  name: string
  fault: Fault
  list: boolean
  shape: 'data' | 'bare'
}

/** Each fault befalls one call, or all of a build; with and without a list, in both shapes. */
const cases = faults.flatMap((fault, index): Case[] =>
  [1, Number.POSITIVE_INFINITY].map((times) => {
    const list = fault.route === 'list' || index % 2 === 0
    const shape = index % 5 === 0 ? 'bare' : 'data'
    const timed = Number.isFinite(times) ? { ...fault, times } : fault
    return {
      name: `${JSON.stringify(timed)}, ${list ? 'with a list' : 'no list'}, ${shape}`,
      fault: timed,
      list,
      shape,
    }
  }),
)

/** All of them are a script of its own: see `test:faults`. */
const tried = process.env['EVERY_FAULT'] ? cases : cases.filter((_, index) => index % 5 === 0)

describe('whatever the API does, an image is paid for once, and comes out right in the end', () => {
  it.each(tried)('$name', async ({ fault, list, shape }) => {
    const emulator = await startEmulator({ faults: [fault], list, shape })
    const project = await pictureProject()
    const settings = { baseUrl: emulator.url, apiKey: canary, deadline: 20_000 }
    const order = openShop(project, settings).order(project.path('hero.png'))
    let posts = 0
    let shipped = ''

    for (let build = 0; build < 4 && shipped === ''; build++) {
      // The second one meets the same again, and from the third one on the API is well.
      if (build === 2) emulator.setFaults([])
      const shop = openShop(project, settings)
      const ended = await shop.buy(order).catch((error: unknown) => error)
      expectNoKey([ended, shop.warnings, shop.phases])
      expectNoKey(readTree(project.dir))
      await emulator.until(() => emulator.calls.every(({ over }) => over))
      expect(emulator.tasks.length).toBeLessThanOrEqual(1)
      if (!(ended instanceof Error)) {
        shipped = (ended as { file: string }).file
        break
      }
      expect(ends).toContain((ended as { code?: string }).code)
      const { code } = ended as unknown as { code: string }
      // What is not known to be unpaid is never submitted by itself.
      if (posts > 0 && code === 'SUBMIT_AMBIGUOUS') expect(postsTo(emulator)).toBe(posts)
      posts = postsTo(emulator)
      if (code === 'TASK_FAILED') return
      if (code !== 'SUBMIT_AMBIGUOUS' || build < 2) continue
      // What the message asks a person to do.
      const [task] = emulator.tasks
      await (task ? adoptTask(shop, order, task.id) : voidAttempt(shop, order))
    }
    if (fault.route === 'submit' && 'outcome' in fault && fault.outcome === 'STUCK') return
    expect(await describeImage(readFileSync(shipped))).toMatchObject(
      'content' in fault && fault.content === 'wrong-size'
        ? { format: 'png' }
        : { width: 400, height: 320 },
    )
    expect(emulator.tasks).toHaveLength(1)
  })
})
