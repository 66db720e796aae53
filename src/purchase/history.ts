import type { Durations } from '../api/durations.ts'
import { scaleOf } from '../core/params.ts'
import type { RecordStore } from '../store/records.ts'

/** So many records are read; they lie in the order of their fingerprints, so that the first ones are any. */
const sample = 200
/** All of them together are worth so many tasks that were watched: they tell of transfers too, and of other days. */
const worth = 20
/** What a record calls a duration is that, and the time between two questions too much: a part of it. */
const vagueness = 0.1

/** Teaches what the records of a cache directory know of the durations of a service's tasks. */
export async function recallDurations(
  records: Pick<RecordStore, 'list' | 'find'>,
  service: string,
  durations: Durations,
): Promise<void> {
  const fingerprints = (await records.list()).slice(0, sample)
  const found = await Promise.all(fingerprints.map(async (each) => records.find(each)))
  const known = found.flatMap((record) =>
    record?.service === service && record.seconds > 0 ? [record] : [],
  )
  const weight = Math.min(1, worth / known.length)
  for (const { params, source, seconds } of known) {
    const { width, height } = source
    // Of a result that was fetched while its source was somewhere else, the size is not known.
    if (width === undefined || height === undefined) continue
    const traits = { scale: scaleOf(params), pixels: width * height }
    durations.learn(traits, seconds * (1 - vagueness), seconds, weight)
  }
}
