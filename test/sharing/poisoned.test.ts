import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import KeyvRedis from '@keyv/redis'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { computeFingerprint } from '../../src/core/fingerprint.ts'
import type { CacheOption } from '../../src/core/options.ts'
import { serviceOf } from '../../src/core/service.ts'
import { readSigning } from '../../src/core/signing-option.ts'
import type { Emulator } from '../../src/emulator/index.ts'
import { createSeal } from '../../src/store/remote/seal.ts'
import { postsTo, startEmulator } from '../helpers/emulator.ts'
import { createEnds } from '../helpers/ends.ts'
import { errorOf } from '../helpers/errors.ts'
import { makePng } from '../helpers/images.ts'
import { downloadResult, hash } from '../helpers/machines.ts'
import { tmpProject } from '../helpers/project.ts'
import type { OnEnd } from '../helpers/project.ts'
import { redisPath, startRedis, warnWithoutRedis } from '../helpers/redis-server.ts'
import { makeKeys } from '../helpers/signing.ts'
import type { Keys } from '../helpers/signing.ts'
import { openUpscaler } from '../helpers/upscalers.ts'
import type { OpenUpscaler } from '../helpers/upscalers.ts'

warnWithoutRedis()

/** What somebody who can write to the store sees of it. */
interface Store {
  get(key: string): Promise<string>
  set(key: string, value: string): Promise<void>
  delete(key: string): Promise<void>
  /** All keys that begin like this. */
  list(prefix: string): Promise<string[]>
  /** Everything that it holds. */
  read(): Promise<Map<string, string>>
  /** Puts it back to what it held once. */
  restore(values: Map<string, string>): Promise<void>
}

async function openStore(url: string, onEnd: OnEnd): Promise<Store> {
  const redis = new KeyvRedis(url)
  onEnd(async () => redis.disconnect(true))
  const client = (await redis.getClient()) as {
    keys(pattern: string): Promise<string[]>
    get(key: string): Promise<string | null>
    set(key: string, value: string): Promise<unknown>
    del(key: string): Promise<unknown>
    flushAll(): Promise<unknown>
  }
  const get = async (key: string): Promise<string> => {
    const value = await client.get(key)
    if (value === null) throw new Error(`There is no ${key}.`)
    return value
  }
  return {
    get,
    read: async () => {
      const keys = (await client.keys('*')).toSorted()
      return new Map(await Promise.all(keys.map(async (key) => [key, await get(key)] as const)))
    },
    restore: async (values) => {
      await client.flushAll()
      for (const [key, value] of values) await client.set(key, value)
    },
    set: async (key, value) => void (await client.set(key, value)),
    delete: async (key) => void (await client.del(key)),
    list: async (prefix) => (await client.keys(`${prefix}*`)).toSorted(),
  }
}

const names = ['one', 'two'] as const
type Name = (typeof names)[number]

/** A shared cache with two images that machine after machine may build; nobody has the third. */
interface Scene {
  emulator: Emulator
  store: Store
  keys: Keys | undefined
  fingerprints: Record<Name, string>
  /** The bytes that the API made. */
  results: Record<Name, Buffer>
  /** What the store holds before anybody has touched it. */
  sold: Map<string, string>
  /** The next machine, with nothing in its cache. */
  machine(cache?: CacheOption): OpenUpscaler
  /** Seals a text as somebody does who has these keys. */
  sealAs(keys: Keys | undefined, key: string, text: string): string
}

