import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Client } from '../../src/api/client.ts'
import { PostError } from '../../src/api/post.ts'
import type { Clock } from '../../src/core/clock.ts'
import { MagnificError } from '../../src/core/errors.ts'
import type { Order, PurchaseContext } from '../../src/purchase/order.ts'
import { submitTask } from '../../src/purchase/submit.ts'
import { createBudget } from '../../src/store/budget.ts'
import { createJournal } from '../../src/store/journal.ts'
import { createLayout } from '../../src/store/layout.ts'
import { createMemoryDisk } from '../helpers/memory-files.ts'
import { createTurns } from '../helpers/turns.ts'

/** What the API does with a request that is complete. */
const fates = ['accepted', 'accepted, answer lost', 'lost', 'later', 'refused', 'error'] as const
type Fate = (typeof fates)[number]

/** Everything that chance decides about one schedule. */
interface Schedule {
  /** Which pictures each actor wants, one after the other. */
  actors: { pictures: number[]; beats: boolean }[]
  /** Turns at which an actor dies. */
  deaths: { actor: number; turn: number }[]
  /** Of the first requests; the others are accepted. */
  fates: Fate[]
  /** tasks */
  budget: number
  /** Whose turn it is. */
  choices: number[]
}

const schedules: fc.Arbitrary<Schedule> = fc.record({
  actors: fc.array(
    fc.record({
      pictures: fc.uniqueArray(fc.nat(2), { minLength: 1, maxLength: 3 }),
      beats: fc.boolean(),
    }),
    { minLength: 2, maxLength: 5 },
  ),
  deaths: fc.array(fc.record({ actor: fc.nat(4), turn: fc.nat(150) }), { maxLength: 3 }),
  fates: fc.array(fc.constantFrom(...fates), { minLength: 1, maxLength: 6 }),
  budget: fc.integer({ min: 0, max: 4 }),
  choices: fc.array(fc.nat(1000), { minLength: 20, maxLength: 200 }),
})

/** Time that passes by sleeping alone, and fast: who is patient for a minute loses patience in a few steps. */
const hurry = 40
const layout = createLayout('/project/.magnific')
const nothing = createHash('sha256').digest('hex')

/** What the server has accepted, by picture, and how the actors' wishes ended. */
interface Ended {
  accepted: Map<number, number>
  codes: string[]
}

