import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createRecordStore, needsAlpha } from '../../src/store/records.ts'
import type { ResultRecord } from '../../src/store/records.ts'
import type { Layout } from '../../src/store/layout.ts'
import { namesIn, tmpLayout } from '../helpers/cache.ts'

const fingerprint = `ab${'12'.repeat(31)}`

const record: ResultRecord = {
  version: 1,
  fingerprint,
  service: 'local',
  params: { scale_factor: '4x', prompt: 'a "dog" — 🐕', hdr: -3, filter_nsfw: true },
  source: { name: 'hero.png', sha256: 'c'.repeat(64), bytes: 1234, width: 60, height: 40 },
  result: {
    sha256: 'd'.repeat(64),
    bytes: 56_789,
    format: 'png',
    width: 240,
    height: 160,
  },
  task: '046b6c7f-0b8a-43b9-b35d-6489e6daee91',
  seconds: 84.2,
  completedAt: '2026-11-22T20:00:00.000Z',
}

const fileOf = (layout: Layout): string => join(layout.results, 'ab', `${fingerprint}.json`)

/** A cache directory whose record reads like that. */
function createSpoilt(content: string): Layout {
  const layout = tmpLayout()
  mkdirSync(dirname(fileOf(layout)), { recursive: true })
  writeFileSync(fileOf(layout), content)
  return layout
}

describe('createRecordStore', () => {
  it('gives back what was put, to any process', async () => {
    const layout = tmpLayout()
    await createRecordStore(layout).put(record)
    expect(await createRecordStore(layout).find(fingerprint)).toEqual(record)
  })

  it('keeps a record as JSON that people and git can read', async () => {
    const layout = tmpLayout()
    await createRecordStore(layout).put(record)
    const text = readFileSync(fileOf(layout), 'utf8')
    expect(JSON.parse(text)).toEqual(record)
    expect(text).toContain('\n  "task": "046b6c7f-0b8a-43b9-b35d-6489e6daee91",\n')
    expect(text).toMatch(/\}\n$/)
    expect(namesIn(layout.tmp)).toEqual([])
  })

  it('replaces a record', async () => {
    const store = createRecordStore(tmpLayout())
    await store.put(record)
    await store.put({ ...record, task: 'another' })
    expect(await store.find(fingerprint)).toMatchObject({ task: 'another' })
  })

  it('finds nothing where nothing is', async () => {
    const layout = tmpLayout()
    expect(await createRecordStore(layout).find(fingerprint)).toBeUndefined()
    expect(namesIn(layout.quarantine)).toEqual([])
  })

  const { task: _, ...withoutTask } = record
  it.each<[string, string]>([
    ['is empty', ''],
    ['was cut off', JSON.stringify(record).slice(0, -20)],
    ['is no JSON', 'hello'],
    ['is no object', 'null'],
    [
      'has the marks of a merge',
      `<<<<<<< ours\n${JSON.stringify(record)}\n=======\n>>>>>>> theirs`,
    ],
    ['is of another version', JSON.stringify({ ...record, version: 2 })],
    ['lacks a field', JSON.stringify(withoutTask)],
    ['has a field of another type', JSON.stringify({ ...record, seconds: '84' })],
    [
      'leads out of the blobs',
      JSON.stringify({ ...record, result: { ...record.result, sha256: '../../x' } }),
    ],
    ['belongs to another fingerprint', JSON.stringify({ ...record, fingerprint: 'e'.repeat(64) })],
  ])('sets a record aside that %s', async (_what, content) => {
    const layout = createSpoilt(content)
    const store = createRecordStore(layout)
    expect(await store.find(fingerprint)).toBeUndefined()
    expect(existsSync(fileOf(layout))).toBe(false)
    const names = namesIn(layout.quarantine)
    expect(names).toHaveLength(1)
    expect(readFileSync(join(layout.quarantine, names[0]), 'utf8')).toBe(content)
    expect(await store.find(fingerprint)).toBeUndefined()
  })

  it('sets a bad record aside once when several ask for it at the same time', async () => {
    const layout = createSpoilt('{')
    const stores = [createRecordStore(layout), createRecordStore(layout)]
    const found = await Promise.allSettled(
      [...stores, ...stores].map(async (store) => store.find(fingerprint)),
    )
    expect(found).toEqual(found.map(() => ({ status: 'fulfilled', value: undefined })))
    expect(namesIn(layout.quarantine)).toHaveLength(1)
  })

  it('fails on a record that cannot be read: "nothing there" would mean buying it again', async () => {
    const layout = tmpLayout()
    mkdirSync(fileOf(layout), { recursive: true })
    await expect(createRecordStore(layout).find(fingerprint)).rejects.toThrow('EISDIR')
  })

  it('fails on a record that cannot be written, rather than lose what was paid for', async () => {
    const layout = tmpLayout()
    mkdirSync(dirname(layout.results), { recursive: true })
    writeFileSync(layout.results, 'a file where the folder should be')
    await expect(createRecordStore(layout).put(record)).rejects.toThrow(/ENOTDIR|EEXIST/)
    expect(namesIn(layout.tmp)).toEqual([])
  })
})

describe('needsAlpha', () => {
  it.each([
    [true, false, true],
    [true, true, false],
    [false, false, false],
    [false, true, false],
    [false, undefined, false],
    [undefined, true, false],
    // An older record does not tell.
    [true, undefined, undefined],
    [undefined, false, undefined],
    [undefined, undefined, undefined],
  ])('of a source (%s) and a result (%s) is %s', (ofSource, ofResult, needed) => {
    const source = { ...record.source, transparent: ofSource }
    const result = { ...record.result, transparent: ofResult }
    expect(needsAlpha({ source, result })).toBe(needed)
  })

  it('is told by a record for as long as it is kept', async () => {
    const layout = tmpLayout()
    const told: ResultRecord = {
      ...record,
      source: { ...record.source, transparent: true },
      result: { ...record.result, transparent: false },
    }
    await createRecordStore(layout).put(told)
    expect(await createRecordStore(layout).find(fingerprint)).toEqual(told)
    await createRecordStore(layout).put(record)
    expect(await createRecordStore(layout).find(fingerprint)).toEqual(record)
  })
})
