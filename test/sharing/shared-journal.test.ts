import { describe, expect, it, onTestFinished } from 'vitest'
import type { Attempt } from '../../src/store/attempt.ts'
import { createJournal } from '../../src/store/journal.ts'
import type { Journal } from '../../src/store/journal.ts'
import type { Layout } from '../../src/store/layout.ts'
import type { ProcessIdentity } from '../../src/store/liveness.ts'
import { createSharedCache } from '../../src/store/remote/shared-cache.ts'
import type { Remote, RemoteSettings } from '../../src/store/remote/remote.ts'
import { createRemoteJournal } from '../../src/store/remote/remote-journal.ts'
import { tmpLayout } from '../helpers/cache.ts'
import { errorOf } from '../helpers/errors.ts'
import { startLethalProxy } from '../helpers/lethal-proxy.ts'
import { createMemoryStore } from '../helpers/memory-store.ts'
import type { MemoryStore } from '../helpers/memory-store.ts'
import { processOf, spawnEnded } from '../helpers/processes.ts'
import { redisPath, startRedis, warnWithoutRedis } from '../helpers/redis-server.ts'
import { someSubject } from '../helpers/subjects.ts'

warnWithoutRedis()

const fingerprint = `ab${'12'.repeat(31)}`
const at = new Date('2026-11-22T20:00:00.123Z')
const keyOf = (number: string, name: string): string =>
  `claim:magnific:claims:v1/journal/ab/${fingerprint}/${number}/${name}`

/** One of the computers that share a cache. */
interface Machine {
  journal: Journal
  /** What is on its disk alone. */
  local: Journal
  layout: Layout
  remote: Remote
}

function openMachine(
  settings: Pick<RemoteSettings, 'remote' | 'claim'>,
  self: ProcessIdentity = processOf(),
  layout: Layout = tmpLayout(),
): Machine {
  const sharing = createSharedCache('0', {
    ...settings,
    readOnly: false,
    timeout: 2000,
    root: import.meta.dirname,
    name: 'cache.remote',
    warn: () => {},
  })
  onTestFinished(async () => sharing.remote.rest())
  const local = createJournal(layout, undefined, self)
  return { journal: sharing.shareJournal(local), local, layout, remote: sharing.remote }
}

async function claim(journal: Journal, attempt: Attempt, when = at): Promise<boolean> {
  const stop = await journal.claim(attempt, someSubject, when)
  stop?.()
  return stop !== undefined
}

/** Everything up to the task. */
async function buy({ journal }: Machine, task: string): Promise<Attempt> {
  const attempt = await journal.open(fingerprint)
  expect(await claim(journal, attempt)).toBe(true)
  expect(await journal.commit(attempt, at)).toBe(true)
  expect(await journal.writeTask(attempt, task)).toBe(true)
  return attempt
}

/** The keys of claims that stand, without what comes before the number of an attempt. */
function standing(store: MemoryStore): string[] {
  return [...store.values.keys()].filter((key) => key.startsWith('claim:')).toSorted()
}

