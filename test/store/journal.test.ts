import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Attempt, AttemptSubject } from '../../src/store/attempt.ts'
import { checkJournal } from '../../src/store/check-files.ts'
import { createJournalFiles } from '../../src/store/journal-files.ts'
import { createJournal } from '../../src/store/journal.ts'
import type { Journal } from '../../src/store/journal.ts'
import type { Layout } from '../../src/store/layout.ts'
import { identifyProcess } from '../../src/store/liveness.ts'
import { namesIn, tmpLayout } from '../helpers/cache.ts'
import { someSubject } from '../helpers/subjects.ts'

const fingerprint = `ab${'12'.repeat(31)}`
const at = new Date('2026-11-22T20:00:00.123Z')
const decided = { kind: 'commit', at: at.toISOString() }
const subject: AttemptSubject = { ...someSubject, listed: ['t-0'] }
const response = 'HTTP 200\n\n{"data":{"task_id":"t-1"}}\r\n  \n'

/** Becomes the owner of an attempt, with a heart that does not beat. */
async function claim(journal: Journal, attempt: Attempt): Promise<boolean> {
  const stop = await journal.claim(attempt, subject, at)
  stop?.()
  return stop !== undefined
}

/** An attempt that went all the way. */
async function completeAttempt(journal: Journal): Promise<Attempt> {
  const attempt = await journal.open(fingerprint)
  await claim(journal, attempt)
  await journal.commit(attempt, at)
  await journal.writeResponse(attempt, response)
  await journal.writeTask(attempt, 't-1')
  await journal.writeOutcome(attempt, {
    kind: 'completed',
    sha256: 'c'.repeat(64),
    at: at.toISOString(),
  })
  return attempt
}

const folderOf = (layout: Layout): string => join(layout.journal, 'ab', fingerprint)

