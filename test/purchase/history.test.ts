import { describe, expect, it } from 'vitest'
import { createDurations } from '../../src/api/durations.ts'
import type { Durations } from '../../src/api/durations.ts'
import { recallDurations } from '../../src/purchase/history.ts'
import { createRecordStore } from '../../src/store/records.ts'
import type { RecordStore, ResultRecord } from '../../src/store/records.ts'
import { tmpLayout } from '../helpers/cache.ts'

const traits = { scale: 2, pixels: 1_000_000 }

function recordOf(index: number, changes: Partial<ResultRecord> = {}): ResultRecord {
  const sha256 = index.toString(16).padStart(64, '0')
  return {
    version: 1,
    fingerprint: sha256,
    service: 'magnific',
    params: { scale_factor: '2x' },
    source: { name: 'hero.png', sha256, bytes: 1, width: 1000, height: 1000 },
    result: { sha256, bytes: 1, width: 2000, height: 2000, format: 'png' },
    task: `task-${index}`,
    seconds: 80,
    completedAt: '2026-01-01T00:00:00.000Z',
    ...changes,
  }
}

async function storeOf(...records: ResultRecord[]): Promise<RecordStore> {
  const store = createRecordStore(tmpLayout())
  for (const record of records) await store.put(record)
  return store
}

/** The time by which half of all tasks are expected to be done, seconds. */
function median(durations: Durations): number {
  const { times, done } = durations.forecast(traits)
  return times[done.findIndex((share) => share >= 0.5)] ?? 0
}

async function recall(store: RecordStore): Promise<Durations> {
  const durations = createDurations()
  await recallDurations(store, 'magnific', durations)
  return durations
}

describe('what the records tell', () => {
  it('is what the first tasks of a build are expected to take', async () => {
    const unknowing = median(await recall(await storeOf()))
    expect(unknowing).toBeGreaterThan(13)
    expect(unknowing).toBeLessThan(17)
    const many = Array.from({ length: 30 }, (_, index) => recordOf(index))
    const durations = await recall(await storeOf(...many))
    expect(median(durations)).toBeGreaterThan(65)
    expect(median(durations)).toBeLessThan(85)
  })

  it('is overruled by what is seen', async () => {
    const many = Array.from({ length: 200 }, (_, index) => recordOf(index))
    const durations = await recall(await storeOf(...many))
    for (let task = 0; task < 60; task++) durations.learn(traits, 9, 10)
    expect(median(durations)).toBeLessThan(25)
  })

  it('counts for nothing where it is of another service, or unknown', async () => {
    const others = [recordOf(1, { service: 'local', seconds: 1 }), recordOf(2, { seconds: 0 })]
    expect((await recall(await storeOf(...others))).version).toBe(0)
  })
})