describe('the journal of machines that share a cache', () => {
  it('gives an attempt to one of them', async () => {
    const store = createMemoryStore()
    const machines = Array.from({ length: 6 }, () => openMachine(store))
    const claimed = await Promise.all(
      machines.map(async ({ journal }) => claim(journal, await journal.open(fingerprint))),
    )
    expect(claimed.filter(Boolean)).toHaveLength(1)
  })

  it('says nothing, and begins nothing, where an entry is damaged', async () => {
    const store = createMemoryStore()
    await buy(openMachine(store), 't-1')
    for (const name of ['owner', 'decided', 'task']) {
      const mirror = `magnific:claimed:v1/journal/ab/${fingerprint}/0001/${name}`
      const right = store.values.get(mirror) ?? ''
      expect(right).not.toBe('')
      const before = standing(store)
      for (const wrong of ['', 'x', right.slice(0, -3), right.replace('0001', '0002')]) {
        store.values.set(mirror, wrong)
        const { journal } = openMachine(store)
        for (const work of [
          async () => journal.find(fingerprint),
          async () => journal.open(fingerprint),
        ]) {
          expect((await errorOf(work)).code).toBe('REMOTE_FAILED')
        }
      }
      expect(standing(store)).toEqual(before)
      store.values.set(mirror, right)
    }
  })

  it('begins nothing where the store holds nothing but forgets what is written', async () => {
    const store = createMemoryStore()
    store.onCall = ({ kind }, when): void => {
      if (kind === 'set' && when === 'after') store.values.clear()
    }
    const { journal } = openMachine(store)
    expect((await errorOf(async () => journal.open(fingerprint))).code).toBe('REMOTE_FAILED')
    expect(standing(store)).toEqual([])
  })

  it('begins nothing while the store does not answer, and goes on with what is known here', async () => {
    const store = createMemoryStore()
    const machine = openMachine(store)
    const other = `cd${'34'.repeat(31)}`
    const attempt = await buy(machine, 't-1')
    store.onCall = (): void => {
      throw new Error('gone')
    }
    expect((await errorOf(async () => machine.journal.open(other))).code).toBe('REMOTE_FAILED')
    expect((await machine.journal.find(fingerprint))?.task).toBe('t-1')
    expect((await machine.journal.open(fingerprint)).task).toBe('t-1')
    await machine.journal.writeOutcome(attempt, {
      kind: 'completed',
      sha256: 'c'.repeat(64),
      at: at.toISOString(),
    })
    expect((await machine.local.find(fingerprint))?.outcome?.kind).toBe('completed')
    store.onCall = undefined
  })

  it('does not send what another machine has abandoned before the last byte', async () => {
    const store = createMemoryStore()
    const [owner, other] = [openMachine(store), openMachine(store)]
    const attempt = await owner.journal.open(fingerprint)
    expect(await claim(owner.journal, attempt)).toBe(true)
    const seen = await other.journal.open(fingerprint)
    expect(seen.beat).toBeGreaterThan(0)
    expect(await other.journal.abandon(seen, at)).toBe(true)

    expect(await owner.journal.commit(attempt, at)).toBe(false)
    expect((await owner.local.find(fingerprint))?.outcome).toMatchObject({
      kind: 'rejected',
      reason: 'never sent: another machine has abandoned it',
    })
    for (const { journal } of [owner, other]) {
      const next = await journal.open(fingerprint)
      expect(next.decided).toBeUndefined()
      expect(next.beat).toBe(0)
    }
  })

  it('does not abandon what has been committed', async () => {
    const store = createMemoryStore()
    const [owner, other] = [openMachine(store), openMachine(store)]
    const attempt = await owner.journal.open(fingerprint)
    await claim(owner.journal, attempt)
    const seen = await other.journal.open(fingerprint)
    expect(await owner.journal.commit(attempt, at)).toBe(true)
    expect(await other.journal.abandon(seen, at)).toBe(false)
    expect((await other.journal.reread(seen)).decided?.kind).toBe('commit')
  })

  it('abandons what was committed on a disk alone by a process that is gone: it is bought once', async () => {
    const store = createMemoryStore()
    const dead = openMachine(store, spawnEnded())
    const attempt = await dead.journal.open(fingerprint)
    await claim(dead.journal, attempt)
    // Killed between the two commits.
    const own = await dead.local.find(fingerprint)
    if (!own) throw new Error('It is in the journal.')
    await dead.local.commit(own, at)

    const again = openMachine(store, processOf(), dead.layout)
    const next = await again.journal.open(fingerprint)
    expect(next.owner).toBeUndefined()
    expect(standing(store)).toContain(keyOf('0001', 'decided'))
    await buy(again, 't-2')
    const other = openMachine(store)
    expect((await other.journal.open(fingerprint)).task).toBe('t-2')
    expect(
      (await openMachine(store, processOf(), dead.layout).journal.find(fingerprint))?.task,
    ).toBe('t-2')
  })

  it('tells of a task that a build knew and could not tell', async () => {
    const store = createMemoryStore()
    const dead = openMachine(store, spawnEnded())
    const attempt = await dead.journal.open(fingerprint)
    await claim(dead.journal, attempt)
    await dead.journal.commit(attempt, at)
    const own = await dead.local.find(fingerprint)
    if (!own) throw new Error('It is in the journal.')
    await dead.local.writeTask(own, 't-1')

    const other = openMachine(store)
    expect((await other.journal.find(fingerprint))?.task).toBeUndefined()
    await openMachine(store, processOf(), dead.layout).journal.find(fingerprint)
    const seen = await openMachine(store).journal.find(fingerprint)
    expect(seen?.task).toBe('t-1')
  })

  it('holds a decision against an attempt for all of them', async () => {
    const store = createMemoryStore()
    const [one, two, three] = [openMachine(store), openMachine(store), openMachine(store)]
    await buy(one, 't-1')
    const seen = await two.journal.find(fingerprint)
    if (!seen) throw new Error('It is in the journal.')
    await two.journal.writeVoid(seen, at)
    for (const { journal } of [one, two, three]) {
      expect(await journal.isVoided(fingerprint, 't-1')).toBe(true)
      const next = await journal.open(fingerprint)
      expect(next.task).toBeUndefined()
    }
    await buy(three, 't-2')
    for (const { journal } of [one, two, three]) {
      expect((await journal.find(fingerprint))?.task).toBe('t-2')
    }
  })

  it('never mixes attempts of one number that are two', async () => {
    const store = createMemoryStore()
    await buy(openMachine(store), 't-shared')
    // Bought before this machine had a shared cache.
    const late = openMachine(store)
    const own = await late.local.open(fingerprint)
    await claim(late.local, own)
    await late.local.commit(own, at)
    await late.local.writeTask(own, 't-own')

    expect((await late.journal.find(fingerprint))?.task).toBe('t-own')
    const known = await openMachine(store).journal.readAttempts(fingerprint)
    expect(known).toEqual([])
    const both = openMachine(store)
    await both.journal.find(fingerprint)
    const nonces = new Map<string, string>()
    for (const name of ['0001', '0002']) {
      const owner = store.values.get(keyOf(name, 'owner')) ?? ''
      const task = store.values.get(keyOf(name, 'task')) ?? ''
      nonces.set(/t-\w+/.exec(task)?.[0] ?? '', /"nonce":"([^"]+)"/.exec(owner)?.[1] ?? '')
    }
    expect([...nonces.keys()].toSorted()).toEqual(['t-own', 't-shared'])
    expect(nonces.get('t-own')).toBe((await late.local.find(fingerprint))?.owner?.nonce)
  })

  it('does not take a task for two images', async () => {
    const store = createMemoryStore()
    const [one, two] = [openMachine(store), openMachine(store)]
    await buy(one, 't-1')
    const other = `cd${'34'.repeat(31)}`
    const attempt = await two.journal.open(other)
    await claim(two.journal, attempt)
    await two.journal.commit(attempt, at)
    expect(await two.journal.isOfOther(other, 't-1')).toBe(true)
  })

  it('abandons on the disk what another machine has abandoned in its place', async () => {
    const store = createMemoryStore()
    const dead = openMachine(store, spawnEnded())
    const attempt = await dead.journal.open(fingerprint)
    await claim(dead.journal, attempt)
    const own = await dead.local.find(fingerprint)
    if (!own) throw new Error('It is in the journal.')
    await dead.local.commit(own, at)
    const other = openMachine(store)
    await other.journal.abandon(await other.journal.open(fingerprint), at)

    const again = openMachine(store, processOf(), dead.layout)
    expect((await again.journal.open(fingerprint)).beat).toBe(0)
    await buy(again, 't-2')
  })

  it.skipIf(redisPath === undefined).each(['before', 'after'] as const)(
    'goes on where the connection breaks %s a claim is made',
    async (phase) => {
      const { port } = await startRedis()
      // Opening, claiming, committing: each of these commands.
      for (let nth = 1; nth <= 12; nth++) {
        const proxy = await startLethalProxy(port, 'magnific:claims:v1/journal')
        const machine = openMachine({ remote: `redis://127.0.0.1:${proxy.port}` })
        const print = `ab${String(nth).padStart(2, '0').repeat(31)}`
        let isStruck = false
        proxy.arm(nth, phase, () => (isStruck = true))
        let commits = 0
        for (let round = 0; round < 4 && commits === 0; round++) {
          let attempt: Attempt | undefined
          try {
            attempt = await machine.journal.open(print)
            if (attempt.beat > 0 && !attempt.decided) {
              await machine.journal.abandon(attempt, at)
              continue
            }
            if (!(await claim(machine.journal, attempt))) continue
            if (await machine.journal.commit(attempt, at)) commits++
          } catch (error) {
            expect(error).toMatchObject({ code: 'REMOTE_FAILED' })
            // As whoever sends does, whose last byte has not gone.
            const { decided } = attempt ? await machine.journal.reread(attempt) : {}
            const reason = 'never sent'
            if (attempt && decided) {
              const outcome = { kind: 'rejected', reason, at: at.toISOString() } as const
              await machine.journal.writeOutcome(attempt, outcome)
            }
          }
        }
        expect(commits, `${phase} ${nth}`).toBe(1)
        proxy.disarm()
        const fresh = openMachine({ remote: `redis://127.0.0.1:${port}` })
        const found = await fresh.journal.find(print)
        expect(found?.decided?.kind).toBe('commit')
        // What stands counts, though nobody heard of it.
        const attempts = await createRemoteJournal(fresh.remote).readAttempts(print)
        if (phase === 'after') expect(attempts).toHaveLength(1)
        if (nth === 1) expect(isStruck).toBe(true)
      }
    },
  )
})
