import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { taskOf } from '../../src/purchase/state.ts'
import { chooseAttempt, mayBePaid, readAttempt } from '../../src/store/attempt.ts'
import type { Attempt } from '../../src/store/attempt.ts'
import { createJournalFiles } from '../../src/store/journal-files.ts'
import { createJournal } from '../../src/store/journal.ts'
import type { Journal } from '../../src/store/journal.ts'
import type { Layout } from '../../src/store/layout.ts'
import { namesIn, tmpLayout } from '../helpers/cache.ts'

const fingerprint = `ab${'12'.repeat(31)}`
const at = '2026-11-22T20:00:00.000Z'
const decided = `commit ${at}\n`
const rejected = JSON.stringify({ kind: 'rejected', reason: 'HTTP 400', at })
const accepted = 'HTTP 200\n\n{"data":{"task_id":"t-1","status":"CREATED","generated":[]}}'

/** A journal with one attempt of these files. */
async function leave(
  files: Record<string, string>,
): Promise<{ layout: Layout; journal: Journal; folder: string; read: () => Promise<Attempt> }> {
  const layout = tmpLayout()
  const journal = createJournal(layout)
  const { folder } = await journal.open(fingerprint)
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return {
    layout,
    journal,
    folder,
    read: async () => readAttempt(createJournalFiles(layout), folder),
  }
}

describe('an attempt of two caches that were merged', () => {
  it('that was rejected by one answer and accepted by another one is paid for', async () => {
    const { journal, folder, read } = await leave({
      decided,
      response: accepted,
      outcome: rejected,
    })
    const attempt = await read()
    expect(mayBePaid(attempt)).toBe(true)
    expect(taskOf(attempt)).toBe('t-1')
    expect(await journal.isFree(fingerprint, 1)).toBe(false)
    expect((await journal.open(fingerprint)).folder).toBe(folder)
  })

  it.each([
    ['beside the refusal itself', { response: 'HTTP 400\n\nno' }],
    ['and has no answer', {}],
  ])('that was rejected %s is not', async (_, more) => {
    const { journal, folder, read } = await leave({ decided, outcome: rejected, ...more })
    expect(mayBePaid(await read())).toBe(false)
    expect(await journal.isFree(fingerprint, 1)).toBe(true)
    expect((await journal.open(fingerprint)).folder).not.toBe(folder)
  })
})

describe('a task that is no task', () => {
  const merged = '<<<<<<< ours\nt-1\n=======\nt-2\n>>>>>>> theirs\n'

  it.each(['', '\n', merged, 't-1 t-2', 'x'.repeat(201)])(
    'is set aside, so that there is room for one: %j',
    async (text) => {
      const { layout, journal, folder, read } = await leave({
        decided,
        response: accepted,
        task: text,
      })
      const attempt = await read()
      expect(attempt.task).toBeUndefined()
      expect(taskOf(attempt)).toBe('t-1')
      expect(namesIn(folder)).toEqual(['decided', 'response'])
      expect(namesIn(layout.quarantine)).toEqual([expect.stringMatching(/^\d+-[\da-f]+-task$/)])
      expect(await journal.writeTask(attempt, 't-1')).toBe(true)
      expect((await read()).task).toBe('t-1')
    },
  )

  it('is read as none where nothing can be set aside', async () => {
    const { layout, folder, read } = await leave({ decided, task: '', outcome: '{' })
    mkdirSync(layout.quarantine, { recursive: true })
    // Nobody can make a folder where a file is.
    rmSync(layout.quarantine, { recursive: true })
    writeFileSync(layout.quarantine, '')
    const attempt = await read()
    expect([attempt.task, attempt.outcome]).toEqual([undefined, undefined])
    expect(mayBePaid(attempt)).toBe(true)
    expect(namesIn(folder)).toEqual(['decided', 'outcome', 'task'])
  })
})

describe('writeTask', () => {
  it('tells whether the task stands there now', async () => {
    const { journal, read } = await leave({ decided })
    const [one, other] = [await read(), await read()]
    expect(await journal.writeTask(one, 't-1')).toBe(true)
    expect(await journal.writeTask(other, 't-2')).toBe(false)
    expect(other.task).toBe('t-1')
    expect(await journal.writeTask(other, 't-1')).toBe(true)
  })
})

describe('the attempt that counts', () => {
  const attemptOf = (number: number, more: Partial<Attempt>): Attempt => ({
    folder: join(fingerprint, String(number).padStart(4, '0')),
    owner: undefined,
    beat: 0,
    decided: undefined,
    response: undefined,
    task: undefined,
    outcome: undefined,
    voided: undefined,
    ...more,
  })
  const commit = { kind: 'commit', at } as const

  it.each<[string, number, Partial<Attempt>[]]>([
    [
      'one whose task is known, before a newer one of which nobody knows',
      1,
      [{ task: 't-1' }, { decided: commit }],
    ],
    ['the newest whose task is known', 2, [{ task: 't-1' }, { task: 't-2' }, { decided: commit }]],
    ['what may be paid for, before a newer one that is not', 1, [{ decided: commit }, {}]],
    ['none whose task is voided', 2, [{ task: 't-1', voided: at }, { decided: commit }]],
    ['the newest, where none is paid for', 2, [{}, {}]],
  ])('is %s', (_, number, attempts) => {
    const all = attempts.map((more, index) => attemptOf(index + 1, more))
    expect(chooseAttempt(all)).toBe(all[number - 1])
  })
})