async function setUp(isSigned: boolean, onEnd: OnEnd): Promise<Scene> {
  const [emulator, { url }] = await Promise.all([startEmulator({}, onEnd), startRedis(onEnd)])
  const store = await openStore(url, onEnd)
  const keys = isSigned ? makeKeys() : undefined
  const files = {
    'one.png': await makePng({ seed: 1 }),
    'two.png': await makePng({ seed: 2 }),
    'three.png': await makePng({ seed: 3 }),
  }
  const open = (cache: CacheOption, end: OnEnd): OpenUpscaler => {
    const project = tmpProject(files, end)
    const upscaler = openUpscaler(project, {
      baseUrl: emulator.url,
      cache: { dir: project.path('.magnific'), remote: url, signing: keys, ...cache },
    })
    end(async () => upscaler.end())
    return upscaler
  }
  const first = open({}, onEnd)
  for (const name of names) await first.get(`${name}.png`)
  await first.end()
  const taskOf = (name: Name): string =>
    emulator.tasks.find(({ source }) => source.sha256 === hash(files[`${name}.png`]))?.id ?? ''
  const results = {
    one: await downloadResult(emulator, taskOf('one')),
    two: await downloadResult(emulator, taskOf('two')),
  }
  const manifests = await store.list(manifestPrefix)
  const texts = await Promise.all(manifests.map(async (key) => store.get(key)))
  const find = (name: Name): string => {
    const at = texts.findIndex((text) => text.includes(hash(results[name])))
    return manifests[at]?.slice(manifestPrefix.length) ?? ''
  }
  return {
    emulator,
    store,
    keys,
    fingerprints: { one: find('one'), two: find('two') },
    results,
    sold: await store.read(),
    machine: (cache = {}) => open(cache, onTestFinished),
    sealAs: (who, key, text) => createSeal(who && readSigning(who, {}, [])).seal(key, text),
  }
}

const manifestPrefix = 'magnific:v1/results/'
const pieceOf = (bytes: Buffer): string => `magnific:v1/blobs/${hash(bytes)}/0`
const claimOf = (key: string): string => `magnific:claims:${key}`

/** The paid bytes that a machine has now, by their hashes. */
function blobsOf({ options }: OpenUpscaler): string[] {
  const folder = join(options.root, '.magnific/v1/blobs')
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => hash(readFileSync(join(entry.parentPath, entry.name))))
}

