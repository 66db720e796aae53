import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { Client } from '../api/client.ts'
import { PostError } from '../api/post.ts'
import type { ImageBody, RawAnswer } from '../api/post.ts'
import { readRetryAfter } from '../api/retry.ts'
import { judgeAnswer } from '../api/verdict.ts'
import { describeRefusal } from '../api/wire.ts'
import { MagnificError } from '../core/errors.ts'
import type { SourceImage } from '../image/inspect.ts'
import { prepareSource } from '../image/prepare.ts'
import type { Attempt } from '../store/journal.ts'
import { ambiguousError } from './errors.ts'
import { followAttempt } from './follow.ts'
import type { Order, PurchaseContext, Submitted } from './order.ts'
import { formatNoAnswer, formatResponse } from './responses.ts'

/** The wait before another try, when the API names none: doubled each time up to the longest, ms. */
const firstBackoff = 1000
const longestBackoff = 60_000
/** Bytes of a prepared picture that are encoded and sent at once. */
const pieceSize = 64 * 1024
/** So many times in a row the API may be out of reach. */
const unreachableLimit = 5

/**
 * Submits the image and writes each step down before the next one relies on it. What certainly was not charged for is
 * tried again; what may have been is not. Where somebody else commits the attempt first, theirs is followed.
 *
 * @throws MagnificError `API_REFUSED`, `API_UNREACHABLE`, `SUBMIT_AMBIGUOUS`, `SOURCE_CHANGED`, `TASK_FAILED`
 */
export async function submitTask(
  order: Order,
  source: SourceImage,
  client: Client,
  context: PurchaseContext,
  signal: AbortSignal,
): Promise<Submitted> {
  const { journal, clock } = context
  const startedAt = clock.now()
  let unreachable = 0

  for (let backoff = firstBackoff; ; backoff = Math.min(backoff * 2, longestBackoff)) {
    if (context.halt.error) throw context.halt.error
    const attempt = await journal.open(order.fingerprint)
    let wait = backoff
    let problem: string
    try {
      if (attempt.committedAt !== undefined) throw new LostRaceError()
      const answer = await postOnce(order, source, client, context, attempt, signal)
      const verdict = judgeAnswer(answer)
      if (verdict.kind === 'accepted' && isCommitted(attempt)) {
        await journal.writeTask(attempt, verdict.task)
        return { task: verdict.task, attempt, paid: true }
      }
      problem = describeRefusal(answer.status, answer.body)
      if (isCommitted(attempt)) {
        if (verdict.kind === 'ambiguous') {
          throw ambiguousError(attempt, `the answer was ${problem}`)
        }
        await journal.writeOutcome(attempt, {
          kind: 'rejected',
          reason: problem,
          at: new Date(clock.now()).toISOString(),
        })
      }
      if (verdict.kind !== 'later') throw refusedError(verdict.kind === 'halted', problem, context)
      unreachable = 0
      // Zero says nothing: asking again at once would be a tight loop.
      wait = readRetryAfter(answer.retryAfter, clock.now()) || backoff
    } catch (error) {
      if (error instanceof LostRaceError) {
        const followed = await followAttempt(await journal.reread(attempt), context, signal)
        if (followed) return followed
        continue
      }
      if (!(error instanceof PostError)) throw error
      if (error.committed) {
        // So that nobody waits for an answer that will not come.
        await journal.writeResponse(attempt, formatNoAnswer(error.message))
        throw ambiguousError(attempt, `no answer came (${error.message})`, error)
      }
      problem = error.message
      if (++unreachable >= unreachableLimit) throw unreachableError(problem, error)
    }
    if (clock.now() + wait > startedAt + context.deadline) throw unreachableError(problem)
    await clock.sleep(wait, signal)
  }
}

/** Somebody else has committed the attempt: their request goes on, and ours is broken off before its last byte. */
class LostRaceError extends Error {
  override readonly name: string = 'LostRaceError'
}

/** Asked again, since committing is what happens in between. */
function isCommitted(attempt: Attempt): boolean {
  return attempt.committedAt !== undefined
}

async function postOnce(
  { request, sourceHash, file }: Order,
  source: SourceImage,
  client: Client,
  { journal, clock, halt }: PurchaseContext,
  attempt: Attempt,
  signal: AbortSignal,
): Promise<RawAnswer> {
  const { image, readHash } = await openImage(source)
  const answer = await client.submit({
    image,
    params: request.params,
    beforeLastByte: async () => {
      signal.throwIfAborted()
      if (halt.error) throw halt.error
      if (readHash() !== sourceHash) throw changedError(file)
      if (!(await journal.commit(attempt, new Date(clock.now())))) throw new LostRaceError()
    },
  })
  if (isCommitted(attempt)) await journal.writeResponse(attempt, formatResponse(answer))
  return answer
}

/**
 * The bytes to send, and the hash of the file that they came from: by the last byte it must be the fingerprint's, or a
 * picture that was saved meanwhile would be bought under the wrong name.
 */
async function openImage(
  source: SourceImage,
): Promise<{ image: ImageBody; readHash: () => string }> {
  const hash = createHash('sha256')
  const prepared = await prepareSource(source, async () => {
    const bytes = await readFile(source.file)
    hash.update(bytes)
    return bytes
  })
  let hex: string | undefined
  const readHash = (): string => (hex ??= hash.digest('hex'))
  if (prepared) {
    return {
      image: {
        bytes: prepared.length,
        open: async function* () {
          for (let offset = 0; offset < prepared.length; offset += pieceSize) {
            yield prepared.subarray(offset, offset + pieceSize)
          }
        },
      },
      readHash,
    }
  }
  return {
    image: {
      bytes: source.bytes,
      open: async function* () {
        let bytes = 0
        for await (const chunk of createReadStream(source.file) as AsyncIterable<Buffer>) {
          hash.update(chunk)
          bytes += chunk.length
          if (bytes > source.bytes) break
          yield chunk
        }
        if (bytes !== source.bytes) throw changedError(source.file)
      },
    },
    readHash,
  }
}

function refusedError(halted: boolean, problem: string, { halt }: PurchaseContext): MagnificError {
  const error = new MagnificError(
    'API_REFUSED',
    halted
      ? `The API refuses the key or the account: ${problem}. Nothing was charged. Check the key in FREEPIK_API_KEY and the account's credit, then build again.`
      : `The API refuses the request: ${problem}. Nothing was charged.`,
  )
  if (halted) halt.error = error
  return error
}

function unreachableError(problem: string, cause?: unknown): MagnificError {
  return new MagnificError(
    'API_UNREACHABLE',
    `The API cannot be had: ${problem}. Nothing was charged. Check the network and the option \`baseUrl\`, then build again.`,
    { cause },
  )
}

function changedError(file: string): MagnificError {
  return new MagnificError(
    'SOURCE_CHANGED',
    'The image changed while it was being sent. Nothing was charged. Build again.',
    { file },
  )
}
