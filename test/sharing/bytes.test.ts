import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { randomFillSync } from 'node:crypto'
import KeyvRedis from '@keyv/redis'
import sharp from 'sharp'
import { describe, expect, it, onTestFinished } from 'vitest'
import { computeFingerprint } from '../../src/core/fingerprint.ts'
import { createBlobStore } from '../../src/store/blobs.ts'
import { createLayout } from '../../src/store/layout.ts'
import { createMemo } from '../../src/store/memo.ts'
import type { ResultRecord } from '../../src/store/records.ts'
import { createRemote } from '../../src/store/remote/remote.ts'
import { createRemoteJournal } from '../../src/store/remote/remote-journal.ts'
import { createRemoteResults } from '../../src/store/remote/results.ts'
import type { RemoteResults } from '../../src/store/remote/results.ts'
import { hash } from '../helpers/machines.ts'
import { tmpProject } from '../helpers/project.ts'
import { redisPath, startRedis, warnWithoutRedis } from '../helpers/redis-server.ts'

warnWithoutRedis()

/** What a store may be asked to hold as one value, characters. */
const largestValue = 512 * 1024

/** A picture of 25 megapixels of noise, which nothing makes smaller, as a file's bytes. */
async function drawLargePng(): Promise<Buffer> {
  const [width, height] = [6250, 4000]
  const pixels = randomFillSync(Buffer.allocUnsafe(width * height * 3))
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 1 })
    .toBuffer()
}

/** A record as a purchase writes it. */
function recordOf(bytes: Buffer, width: number, height: number): ResultRecord {
  const source = { name: 'src/hero.png', sha256: 'd'.repeat(64) }
  const params = { scale_factor: '2x' } as const
  return {
    version: 1,
    fingerprint: computeFingerprint('magnific', source.sha256, params),
    service: 'magnific',
    params,
    source,
    result: { sha256: hash(bytes), bytes: bytes.length, width, height, format: 'png' },
    task: 't-1',
    seconds: 1,
    completedAt: '2026-11-28T00:00:00.000Z',
  }
}

/** Calls of a store that are under way. */
interface Traffic {
  /** The most calls at a moment. */
  most: number
  /** The most characters of values at a moment. */
  mostHeld: number
  largest: number
}

/** A store that counts, on a real Redis. */
async function openResults(url: string): Promise<{ results: RemoteResults; traffic: Traffic }> {
  const redis = new KeyvRedis(url, { throwOnErrors: true })
  const traffic: Traffic = { most: 0, mostHeld: 0, largest: 0 }
  let calls = 0
  let held = 0
  const count = async <T>(size: number, work: () => Promise<T>): Promise<T> => {
    traffic.largest = Math.max(traffic.largest, size)
    traffic.most = Math.max(traffic.most, ++calls)
    traffic.mostHeld = Math.max(traffic.mostHeld, (held += size))
    try {
      return await work()
    } finally {
      calls--
      held -= size
    }
  }
  const remote = createRemote({
    remote: {
      get: async (key) => count(largestValue, async () => redis.get<string>(key)),
      set: async (key, value) =>
        count(value.length, async () => {
          await redis.set(key, value)
          return true
        }),
      delete: async (key) => redis.delete(key),
    },
    readOnly: false,
    timeout: 30_000,
    root: import.meta.dirname,
    name: 'a store that counts',
    warn: () => {},
  })
  onTestFinished(async () => {
    await remote.rest()
    await redis.disconnect(true)
  })
  return { results: createRemoteResults(remote, createRemoteJournal(remote)), traffic }
}

describe.skipIf(redisPath === undefined)('a result of 25 megapixels', () => {
  it('comes back from Redis byte for byte, in values of half a megabyte, few at a time', async () => {
    const bytes = await drawLargePng()
    expect(bytes.length).toBeGreaterThan(60e6)
    const { url } = await startRedis()
    const project = tmpProject({ 'result.png': bytes })
    const record = recordOf(bytes, 6250, 4000)

    const writer = await openResults(url)
    expect(await writer.results.publish(record, project.path('result.png'))).toBe('published')
    expect(await writer.results.publish(record, project.path('result.png'))).toBe('there')

    const reader = await openResults(url)
    const found = await reader.results.find(record.fingerprint)
    expect(found?.record).toEqual(record)
    if (!found) throw new Error('It is not there.')
    const layout = createLayout(project.path('.magnific'))
    mkdirSync(layout.tmp, { recursive: true })
    const incoming = await reader.results.fetch(found, createBlobStore(layout, createMemo(layout)))
    const kept = readFileSync(await incoming.keep())
    expect(kept.equals(bytes)).toBe(true)

    for (const { most, mostHeld, largest } of [writer.traffic, reader.traffic]) {
      expect(largest).toBeLessThanOrEqual(largestValue)
      expect(most).toBeLessThanOrEqual(8)
      expect(mostHeld).toBeLessThanOrEqual(8 * largestValue)
    }
  })

  it.each([
    ['0 bytes more than a piece', 0],
    ['1 byte more than a piece', 1],
    ['1 byte less than a piece', -1],
  ])('or of %s does as well', async (_, more) => {
    const bytes = randomFillSync(Buffer.allocUnsafe(380 * 1024 + more))
    const { url } = await startRedis()
    const project = tmpProject()
    writeFileSync(project.path('result.png'), bytes)
    const record = recordOf(bytes, 100, 100)
    await (await openResults(url)).results.publish(record, project.path('result.png'))
    const { results } = await openResults(url)
    const found = await results.find(record.fingerprint)
    if (!found) throw new Error('It is not there.')
    const layout = createLayout(project.path('.magnific'))
    mkdirSync(layout.tmp, { recursive: true })
    const incoming = await results.fetch(found, createBlobStore(layout, createMemo(layout)))
    expect(readFileSync(incoming.file).equals(bytes)).toBe(true)
    await incoming.discard()
  })
})
