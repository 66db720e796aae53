/** One operation on the disk, before and after it. */
export interface Operation {
  /** As Node calls it, without `Sync`: `open`, `write`, `link`, …; methods of handles go by theirs. */
  name: string
  /** Absolute; of a handle, the one it was opened by. */
  path: string
  /** The second path of those that have two. */
  dest: string | undefined
  /** From 1, over all operations of one hook. */
  index: number
  phase: 'before' | 'after'
  isDone: boolean
}

/**
 * Has every operation on paths inside a folder, or on files opened by such paths, told, and failed on request. What
 * native code does by itself (sharp) is not seen.
 *
 * @param folder need not be there yet
 * @param onOperation called before and after each; before, it may throw to make the operation fail (see
 *   `createFsError`), or return `{ short: true }` to have half of a `write` written
 * @returns ends it
 */
export function hookFs(
  folder: string,
  onOperation: (operation: Operation) => { short?: boolean } | void,
): () => void

/**
 * An error as Node makes it of the system's answer.
 *
 * @param code such as `ENOSPC`
 */
export function createFsError(
  code: string,
  operation: Pick<Operation, 'name' | 'path' | 'dest'>,
): NodeJS.ErrnoException & { code: string; syscall: string; errno: number }