describe.skipIf(redisPath === undefined).each([
  ['signed', true],
  ['unsigned', false],
] as const)('a shared cache that somebody has poisoned, %s', (_, isSigned) => {
  const { onEnd, end } = createEnds()
  let scene: Scene
  beforeAll(async () => {
    scene = await setUp(isSigned, onEnd)
  })
  beforeEach(async () => scene.store.restore(scene.sold))
  afterAll(end)

  /** A machine wants an image: it gets the right one, or none, and nothing is bought. */
  async function expectHonest(
    name: Name,
    code: string | undefined,
    cache?: CacheOption,
  ): Promise<OpenUpscaler> {
    const { emulator, machine, results } = scene
    const upscaler = machine(cache)
    const bought = emulator.tasks.length
    if (code === undefined) {
      await upscaler.get(`${name}.png`)
      expect(blobsOf(upscaler)).toEqual([hash(results[name])])
    } else {
      const error = await errorOf(async () => upscaler.get(`${name}.png`))
      expect(error.code, error.message).toBe(code)
      // Whoever is told to delete a key has to find it.
      const [, key] = /\(key "([^"]+)"\)/.exec(error.message) ?? []
      if (code === 'REMOTE_REFUSED') expect((await scene.store.read()).has(key)).toBe(true)
      expect(blobsOf(upscaler)).toEqual([])
    }
    await upscaler.end()
    expect(emulator.tasks).toHaveLength(bought)
    expect(postsTo(emulator)).toBe(bought)
    return upscaler
  }
  const refused = isSigned ? 'REMOTE_REFUSED' : undefined

  it("pieces that are another image's are not shipped: the right bytes are fetched by the task, and put in their place", async () => {
    const { store, results } = scene
    const [one, two] = [pieceOf(results.one), pieceOf(results.two)]
    const [right, wrong] = [await store.get(one), await store.get(two)]
    await store.set(one, wrong)
    const { log } = await expectHonest('one', undefined)
    expect(log.filter((line) => line.includes('it is damaged'))).toHaveLength(1)
    expect(await store.get(one)).toBe(right)
    const calls = scene.emulator.calls.length
    await expectHonest('one', undefined)
    expect(scene.emulator.calls).toHaveLength(calls)
  })

  it("pieces that are another image's are not shipped where they have the right length either", async () => {
    const { results, store } = scene
    const [short, long]: Name[] =
      results.one.length < results.two.length ? ['one', 'two'] : ['two', 'one']
    // Nobody who looks at a picture minds what comes after its end.
    const padded = Buffer.alloc(results[long].length)
    results[short].copy(padded)
    await store.set(pieceOf(results[long]), padded.toString('base64'))
    const { log } = await expectHonest(long, undefined)
    expect(log.join('\n')).toContain('its bytes are not what it says')
  })

  it('a manifest that was altered is not believed', async () => {
    const key = manifestPrefix + scene.fingerprints.one
    const value = await scene.store.get(key)
    const altered = value.replaceAll(hash(scene.results.one), hash(scene.results.two))
    expect(altered).not.toBe(value)
    await scene.store.set(key, altered)
    await expectHonest('one', refused)
  })

  it.each<[string, RegExp, string]>([
    ['width', /("result":\{[^}]*"width":)\d+/, '$199'],
    ['height', /("result":\{[^}]*"height":)\d+/, '$199'],
    ['type', /("result":\{[^}]*"format":)"png"/, '$1"webp"'],
  ])('a manifest that tells another %s is not believed', async (_name, pattern, replacement) => {
    const key = manifestPrefix + scene.fingerprints.one
    const [version, name, , signature, ...rest] = (await scene.store.get(key)).split('\n')
    const text = rest.join('\n')
    const altered = text.replace(pattern, replacement)
    expect(altered).not.toBe(text)
    // Under a head that fits it.
    const head = [version, name, hash(Buffer.from(altered)), signature]
    await scene.store.set(key, [...head, altered].join('\n'))
    const { log } = await expectHonest('one', refused)
    if (!isSigned) expect(log.join('\n')).toContain('not the picture that it tells of')
  })

  it("another image's manifest, as it was signed, is not believed", async () => {
    const { one, two } = scene.fingerprints
    const replayed = await scene.store.get(manifestPrefix + two)
    await scene.store.set(manifestPrefix + one, replayed)
    await expectHonest('one', refused)
  })

  it("another image's manifest, under a head that says it is this one's, is not believed", async () => {
    const { one, two } = scene.fingerprints
    const replayed = await scene.store.get(manifestPrefix + two)
    const [version, , ...rest] = replayed.split('\n')
    await scene.store.set(manifestPrefix + one, [version, `v1/results/${one}`, ...rest].join('\n'))
    await expectHonest('one', refused)
  })

  it('a manifest that is cut off is not believed', async () => {
    const key = manifestPrefix + scene.fingerprints.one
    const value = await scene.store.get(key)
    await scene.store.set(key, value.slice(0, value.length >> 1))
    await expectHonest('one', refused)
  })

  it("another image's task in the journal is not taken", async () => {
    const { one, two } = scene.fingerprints
    const { store } = scene
    await store.delete(manifestPrefix + one)
    const taskKey = (fingerprint: string): string =>
      claimOf(`v1/journal/${fingerprint.slice(0, 2)}/${fingerprint}/0001/task`)
    await store.set(taskKey(one), await store.get(taskKey(two)))
    await expectHonest('one', isSigned ? 'REMOTE_REFUSED' : 'REMOTE_FAILED')
  })

  if (!isSigned) return

  it('a manifest with no signature is not believed', async () => {
    const key = `v1/results/${scene.fingerprints.one}`
    const value = await scene.store.get(`magnific:${key}`)
    const text = value.split('\n').slice(4).join('\n')
    for (const planted of [scene.sealAs(undefined, key, text), text, '', 'x\n\n\n\n']) {
      await scene.store.set(`magnific:${key}`, planted)
      await expectHonest('one', 'REMOTE_REFUSED')
    }
  })

  it('a manifest that is signed with another key is not believed, but by those who have that key', async () => {
    const key = `v1/results/${scene.fingerprints.one}`
    const value = await scene.store.get(`magnific:${key}`)
    const text = value.split('\n').slice(4).join('\n')
    const theirs = makeKeys()
    await scene.store.set(`magnific:${key}`, scene.sealAs(theirs, key, text))
    await expectHonest('one', 'REMOTE_REFUSED')
    await expectHonest('one', undefined, { signing: { publicKey: theirs.publicKey } })
  })

  it('a manifest for an image that nobody bought, which leads to other bytes, is not believed', async () => {
    const { store, machine, emulator, results } = scene
    const buyer = machine()
    const key = manifestPrefix + fingerprintOf(buyer, 'three.png')
    const other = await store.get(manifestPrefix + scene.fingerprints.one)
    const text = other
      .split('\n')
      .slice(4)
      .join('\n')
      .replaceAll(scene.fingerprints.one, key.slice(manifestPrefix.length))
    for (const planted of [
      scene.sealAs(makeKeys(), key.slice('magnific:'.length), text),
      scene.sealAs(undefined, key.slice('magnific:'.length), text),
    ]) {
      await store.set(key, planted)
      const upscaler = machine()
      const error = await errorOf(async () => upscaler.get('three.png'))
      expect(error.code).toBe('REMOTE_REFUSED')
      expect(error.message).toContain('npx magnific push')
      expect(blobsOf(upscaler)).not.toContain(hash(results.one))
    }
    expect(emulator.tasks).toHaveLength(2)
  })

  it.each(['task', 'decided', 'owner', 'response', 'outcome', 'void'])(
    'a planted %s in the journal of an image that nobody bought is not believed, and nothing is bought',
    async (name) => {
      const { emulator, store, machine, sealAs } = scene
      const fingerprint = fingerprintOf(machine(), 'three.png')
      const key = `v1/journal/${fingerprint.slice(0, 2)}/${fingerprint}/0001/${name}`
      for (const planted of [
        sealAs(undefined, key, `${emulator.tasks[0]?.id}\n`),
        sealAs(makeKeys(), key, `${emulator.tasks[0]?.id}\n`),
        `${emulator.tasks[0]?.id}\n`,
      ]) {
        await store.set(claimOf(key), planted)
        const upscaler = machine()
        const error = await errorOf(async () => upscaler.get('three.png'))
        expect(error.code).toBe('REMOTE_REFUSED')
        await upscaler.end()
      }
      expect(emulator.tasks).toHaveLength(2)
    },
  )
})