describe('createJournal', () => {
  it('writes each step into a file of its own', async () => {
    const layout = tmpLayout()
    const attempt = await completeAttempt(createJournal(layout))
    expect(attempt.folder).toBe(join(folderOf(layout), '0001'))
    expect(namesIn(attempt.folder)).toEqual(['decided', 'outcome', 'owner', 'response', 'task'])
    const read = (name: string): string => readFileSync(join(attempt.folder, name), 'utf8')
    const owner = JSON.parse(read('owner'))
    expect(owner).toEqual({
      ...identifyProcess(),
      nonce: expect.stringMatching(/^[\da-f-]{36}$/) as string,
      at: at.toISOString(),
      subject,
    })
    expect(read('decided').split(' ')).toEqual([
      'commit',
      '2026-11-22T20:00:00.123Z',
      String(process.pid),
      hostname(),
      expect.stringMatching(/^[\da-f-]{36}\n$/),
    ])
    expect(read('response')).toBe(response)
    expect(read('task')).toBe('t-1\n')
    expect(read('outcome')).toBe(
      `{"kind":"completed","sha256":"${'c'.repeat(64)}","at":"2026-11-22T20:00:00.123Z"}\n`,
    )
    expect(namesIn(layout.tmp)).toEqual([])
  })

  it('reads back what another process wrote', async () => {
    const layout = tmpLayout()
    const attempt = await completeAttempt(createJournal(layout))
    expect(attempt).toMatchObject({ owner: { subject }, decided, response, task: 't-1' })
    const found = await createJournal(layout).find(fingerprint)
    expect(found).toEqual({ ...attempt, beat: statSync(join(attempt.folder, 'owner')).mtimeMs })
    expect(await createJournal(layout).reread(attempt)).toEqual(found)
  })

  it('has nothing to tell of what was never tried', async () => {
    expect(await createJournal(tmpLayout()).find(fingerprint)).toBeUndefined()
  })

  it('shows each step as soon as it is written, and none before', async () => {
    const layout = tmpLayout()
    const journal = createJournal(layout)
    const readOnly = async (): Promise<Attempt | undefined> =>
      createJournal(layout).find(fingerprint)
    const attempt = await journal.open(fingerprint)
    const empty = {
      folder: attempt.folder,
      owner: undefined,
      beat: 0,
      decided: undefined,
      response: undefined,
      task: undefined,
      outcome: undefined,
      voided: undefined,
    }
    expect(await readOnly()).toEqual(empty)
    await claim(journal, attempt)
    const { owner } = attempt
    expect(owner).toMatchObject({ pid: process.pid, subject })
    const claimed = { ...empty, owner, beat: statSync(join(attempt.folder, 'owner')).mtimeMs }
    expect(await readOnly()).toEqual(claimed)
    await journal.commit(attempt, at)
    const committed = { ...claimed, decided }
    expect(await readOnly()).toEqual(committed)
    await journal.writeResponse(attempt, '')
    // An empty answer is an answer.
    expect(await readOnly()).toEqual({ ...committed, response: '' })
    await journal.writeVoid(attempt, at)
    expect(await readOnly()).toEqual({ ...committed, response: '', voided: at.toISOString() })
  })

  it('creates each file once, and never changes it', async () => {
    const layout = tmpLayout()
    const journal = createJournal(layout)
    const attempt = await completeAttempt(journal)
    const readAll = (): string[] =>
      namesIn(attempt.folder).map((name) => readFileSync(join(attempt.folder, name), 'utf8'))
    const before = readAll()
    const same = await createJournal(layout).reread(attempt)
    for (const known of [attempt, same]) {
      expect(await claim(journal, known)).toBe(false)
      expect(await journal.commit(known, new Date(0))).toBe(false)
      expect(await journal.abandon(known, new Date(0))).toBe(false)
      await journal.writeResponse(known, 'x')
      await journal.writeTask(known, 'x')
      await journal.writeOutcome(known, { kind: 'failed', at: at.toISOString() })
    }
    expect(readAll()).toEqual(before)
    expect(attempt).toMatchObject({ decided, task: 't-1' })
    expect(namesIn(layout.tmp)).toEqual([])
  })

  it('lets one of several commit the same attempt', async () => {
    const layout = tmpLayout()
    const { folder } = await createJournal(layout).open(fingerprint)
    const contenders = Array.from({ length: 10 }, async () => {
      const journal = createJournal(layout)
      return journal.commit(await journal.open(fingerprint), at)
    })
    expect((await Promise.all(contenders)).filter(Boolean)).toHaveLength(1)
    expect(namesIn(folder)).toEqual(['decided'])
  })

  /** An attempt that came to nothing, so that the next one is another one. */
  async function rejectAttempt(journal: Journal): Promise<Attempt> {
    const attempt = await journal.open(fingerprint)
    await journal.writeOutcome(attempt, { kind: 'rejected', at: at.toISOString() })
    return attempt
  }

  it('gives everybody the same attempt, until it is rejected', async () => {
    const layout = tmpLayout()
    const numbers: string[] = []
    for (let index = 0; index < 11; index++) {
      const folders = await Promise.all(
        [1, 2, 3].map(async () => (await createJournal(layout).open(fingerprint)).folder),
      )
      expect(new Set(folders).size).toBe(1)
      numbers.push(basename((await rejectAttempt(createJournal(layout))).folder))
    }
    expect(numbers.slice(0, 3)).toEqual(['0001', '0002', '0003'])
    expect(numbers.at(-1)).toBe('0011')
  })

  it('stays with an attempt that is committed, and with one that is done', async () => {
    const journal = createJournal(tmpLayout())
    const done = await completeAttempt(journal)
    const { folder } = await journal.open(fingerprint)
    expect(folder).toBe(done.folder)
  })

  // Git keeps no empty folders, and people delete them. The newest attempt is the one that is taken up, so that a lower
  // number would hide what it paid for.
  it('numbers a new attempt after the newest one, even where older ones are gone', async () => {
    const journal = createJournal(tmpLayout())
    const attempts: Attempt[] = []
    for (let index = 0; index < 3; index++) attempts.push(await rejectAttempt(journal))
    for (const { folder } of attempts.slice(0, 2)) rmSync(folder, { recursive: true })
    const next = await journal.open(fingerprint)
    expect((await journal.find(fingerprint))?.folder).toBe(next.folder)
    expect(basename(next.folder)).toBe('0004')
  })

  // What is bought hangs on the file being there. A disk that ran full, or a restored cache, can leave it empty.
  it.each([
    ['', ''],
    ['\n', ''],
    ['commit', ''],
    ['<<<<<<< ours\nabandon 2026\n', 'ours\nabandon'],
    ['abandoned 2026\n', '2026'],
  ])('takes a decided for the commit that it may have been: %j', async (text, since) => {
    const layout = tmpLayout()
    const journal = createJournal(layout)
    const { folder } = await journal.open(fingerprint)
    writeFileSync(join(folder, 'decided'), text)
    expect((await journal.find(fingerprint))?.decided).toEqual({ kind: 'commit', at: since })
    expect((await journal.open(fingerprint)).folder).toBe(folder)
  })

  // As git merges two machines' caches, where one of them was refused after the other one had paid.
  it('stays with what was paid for, even beside a newer attempt', async () => {
    const layout = tmpLayout()
    const journal = createJournal(layout)
    const paid = await journal.open(fingerprint)
    await journal.commit(paid, at)
    await journal.writeTask(paid, 't-1')
    const newer = join(folderOf(layout), '0002')
    for (const outcome of [undefined, '{"kind":"rejected","at":"2026"}\n']) {
      mkdirSync(newer, { recursive: true })
      if (outcome) writeFileSync(join(newer, 'outcome'), outcome)
      expect((await journal.find(fingerprint))?.task).toBe('t-1')
      expect((await journal.open(fingerprint)).task).toBe('t-1')
    }
  })

  it('minds nothing else that lies in the folder', async () => {
    const layout = tmpLayout()
    mkdirSync(join(folderOf(layout), 'notes'), { recursive: true })
    writeFileSync(join(folderOf(layout), '.DS_Store'), '')
    const journal = createJournal(layout)
    expect(await journal.find(fingerprint)).toBeUndefined()
    expect(basename((await journal.open(fingerprint)).folder)).toBe('0001')
  })

  it('keeps fingerprints apart', async () => {
    const journal = createJournal(tmpLayout())
    await completeAttempt(journal)
    expect(await journal.find(`ab${'34'.repeat(31)}`)).toBeUndefined()
  })

  it('fails where the journal cannot be read: "never tried" would mean buying it again', async () => {
    const layout = tmpLayout()
    const journal = createJournal(layout)
    const { folder } = await journal.open(fingerprint)
    mkdirSync(join(folder, 'decided'))
    await expect(journal.find(fingerprint)).rejects.toThrow('EISDIR')
  })
})

