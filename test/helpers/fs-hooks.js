// Watches, and breaks, what a process does on the disk below one folder. Plain JavaScript, so that a child can preload it.
import { AsyncLocalStorage } from 'node:async_hooks'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { constants } from 'node:os'
import { resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { getSystemErrorMap } from 'node:util'

/**
 * One operation on the disk, before and after it.
 *
 * @typedef {object} Operation
 * @property {string} name as Node calls it, without `Sync`: `open`, `write`, `link`, …; methods of handles go by theirs
 * @property {string} path absolute; of a handle, the one it was opened by
 * @property {string | undefined} dest the second path of those that have two
 * @property {number} index from 1, over all operations of one hook
 * @property {'before' | 'after'} phase
 * @property {boolean} isDone afterwards, whether it went well
 */

/**
 * @typedef {{ folder: string, onOperation: (operation: Operation) => { short?: boolean } | void, count: number }} Hook
 */

const onPaths = (
  'access appendFile chmod copyFile cp link lstat mkdir mkdtemp open opendir readFile readdir readlink realpath rename ' +
  'rm rmdir stat statfs symlink truncate unlink utimes writeFile'
).split(' ')
const onDescriptors =
  'close fchmod fdatasync fstat fsync ftruncate futimes read readv write writev'.split(' ')
const onHandles =
  'appendFile chmod close datasync read readFile readv stat sync truncate utimes write writeFile writev'.split(
    ' ',
  )
const withTwoPaths = new Set(['copyFile', 'cp', 'link', 'rename', 'symlink'])

/** What the system calls it, where that is another name than Node's. */
const syscalls = {
  appendFile: 'open',
  copyFile: 'copyfile',
  datasync: 'fdatasync',
  readFile: 'open',
  readdir: 'scandir',
  sync: 'fsync',
  utimes: 'utime',
  writeFile: 'open',
}

// Handles have no class that is exported.
const probe = await fs.promises.open(fileURLToPath(import.meta.url))
const handlePrototype = Object.getPrototypeOf(probe)
await probe.close()
// Node loads it late, and it keeps the functions that it finds: they have to be the plain ones.
fs.rmSync(`${fileURLToPath(import.meta.url)}.none`, { force: true })

/** @type {Set<Hook>} */
const hooks = new Set()
/** @type {WeakMap<object, string>} */
const handles = new WeakMap()
/** @type {Map<number, string>} */
const descriptors = new Map()
/** @type {(() => void)[]} */
const undo = []
/** What one operation does by further ones is its own matter. */
const within = new AsyncLocalStorage()

/**
 * Has every operation on paths inside a folder, or on files opened by such paths, told, and failed on request. What
 * native code does by itself (sharp) is not seen.
 *
 * @param {string} folder need not be there yet
 * @param {(operation: Operation) => { short?: boolean } | void} onOperation called before and after each; before, it may
 *   throw to make the operation fail (see `createFsError`), or return `{ short: true }` to have half of a `write` written
 * @returns {() => void} ends it
 */
export function hookFs(folder, onOperation) {
  const hook = { folder: resolve(folder), onOperation, count: 0 }
  if (hooks.size === 0) patch()
  hooks.add(hook)
  return () => {
    hooks.delete(hook)
    if (hooks.size > 0) return
    for (const restore of undo.splice(0)) restore()
    syncBuiltinESMExports()
  }
}

/**
 * An error as Node makes it of the system's answer.
 *
 * @param {string} code such as `ENOSPC`
 * @param {Pick<Operation, 'name' | 'path' | 'dest'>} operation
 */
export function createFsError(code, { name, path, dest }) {
  const errno = -constants.errno[code]
  const [, text = 'unknown error'] = getSystemErrorMap().get(errno) ?? []
  const syscall = syscalls[name] ?? name
  const error = Object.assign(new Error(`${code}: ${text}, ${syscall}`), { errno, code, syscall })
  // Node names no path for what is done to an open file.
  if (!onPaths.includes(name)) return error
  error.message += ` '${path}'${dest ? ` -> '${dest}'` : ''}`
  return Object.assign(error, { path, ...(dest && { dest }) })
}

function patch() {
  for (const name of onPaths) {
    const two = withTwoPaths.has(name)
    const places = (args) => ({ path: toPath(args[0]), dest: two ? toPath(args[1]) : undefined })
    replace(fs.promises, name, (original) => wrapPromise(name, original, places))
    replace(fs, `${name}Sync`, (original) => wrapSync(name, original, places))
    replace(fs, name, (original) => wrapCallback(name, original, places))
  }
  const ofDescriptor = ([descriptor]) => ({ path: descriptors.get(descriptor) })
  for (const name of onDescriptors) {
    replace(fs, `${name}Sync`, (original) => wrapSync(name, original, ofDescriptor))
    replace(fs, name, (original) => wrapCallback(name, original, ofDescriptor))
  }
  for (const name of onHandles) {
    // `close` is each handle's own.
    if (name in handlePrototype)
      replace(handlePrototype, name, (original) => wrapMethod(name, original))
  }
  replace(fs, 'existsSync', (original) => {
    const wrapped = wrapSync('exists', original, ([path]) => ({ path: toPath(path) }))
    return (path) => {
      try {
        return wrapped(path)
      } catch {
        return false
      }
    }
  })
  syncBuiltinESMExports()
}

function replace(owner, name, wrap) {
  const original = owner[name]
  if (typeof original !== 'function') return
  const wrapped = wrap(original)
  Object.defineProperties(wrapped, Object.getOwnPropertyDescriptors(original))
  owner[name] = wrapped
  undo.push(() => (owner[name] = original))
}

function wrapMethod(name, original) {
  return wrapPromise(name, original, (_, handle) => ({ path: handles.get(handle) }))
}

function wrapPromise(name, original, places) {
  return async function wrapped(...args) {
    const { path, dest } = places(args, this)
    let begun
    try {
      begun = begin(name, path, dest)
    } catch (error) {
      // The system lets go of a file also where closing it fails.
      if (name === 'close') await within.run(true, async () => original.apply(this, args))
      throw error
    }
    const { short, end } = begun
    let isDone = false
    try {
      const given = short ? shorten(args) : args
      const result = await within.run(true, async () => original.apply(this, given))
      if (name === 'open') keepHandle(result, path)
      isDone = true
      return result
    } finally {
      end(isDone)
    }
  }
}

function keepHandle(handle, path) {
  handles.set(handle, path)
  if (Object.hasOwn(handle, 'close')) handle.close = wrapMethod('close', handle.close)
}

function wrapSync(name, original, places) {
  return function wrapped(...args) {
    const { path, dest } = places(args)
    const { short, end } = begin(name, path, dest)
    let isDone = false
    try {
      const result = original.apply(this, short ? shorten(args) : args)
      if (name === 'open') descriptors.set(result, path)
      if (name === 'close') descriptors.delete(args[0])
      isDone = true
      return result
    } finally {
      end(isDone)
    }
  }
}

function wrapCallback(name, original, places) {
  return function wrapped(...args) {
    const callback = args.at(-1)
    const { path, dest } = places(args)
    if (typeof callback !== 'function') return original.apply(this, args)
    let begun
    try {
      begun = begin(name, path, dest)
    } catch (error) {
      process.nextTick(callback, error)
      return undefined
    }
    const given = begun.short ? shorten(args) : args
    given[given.length - 1] = (error, ...results) => {
      if (name === 'open' && !error) descriptors.set(results[0], path)
      if (name === 'close') descriptors.delete(args[0])
      begun.end(!error)
      callback(error, ...results)
    }
    return original.apply(this, given)
  }
}

/** Tells that an operation begins, and counts it, for every folder that it is in. */
function begin(name, path, dest) {
  let short = false
  const ends = []
  if (within.getStore()) return { short, end: () => {} }
  for (const hook of hooks) {
    if (!isInside(hook.folder, path) && !isInside(hook.folder, dest)) continue
    const operation = { name, path, dest, index: ++hook.count }
    short =
      Boolean(hook.onOperation({ ...operation, phase: 'before', isDone: false })?.short) || short
    ends.push((isDone) => void hook.onOperation({ ...operation, phase: 'after', isDone }))
  }
  const end = (isDone) => {
    for (const tell of ends) tell(isDone)
  }
  return { short: short && name === 'write', end }
}

function isInside(folder, path) {
  return path === folder || (path?.startsWith(folder + sep) ?? false)
}

function toPath(path) {
  if (path instanceof URL) return fileURLToPath(path)
  return typeof path === 'string' || Buffer.isBuffer(path) ? resolve(String(path)) : undefined
}

/** The arguments of a `write`, of a handle or of `fs`, for half of the bytes. A single byte is written: none is no write. */
function shorten(given) {
  const args = [...given]
  const at = args.findIndex((value) => typeof value === 'string' || ArrayBuffer.isView(value))
  const bytes = typeof args[at] === 'string' ? Buffer.from(args[at]) : args[at]
  const rest = args.slice(at + 1).filter((value) => typeof value !== 'function')
  const callback = args.slice(at + 1).filter((value) => typeof value === 'function')
  const isText = typeof args[at] === 'string'
  const options = typeof rest[0] === 'object' && rest[0] !== null ? rest[0] : undefined
  const offset = isText ? 0 : (options?.offset ?? (options ? 0 : (rest[0] ?? 0)))
  const length = isText ? undefined : options ? options.length : rest[1]
  const position = isText ? rest[0] : options ? options.position : rest[2]
  const half = Math.max(1, (length ?? bytes.byteLength - offset) >> 1)
  return [...args.slice(0, at), bytes, offset, half, position ?? null, ...callback]
}
