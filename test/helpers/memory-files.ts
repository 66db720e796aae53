import { dirname } from 'node:path'
import type { JournalFiles } from '../../src/store/journal-files.ts'
import type { Turns } from './turns.ts'

/** A disk that several actors share. What is on it lasts; whoever was about to hear of it may die first. */
export interface MemoryDisk {
  /** The disk as one actor sees it: each operation waits for a turn, happens at once, and is heard of a turn later. */
  filesOf(actor: string): JournalFiles
}

/**
 * An empty disk.
 *
 * @param now ms since 1970
 * @param beats whether the heart of the actor who created a file is heard
 */
export function createMemoryDisk(
  turns: Turns,
  now: () => number,
  beats: (actor: string) => boolean,
): MemoryDisk {
  const files = new Map<string, { content: string; actor: string; at: number }>()
  const folders = new Set<string>()

  const addFolder = (folder: string): void => {
    for (let path = folder; !folders.has(path) && path !== dirname(path); path = dirname(path)) {
      folders.add(path)
    }
  }
  const list = (folder: string): string[] =>
    [...files.keys(), ...folders]
      .filter((path) => dirname(path) === folder)
      .map((path) => path.slice(folder.length + 1))

  return {
    filesOf: (actor) => {
      const operate = async <T>(act: () => T): Promise<T> => {
        const value = await turns.take(actor, act)
        return turns.take(actor, () => value)
      }
      return {
        create: async (path, content) =>
          operate(() => {
            if (files.has(path)) return false
            addFolder(dirname(path))
            files.set(path, { content, actor, at: now() })
            return true
          }),
        read: async (path) => turns.take(actor, () => files.get(path)?.content),
        readBeat: async (path) =>
          turns.take(actor, () => {
            const file = files.get(path)
            if (!file) return 0
            return turns.isAlive(file.actor) && beats(file.actor) ? now() : file.at
          }),
        touch: async () => {},
        list: async (folder) => turns.take(actor, () => list(folder)),
        makeFolder: async (folder) => operate(() => addFolder(folder)),
        remove: async (path) => operate(() => void files.delete(path)),
        setAside: (path) => void files.delete(path),
      }
    },
  }
}
