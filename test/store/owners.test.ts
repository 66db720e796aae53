import { mkdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { mayBePaid } from '../../src/store/attempt.ts'
import type { Attempt } from '../../src/store/attempt.ts'
import { createJournal } from '../../src/store/journal.ts'
import type { Journal } from '../../src/store/journal.ts'
import { namesIn, tmpLayout } from '../helpers/cache.ts'
import { someSubject as subject } from '../helpers/subjects.ts'
import { processOf } from '../helpers/processes.ts'

const fingerprint = `ab${'12'.repeat(31)}`
const at = new Date('2026-11-22T20:00:00.123Z')

/** The journals of several processes on one cache directory. */
function openJournals(count: number): Journal[] {
  const layout = tmpLayout()
  return Array.from({ length: count }, (_, index) =>
    createJournal(layout, undefined, processOf({ pid: index + 1, host: `host-${index}` })),
  )
}

/** Becomes the owner, with a heart that does not beat. */
async function claim(journal: Journal, attempt: Attempt): Promise<boolean> {
  const stop = await journal.claim(attempt, subject, at)
  stop?.()
  return stop !== undefined
}

const countOf = (results: boolean[]): number => results.filter(Boolean).length

describe('an owner', () => {
  it('is one of the many who want an attempt', async () => {
    const journals = openJournals(10)
    const attempts = await Promise.all(journals.map(async (journal) => journal.open(fingerprint)))
    const claimed = await Promise.all(
      journals.map(async (journal, index) => claim(journal, attempts[index])),
    )
    expect(countOf(claimed)).toBe(1)
    expect(namesIn(attempts[0].folder)).toEqual(['owner'])
    const winner = claimed.indexOf(true)
    const { owner } = await journals[0].reread(attempts[0])
    expect(owner).toEqual(attempts[winner].owner)
    expect(owner).toMatchObject({ pid: winner + 1, host: `host-${winner}`, subject })
    expect(attempts.filter((attempt) => attempt.owner)).toHaveLength(1)
  })

  it('tells two attempts of one process apart', async () => {
    const [journal] = openJournals(1)
    const nonces = new Set<string | undefined>()
    for (let number = 0; number < 3; number++) {
      const attempt = await journal.open(fingerprint)
      await claim(journal, attempt)
      await journal.abandon(attempt, at)
      nonces.add(attempt.owner?.nonce)
    }
    expect(nonces.size).toBe(3)
  })

  it('shows by its file when its heart beat last', async () => {
    const [journal] = openJournals(1)
    const attempt = await journal.open(fingerprint)
    expect(attempt.beat).toBe(0)
    await claim(journal, attempt)
    const file = join(attempt.folder, 'owner')
    expect((await journal.reread(attempt)).beat).toBe(statSync(file).mtimeMs)
    utimesSync(file, 1000, 1000)
    expect((await journal.reread(attempt)).beat).toBe(1_000_000)
  })

  // A disk that ran full, or another version of us: somebody tries, and nobody can tell who.
  it.each(['', '{', 'null', '[]', '{}', '"text"', '{"pid":1}', '{"subject":null}'])(
    'that cannot be read is an owner all the same: %j',
    async (text) => {
      const [journal] = openJournals(1)
      const { folder } = await journal.open(fingerprint)
      writeFileSync(join(folder, 'owner'), text)
      const attempt = await journal.open(fingerprint)
      expect(attempt).toMatchObject({ folder, owner: undefined })
      expect(attempt.beat).toBeGreaterThan(0)
      expect(mayBePaid(attempt)).toBe(false)
      expect(await claim(journal, attempt)).toBe(false)
    },
  )
})

describe('a decision', () => {
  it('is either of one who commits or of one who abandons, however many there are', async () => {
    for (let round = 0; round < 20; round++) {
      const journals = openJournals(6)
      const attempts = await Promise.all(journals.map(async (journal) => journal.open(fingerprint)))
      const decided = await Promise.all(
        journals.map(async (journal, index) =>
          (index + round) % 2 === 0
            ? journal.commit(attempts[index], at)
            : journal.abandon(attempts[index], at),
        ),
      )
      expect(countOf(decided)).toBe(1)
      const winner = decided.indexOf(true)
      const kind = (winner + round) % 2 === 0 ? 'commit' : 'abandon'
      const attempt = await journals[0].reread(attempts[0])
      expect(attempt.decided).toEqual({ kind, at: at.toISOString() })
      expect(mayBePaid(attempt)).toBe(kind === 'commit')
    }
  })

  it('to abandon makes room for the next attempt, and tells so nobody but who reads it', async () => {
    const [first, second] = openJournals(2)
    const attempt = await first.open(fingerprint)
    const seen = await second.open(fingerprint)
    await claim(first, attempt)
    expect(await second.abandon(seen, at)).toBe(true)
    expect(attempt.decided).toBeUndefined()
    expect(await first.commit(attempt, at)).toBe(false)
    expect(attempt.decided).toBeUndefined()
    expect(basename((await first.open(fingerprint)).folder)).toBe('0002')
    expect((await first.find(fingerprint))?.folder).toBe((await second.open(fingerprint)).folder)
  })

  it('to commit closes the attempt to everybody else', async () => {
    const [first, second] = openJournals(2)
    const attempt = await first.open(fingerprint)
    await claim(first, attempt)
    expect(await first.commit(attempt, at)).toBe(true)
    expect(await second.abandon(await second.open(fingerprint), at)).toBe(false)
    expect((await second.open(fingerprint)).folder).toBe(attempt.folder)
  })
})

describe('the next attempt', () => {
  const closings: [string, (journal: Journal, attempt: Attempt) => Promise<unknown>][] = [
    ['is abandoned', async (journal, attempt) => journal.abandon(attempt, at)],
    ['is void', async (journal, attempt) => journal.writeVoid(attempt, at)],
    [
      'is void after all',
      async (journal, attempt) => {
        await journal.commit(attempt, at)
        await journal.writeResponse(attempt, 'HTTP 500\n\n')
        await journal.writeVoid(attempt, at)
      },
    ],
    [
      'is void with its task and its outcome',
      async (journal, attempt) => {
        await journal.commit(attempt, at)
        await journal.writeTask(attempt, 't-1')
        await journal.writeOutcome(attempt, { kind: 'failed', at: at.toISOString() })
        await journal.writeVoid(attempt, at)
      },
    ],
    [
      'is rejected',
      async (journal, attempt) => {
        await journal.commit(attempt, at)
        await journal.writeOutcome(attempt, { kind: 'rejected', at: at.toISOString() })
      },
    ],
  ]

  it.each(closings)('follows one that %s, for everybody who looks', async (_, close) => {
    const journals = openJournals(3)
    for (const number of [1, 2, 3]) {
      const attempts = await Promise.all(journals.map(async (journal) => journal.open(fingerprint)))
      expect(attempts.map(({ folder }) => Number(basename(folder)))).toEqual([
        number,
        number,
        number,
      ])
      expect(await journals[0].isFree(fingerprint, number)).toBe(false)
      await claim(journals[0], attempts[0])
      expect(await journals[0].isFree(fingerprint, number)).toBe(false)
      await close(journals[0], attempts[0])
      expect(mayBePaid(await journals[1].reread(attempts[1]))).toBe(false)
      expect(await journals[2].isFree(fingerprint, number)).toBe(true)
    }
  })

  it('does not follow one that was abandoned and has a task all the same: it counts as paid', async () => {
    const [journal] = openJournals(1)
    const attempt = await journal.open(fingerprint)
    await claim(journal, attempt)
    await journal.abandon(attempt, at)
    await journal.writeTask(attempt, 't-1')
    expect(mayBePaid(await journal.reread(attempt))).toBe(true)
    expect((await journal.open(fingerprint)).folder).toBe(attempt.folder)
    expect(await journal.isFree(fingerprint, 1)).toBe(false)
    // As well where somebody went on meanwhile.
    mkdirSync(join(attempt.folder, '..', '0002'))
    expect((await journal.find(fingerprint))?.task).toBe('t-1')
    expect((await journal.open(fingerprint)).task).toBe('t-1')
  })

  it('does not follow one that was abandoned and got an answer all the same', async () => {
    const [journal] = openJournals(1)
    const attempt = await journal.open(fingerprint)
    await journal.abandon(attempt, at)
    await journal.writeResponse(attempt, 'HTTP 200\n\n{}')
    expect((await journal.open(fingerprint)).folder).toBe(attempt.folder)
  })
})

describe('a void', () => {
  it('counts for its task, and for no other', async () => {
    const [journal] = openJournals(1)
    expect(await journal.isVoided(fingerprint, 't-1')).toBe(false)
    const attempt = await journal.open(fingerprint)
    await journal.commit(attempt, at)
    await journal.writeTask(attempt, 't-1')
    expect(await journal.isVoided(fingerprint, 't-1')).toBe(false)
    await journal.writeVoid(attempt, at)
    expect(await journal.isVoided(fingerprint, 't-1')).toBe(true)
    expect(await journal.isVoided(fingerprint, 't-2')).toBe(false)
    expect(await journal.isVoided(`cd${'34'.repeat(31)}`, 't-1')).toBe(false)
    const next = await journal.open(fingerprint)
    await journal.writeTask(next, 't-2')
    expect(await journal.isVoided(fingerprint, 't-1')).toBe(true)
    expect((await journal.find(fingerprint))?.task).toBe('t-2')
  })

  it('that is empty is one all the same', async () => {
    const [journal] = openJournals(1)
    const attempt = await journal.open(fingerprint)
    await journal.commit(attempt, at)
    writeFileSync(join(attempt.folder, 'void'), '')
    expect(mayBePaid(await journal.reread(attempt))).toBe(false)
    expect(basename((await journal.open(fingerprint)).folder)).toBe('0002')
  })
})

describe('a journal', () => {
  it('sets free what is closed and unpaid, and nothing that is not there', async () => {
    const [journal] = openJournals(1)
    expect(await journal.isFree(fingerprint, 1)).toBe(false)
    const attempt = await journal.open(fingerprint)
    await claim(journal, attempt)
    await journal.commit(attempt, at)
    expect(await journal.isFree(fingerprint, 1)).toBe(false)
    await journal.writeOutcome(attempt, { kind: 'rejected', at: at.toISOString() })
    expect(await journal.isFree(fingerprint, 1)).toBe(true)
    expect(await journal.isFree(fingerprint, 2)).toBe(false)
  })

  it('lists every fingerprint with its attempts, oldest first', async () => {
    const layout = tmpLayout()
    const journal = createJournal(layout)
    expect(await journal.list()).toEqual([])
    const other = `ab${'34'.repeat(31)}`
    const third = `0f${'34'.repeat(31)}`
    for (const name of [other, third, fingerprint]) await journal.open(name)
    for (let number = 1; number <= 11; number++) {
      await journal.abandon(await journal.open(other), at)
    }
    const entries = await journal.list()
    expect(entries.map((entry) => entry.fingerprint).toSorted()).toEqual([
      third,
      fingerprint,
      other,
    ])
    const { attempts = [] } = entries.find((entry) => entry.fingerprint === other) ?? {}
    expect(attempts.map(({ folder }) => Number(basename(folder)))).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
    ])
    expect(attempts[0]).toEqual(await journal.reread(attempts[0]))
  })

  it('lists nothing else that lies in its folders', async () => {
    const layout = tmpLayout()
    const journal = createJournal(layout)
    await journal.abandon(await journal.open(fingerprint), at)
    mkdirSync(join(layout.journal, 'ab', 'notes'))
    mkdirSync(join(layout.journal, 'ab', fingerprint, '.trash'))
    for (const folder of ['', 'ab', `ab/${fingerprint}`]) {
      writeFileSync(join(layout.journal, folder, '.DS_Store'), '')
    }
    const entries = await journal.list()
    expect(entries.map((entry) => [entry.fingerprint, entry.attempts.length])).toEqual([
      [fingerprint, 1],
    ])
  })
})