/** The fingerprint of an image, as whoever has the source knows it. */
function fingerprintOf(upscaler: OpenUpscaler, name: string): string {
  const file = join(upscaler.options.root, name)
  const { params } = upscaler.parse({ file, query: 'magnific=2x', importer: file })
  return computeFingerprint(serviceOf(upscaler.options.baseUrl), hash(readFileSync(file)), params)
}

describe.skipIf(redisPath === undefined)('a machine that may not write', () => {
  it.each([
    ['has the public key alone', (keys: Keys) => ({ signing: { publicKey: keys.publicKey } })],
    ['is told to read only', (keys: Keys) => ({ signing: keys, readOnly: true })],
  ])('since it %s reads, writes nothing and buys nothing', async (_, cacheOf) => {
    const { emulator, store, keys, machine, sold } = await setUp(true, onTestFinished)
    const calls = emulator.calls.length
    const reader = machine(cacheOf(keys ?? makeKeys()))
    expect((await reader.get('one.png')).from).toBe('cached')
    const error = await errorOf(async () => reader.get('three.png'))
    expect(error.code).toBe('NOT_CACHED')
    expect(error.message).toContain('a cache that is read only buys nothing')
    await reader.end()
    expect(emulator.calls).toHaveLength(calls)
    expect(await store.read()).toEqual(sold)
  })
})
