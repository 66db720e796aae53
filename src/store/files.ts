import { createHash, randomBytes } from 'node:crypto'
import { closeSync, existsSync, openSync, readSync } from 'node:fs'
import { link, mkdir, open, rename, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** Whether an error of node:fs says that nothing is there. */
export function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}

/** Whether an error is the file system's own, such as a full disk, and not ours or the network's. */
export function isDiskError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'code' in error
}

/** A fresh path under `tmpDir`, whose folder exists afterwards. */
export async function createTmpPath(tmpDir: string): Promise<string> {
  await mkdir(tmpDir, { recursive: true })
  return nameTmp(tmpDir)
}

/** A fresh file under `tmpDir`, open for writing. */
export async function openTmp(tmpDir: string): Promise<{ file: string; handle: FileHandle }> {
  const file = nameTmp(tmpDir)
  return { file, handle: await withFolder(tmpDir, async () => open(file, 'wx')) }
}

function nameTmp(tmpDir: string): string {
  return join(tmpDir, `${process.pid}-${randomBytes(8).toString('hex')}`)
}

/**
 * Writes all of the bytes, since the kernel may take fewer than it is given.
 *
 * @throws the error of node:fs, `ENOSPC` among them
 */
export async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  let offset = 0
  while (offset < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, offset)
    if (bytesWritten === 0) {
      throw Object.assign(new Error('The disk took no more bytes.'), {
        code: 'ENOSPC',
        syscall: 'write',
      })
    }
    offset += bytesWritten
  }
}

/**
 * Puts a whole file in place or none: temporary file, fsync, rename. A reader never sees half of it, and
 * after a crash either the old or the new content stands.
 */
export async function putFile(
  tmpDir: string,
  target: string,
  content: string | Uint8Array,
): Promise<void> {
  const tmp = await writeTmp(tmpDir, content)
  await moveFile(tmp, target)
}

/** Waits until a file's bytes are on the disk. */
export async function syncFile(file: string): Promise<void> {
  const handle = await open(file, 'r+')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/**
 * Creates a file that must not exist yet, whole or not at all.
 *
 * @returns whether it was this call that created it
 */
export async function createFileOnce(
  tmpDir: string,
  target: string,
  content: string | Uint8Array,
): Promise<boolean> {
  const tmp = await writeTmp(tmpDir, content)
  try {
    await withFolder(dirname(target), async () => link(tmp, target))
    await syncFolder(dirname(target))
    return true
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && syscall === 'link') return false
    throw error
  } finally {
    // What stays is cleared away another day: the file counts, and it is in its place or not.
    await rm(tmp, { force: true }).catch(() => {})
  }
}

/** Moves a finished, fsynced temporary file into place; the temporary file is gone afterwards, either way. */
export async function moveFile(tmp: string, target: string): Promise<void> {
  try {
    await withFolder(dirname(target), async () => rename(tmp, target))
    await syncFolder(dirname(target))
  } catch (error) {
    await rm(tmp, { force: true })
    throw error
  }
}

/**
 * Moves a temporary file into place where a crash may undo it: for what can be made again. Nothing is waited for until it is
 * on the disk.
 */
export async function placeFile(tmp: string, target: string): Promise<void> {
  try {
    await rename(tmp, target)
  } catch (error) {
    if (!isMissing(error)) throw error
    await mkdir(dirname(target), { recursive: true })
    await rename(tmp, target)
  }
}

/**
 * Takes a folder away, all of it at once: it is moved before it is emptied, so that nobody finds half of it.
 *
 * @param tmpDir where it is emptied; what a crash leaves there is cleared away another day
 */
export async function removeFolder(tmpDir: string, folder: string): Promise<void> {
  const tmp = await createTmpPath(tmpDir)
  try {
    await rename(folder, tmp)
  } catch (error) {
    if (isMissing(error)) return
    throw error
  }
  await syncFolder(dirname(folder))
  await rm(tmp, { recursive: true, force: true })
}

/**
 * Moves a folder with finished, fsynced files to where none is, all of it at once.
 *
 * @returns whether it is there now; `false` where another one was
 */
export async function moveFolder(folder: string, target: string): Promise<boolean> {
  await makeFolder(dirname(target))
  try {
    await rename(folder, target)
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    // What Windows says of a folder that is there.
    if (['ENOTEMPTY', 'EEXIST', 'ENOTDIR', 'EPERM', 'EACCES'].includes(code) && existsSync(target))
      return false
    throw error
  }
  await syncFolder(dirname(target))
  return true
}

/**
 * SHA-256 of a file, read in pieces through one buffer. Synchronous, because it is the fastest way to hash
 * many files of a build, and the pieces keep its memory small.
 *
 * @returns 64 hex digits
 */
export function hashFile(file: string): string {
  const hash = createHash('sha256')
  const descriptor = openSync(file, 'r')
  try {
    let bytesRead: number
    while ((bytesRead = readSync(descriptor, hashBuffer)) > 0) {
      hash.update(hashBuffer.subarray(0, bytesRead))
    }
  } finally {
    closeSync(descriptor)
  }
  return hash.digest('hex')
}

const hashBuffer = Buffer.allocUnsafeSlow(256 * 1024)

/** Creates a folder and those above it that are missing, so that they last. */
export async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true })
  if (first === undefined) return
  for (let created = folder; created.length >= first.length; created = dirname(created)) {
    await syncFolder(dirname(created))
  }
}

/** Does what needs a folder that is nearly always there: it is made where that turns out to be missing. */
async function withFolder<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!isMissing(error)) throw error
    await makeFolder(folder)
    return work()
  }
}

/** Makes the names in a folder last: without it a crash may undo a rename that was already relied on. */
async function syncFolder(folder: string): Promise<void> {
  // Windows opens no folders, and keeps its names without being asked.
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function writeTmp(tmpDir: string, content: string | Uint8Array): Promise<string> {
  const { file: tmp, handle } = await openTmp(tmpDir)
  try {
    await writeAll(handle, typeof content === 'string' ? Buffer.from(content) : content)
    await handle.sync()
    await handle.close()
    return tmp
  } catch (error) {
    await handle.close().catch(() => {})
    await rm(tmp, { force: true })
    throw error
  }
}
