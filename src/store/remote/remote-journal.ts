import { fingerprintOf } from '../attempt.ts'
import { createJournal } from '../journal.ts'
import type { Journal } from '../journal.ts'
import type { JournalFiles } from '../journal-files.ts'
import { createLayout } from '../layout.ts'
import { DamagedError, isUseless, orIfUseless, RemoteError } from './errors.ts'
import type { Remote } from './remote.ts'

/** What an attempt consists of: one of these is there of each. */
const names = ['owner', 'decided', 'task', 'response', 'outcome', 'void'] as const

/**
 * A journal in a shared cache, with the meaning of the one on the disk: what can be created once there is created once here.
 *
 * Its methods throw a RemoteError where the store does not answer, or not with what was written: that is not the same as
 * nothing being there.
 *
 * @param mends whether what nobody can use, since it is damaged or not signed, is written anew
 */
export function createRemoteJournal(given: Remote, mends = false): Journal {
  const remote = mends ? createMendingRemote(given) : given
  // A path on the disk is a key here.
  const journal = createJournal(createLayout(''), createRemoteFiles(remote))

  /** One task is one image. */
  const isOfOther: Journal['isOfOther'] = async (fingerprint, task) => {
    const found = await unlessDamaged(remote, remote.readCreated(taskKey(task)))
    return found !== undefined && found !== fingerprint
  }

  return {
    ...journal,
    isOfOther,
    copy: async (fingerprint, attempt) => {
      if (attempt.task !== undefined) await remote.create(taskKey(attempt.task), fingerprint)
      return journal.copy(fingerprint, attempt)
    },
    writeTask: async (attempt, task) => {
      const fingerprint = fingerprintOf(attempt)
      const isNew = await unlessDamaged(remote, remote.create(taskKey(task), fingerprint))
      if (!isNew && (await isOfOther(fingerprint, task))) return false
      return journal.writeTask(attempt, task)
    },
  }
}

/** To it, what nobody can use is not there. */
function createMendingRemote(remote: Remote): Remote {
  return {
    ...remote,
    readCreated: async (key) => orIfUseless(remote.readCreated(key)),
    create: async (key, text) => {
      try {
        return await remote.create(key, text)
      } catch (error) {
        if (!isUseless(error)) throw error
        await remote.replace(key, text)
        return true
      }
    },
  }
}

function taskKey(task: string): string {
  return `v1/tasks/${task}`
}

function createRemoteFiles(remote: Remote): JournalFiles {
  /** What stands there for good is asked for once. */
  const known = new Map<string, string>()

  const read = async (key: string): Promise<string | undefined> => {
    const found = known.get(key) ?? (await unlessDamaged(remote, remote.readCreated(key)))
    if (found !== undefined) known.set(key, found)
    return found
  }

  return {
    create: async (path, content) => {
      const key = keyOf(path)
      try {
        return await unlessDamaged(remote, remote.create(key, content))
      } catch (error) {
        // It may stand there all the same.
        if (error instanceof RemoteError && (await read(key)) === content) return true
        throw error
      }
    },
    read: async (path) => read(keyOf(path)),
    readBeat: async (path) => {
      // One that nobody can use, such as from before there were keys, is none: a wrong guess costs no money.
      const beat = await orIfUseless(remote.read(`${keyOf(path)}/beat`))
      if (Number(beat) > 0) return Number(beat)
      const owner = await read(keyOf(path))
      // Whoever owns it has shown no sign of life since.
      return owner === undefined ? 0 : readTime(owner)
    },
    touch: async (path) => remote.write(`${keyOf(path)}/beat`, String(Date.now())),
    list: async (path) => {
      const numbers: string[] = []
      for (;;) {
        const number = String(numbers.length + 1).padStart(4, '0')
        const found = await Promise.all(
          names.map(async (name) => read(`${keyOf(path)}/${number}/${name}`)),
        )
        if (found.every((text) => text === undefined)) return numbers
        numbers.push(number)
      }
    },
    makeFolder: async () => {},
    // What says nothing stays where it is: somebody else may be able to read it.
    setAside: () => {},
    remove: async () => {},
  }
}

function keyOf(path: string): string {
  return path.replaceAll('\\', '/')
}

/** When an owner began, ms since 1970; long ago where it does not tell. */
function readTime(owner: string): number {
  try {
    return Date.parse((JSON.parse(owner) as { at?: string }).at ?? '') || 1
  } catch {
    return 1
  }
}

/** What a damaged entry says is not known, which is not the same as nothing. */
async function unlessDamaged<T>(remote: Remote, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof DamagedError)) throw error
    throw new RemoteError(remote.name(), error.message, error)
  }
}