async function play(schedule: Schedule): Promise<Ended> {
  const turns = createTurns()
  const accepted = new Map<number, number>()
  const codes: string[] = []
  let now = Date.UTC(2026, 0, 1)
  let posts = 0
  const nameOf = (index: number): string => `actor-${index}`
  const disk = createMemoryDisk(
    turns,
    () => now,
    (actor) => schedule.actors[Number(actor.slice('actor-'.length))]?.beats ?? false,
  )

  /** The server: a request counts when its last byte has come, whatever becomes of the answer. */
  const receive = (picture: number): { status: number; body: string } => {
    const fate = schedule.fates[posts++] ?? 'accepted'
    if (fate === 'accepted' || fate === 'accepted, answer lost') {
      accepted.set(picture, (accepted.get(picture) ?? 0) + 1)
    }
    const later = 'Service Unavailable. Please try again later.'
    const answers: Record<Fate, { status: number; body: string } | undefined> = {
      accepted: { status: 200, body: JSON.stringify({ data: { task_id: `task-${posts}` } }) },
      'accepted, answer lost': undefined,
      lost: undefined,
      later: { status: 503, body: JSON.stringify({ message: later }) },
      refused: { status: 400, body: '{}' },
      error: { status: 500, body: '{}' },
    }
    const answer = answers[fate]
    if (!answer) throw new PostError(true, new Error('cut'))
    return answer
  }

  const act = async (index: number, picture: number): Promise<void> => {
    const actor = nameOf(index)
    const files = disk.filesOf(actor)
    // Of another machine, so that nothing is known of it but what is on the disk.
    const self = { pid: index + 1, started: '', boot: actor, namespace: '', host: actor }
    const journal = createJournal(layout, files, self)
    const clock: Clock = {
      now: () => now,
      sleep: async (ms) => turns.take(actor, () => void (now += ms * hurry)),
    }
    const client = {
      submit: async ({ beforeLastByte }: Parameters<Client['submit']>[0]) => {
        await turns.take(actor, () => {})
        await beforeLastByte()
        const answer = await turns.take(actor, () => receive(picture))
        return turns.take(actor, () => ({ ...answer, retryAfter: undefined }))
      },
    } as unknown as Client
    const context = {
      root: '/project',
      deadline: 2 ** 40,
      clock,
      journal,
      budget: budgets[index],
      limits: { tasks: schedule.budget },
      taskList: () => ({ readNewest: async () => undefined, readSince: async () => undefined }),
      halt: {},
      command: (rest: string) => rest,
      warn: () => {},
      onPhase: () => {},
    } as unknown as PurchaseContext
    const order: Order = {
      fingerprint: String(picture).repeat(64),
      file: `/project/${picture}.png`,
      sourceHash: nothing,
      request: {
        params: {},
        variants: [{ format: 'png' }],
        output: { kind: 'url' },
        hostQuery: '',
      },
    }
    const prepared = {
      thumbnail: Buffer.alloc(0),
      open: () => ({ image: { bytes: 0, open: async function* () {} }, readHash: () => nothing }),
      discard: async () => {},
    }
    const submission = {
      order,
      sent: { width: 200, height: 160 },
      prepare: async () => prepared,
      refresh: async () => {},
      estimate: 0.1,
    }
    const { signal } = new AbortController()
    try {
      await submitTask(submission, client, context, signal)
      codes.push('bought')
    } catch (error) {
      if (!(error instanceof MagnificError)) throw error
      codes.push(error.code)
    }
  }

  const budgets = schedule.actors.map((_, index) => {
    const actor = nameOf(index)
    // Everybody's heart is heard here: of whom it is not, it is right not to count what they took.
    const files = { ...disk.filesOf(actor), readBeat: async () => now }
    const self = { pid: index + 1, started: '', boot: actor, namespace: '', host: actor }
    const journal = createJournal(layout, files, self)
    return createBudget(layout, {
      files,
      isFree: async ({ fingerprint, attempt }) => journal.isFree(fingerprint, attempt),
      now: () => now,
      self,
      ended: () => false,
      repeat: () => {},
    })
  })
  const failures: unknown[] = []
  for (const [index, { pictures }] of schedule.actors.entries()) {
    for (const picture of pictures) act(index, picture).catch((error) => failures.push(error))
  }
  const { choices } = schedule
  let turn = 0
  await turns.run(
    // A pattern that comes again and again may pass one step over for ever: after a while, whoever waits longest is next.
    (count) => (turn > 5000 ? 0 : (choices[turn % choices.length] ?? 0) % Math.max(count, 1)),
    (number) => {
      turn = number
      for (const death of schedule.deaths)
        if (death.turn === number) turns.kill(nameOf(death.actor))
      if (number > 20_000) throw new Error('Nobody gets anywhere.')
    },
  )
  expect(failures).toEqual([])
  return { accepted, codes }
}

it('whatever the order of steps, whoever dies, and whoever is wrongly believed dead: each picture is accepted once, and no more than the budget', async () => {
  const ends = new Set<string>()
  await fc.assert(
    fc.asyncProperty(schedules, async (schedule) => {
      const { accepted, codes } = await play(schedule)
      const counts = [...accepted.values()]
      expect(Math.max(0, ...counts)).toBeLessThanOrEqual(1)
      expect(counts.length).toBeLessThanOrEqual(schedule.budget)
      for (const code of codes) ends.add(code)
    }),
    { numRuns: process.env['EVERY_FAULT'] ? 10_000 : 4000 },
  )
  // What is not reached is not tested.
  expect([...ends].toSorted()).toEqual([
    'API_REFUSED',
    'BUDGET_EXCEEDED',
    'SUBMIT_AMBIGUOUS',
    'bought',
  ])
}, 240_000)