describe('a copy of an attempt whose owner nobody knows', () => {
  const unknown: Attempt = {
    folder: '',
    owner: undefined,
    beat: 0,
    decided: undefined,
    response: undefined,
    task: 't-9',
    outcome: { kind: 'completed', sha256: 'c'.repeat(64), at: at.toISOString() },
    voided: undefined,
  }

  it.each([1, 2, 3])(
    'never lies in an attempt that somebody begins at the same number, before its step %i',
    async (step) => {
      const layout = tmpLayout()
      const [here, elsewhere] = [createJournal(layout), createJournal(layout)]
      const files = createJournalFiles(layout)
      let steps = 0
      let isBegun = false
      const interfering = createJournal(layout, {
        ...files,
        create: async (path, content) => {
          // Whoever is about to begin has seen that there is nothing.
          if (++steps === step) isBegun = await claim(elsewhere, seen)
          return files.create(path, content)
        },
      })
      const seen = await here.open(fingerprint)
      rmSync(seen.folder, { recursive: true })
      const copied = await interfering.copy(fingerprint, unknown)
      expect(copied).toMatchObject({ owner: undefined, task: 't-9' })
      expect(isBegun).toBe(step === 1)
      const [first, second] = await here.readAttempts(fingerprint)
      if (!isBegun) return expect(second).toBeUndefined()
      expect(first).toMatchObject({ owner: { subject }, task: undefined, outcome: undefined })
      expect(second?.folder).toBe(copied.folder)
    },
  )

  it('is one, however often it is made', async () => {
    const layout = tmpLayout()
    const journal = createJournal(layout)
    const copies = [await journal.copy(fingerprint, unknown)]
    for (let round = 0; round < 3; round++) copies.push(await journal.copy(fingerprint, unknown))
    expect(new Set(copies.map(({ folder }) => folder)).size).toBe(1)
    const undecided = { ...unknown, task: undefined, outcome: undefined, response: 'HTTP 500' }
    const other = { ...undecided, decided: { kind: 'commit', at: at.toISOString() } } as const
    for (let round = 0; round < 2; round++) await journal.copy(fingerprint, other)
    expect(await journal.readAttempts(fingerprint)).toHaveLength(2)
    expect(await checkJournal(layout, journal)).toEqual({ setAside: [], strays: [] })
  })
})
