import { EventEmitter } from 'node:events'
import { readFile, readdir, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { KeyvStoreAdapter, StoredData } from 'keyv'
import { isMissing, putFile } from './files.ts'

/** Where a `KeyvFiles` keeps its values. */
export interface KeyvFilesOptions {
  /** The folder of the values, absolute. Nothing else may write there. */
  dir: string
  /** A folder of the same file system for files that are not finished. */
  tmpDir: string
}

/** Names of most file systems end at 255 bytes; this leaves room for the suffix. */
const longestName = 200
const suffix = '.json'

/**
 * A storage adapter for Keyv 5 that keeps each value in a file of its own, `ab/<key>.json`: readable, mergeable
 * by git, and never half written. The file holds the value as Keyv serialised it, to the letter.
 */
export class KeyvFiles extends EventEmitter implements KeyvStoreAdapter {
  /** Keyv reads `url`, and offers `iterator` only to the dialects on a list of its own: hence the borrowed name. */
  readonly opts: KeyvFilesOptions & { url: string; dialect: string }
  /** Set by Keyv. Keys come with it in front already. */
  namespace?: string | undefined

  constructor(options: KeyvFilesOptions) {
    super()
    this.opts = { ...options, url: options.dir, dialect: 'sqlite' }
  }

  async get<Value>(key: string): Promise<StoredData<Value> | undefined> {
    try {
      return (await readFile(this.path(key), 'utf8')) as StoredData<Value>
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  }

  async getMany<Value>(keys: string[]): Promise<Array<StoredData<Value | undefined>>> {
    return Promise.all(keys.map(async (key) => this.get<Value>(key)))
  }

  /** Takes texts only: that is what Keyv hands over, unless its serialisation is turned off. */
  async set(key: string, value: unknown): Promise<boolean> {
    if (typeof value !== 'string') {
      throw new TypeError(`Expected a serialised value for "${key}", got ${typeof value}.`)
    }
    await putFile(this.opts.tmpDir, this.path(key), value)
    return true
  }

  async delete(key: string): Promise<boolean> {
    try {
      await rm(this.path(key))
      return true
    } catch (error) {
      if (isMissing(error)) return false
      throw error
    }
  }

  async deleteMany(keys: string[]): Promise<boolean> {
    const deleted = await Promise.all(keys.map(async (key) => this.delete(key)))
    return deleted.some(Boolean)
  }

  async has(key: string): Promise<boolean> {
    try {
      return (await stat(this.path(key))).isFile()
    } catch (error) {
      if (isMissing(error)) return false
      throw error
    }
  }

  /** Deletes the keys of the namespace, or all of them where there is none. */
  async clear(): Promise<void> {
    for await (const key of this.keys(this.namespace)) await this.delete(key)
  }

  async *iterator<Value>(
    namespace?: string,
  ): AsyncGenerator<Array<string | Awaited<Value> | undefined>, void> {
    for await (const key of this.keys(namespace)) {
      const value = (await this.get<Value>(key)) as Awaited<Value> | undefined
      if (value !== undefined) yield [key, value]
    }
  }

  /** The file of a key. */
  path(key: string): string {
    const name = encodeKey(key)
    const segments = name.match(new RegExp(`.{1,${longestName}}`, 'g')) ?? ['']
    return `${join(this.opts.dir, name.slice(0, 2), ...segments)}${suffix}`
  }

  private async *keys(namespace: string | undefined): AsyncGenerator<string, void> {
    for (const shard of await listFolder(this.opts.dir)) {
      for await (const name of listNames(join(this.opts.dir, shard))) {
        const key = decodeKey(name)
        if (key === undefined) continue
        if (!namespace || key.startsWith(`${namespace}:`)) yield key
      }
    }
  }
}

/**
 * A name that every file system keeps apart from every other key's: capitals are escaped too, since some
 * ignore case, and so are dots, since `..` leads elsewhere.
 */
function encodeKey(key: string): string {
  return encodeURIComponent(key).replaceAll(/%[\dA-F]{2}|[^\da-z_-]/g, (match) =>
    match.length === 3 ? match : escapeCharacter(match),
  )
}

function escapeCharacter(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
}

/** The key that a name stands for; `undefined` where it is no name of ours. */
function decodeKey(name: string): string | undefined {
  try {
    return decodeURIComponent(name)
  } catch {
    return undefined
  }
}

/** The encoded keys below a folder; a long one is spread over nested folders. */
async function* listNames(folder: string, prefix = ''): AsyncGenerator<string, void> {
  for (const entry of await listFolder(folder)) {
    if (entry.endsWith(suffix)) yield prefix + basename(entry, suffix)
    else yield* listNames(join(folder, entry), prefix + entry)
  }
}

/** What is missing has no names in it, nor has a file that somebody has laid between the folders. */
async function listFolder(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (isMissing(error) || (error as NodeJS.ErrnoException).code === 'ENOTDIR') return []
    throw error
  }
}
