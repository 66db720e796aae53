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
import type { Order, PurchaseContext, Submitted } from './order.ts'

/** The wait before another try, when the API names none: doubled each time up to the longest, ms. */
const firstBackoff = 1000
const longestBackoff = 60_000
/** So many times in a row the API may be out of reach. */
const unreachableLimit = 5

/**
 * Submits the image and writes each step down before the next one relies on it. What certainly was not charged for is
 * tried again; what may have been is not.
 *
 * @throws MagnificError `API_REFUSED`, `API_UNREACHABLE`, `SUBMIT_AMBIGUOUS`, `SOURCE_CHANGED`
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
  let attempt: Attempt | undefined
  let unreachable = 0

  for (let backoff = firstBackoff; ; backoff = Math.min(backoff * 2, longestBackoff)) {
    if (context.halt.error) throw context.halt.error
    attempt ??= await journal.open(order.fingerprint)
    let wait = backoff
    let problem: string
    try {
      const answer = await postOnce(order, source, client, context, attempt, signal)
      const verdict = judgeAnswer(answer)
      if (verdict.kind === 'accepted' && attempt.committedAt) {
        await journal.writeTask(attempt, verdict.task)
        return { task: verdict.task, attempt }
      }
      problem = describeRefusal(answer.status, answer.body)
      if (attempt.committedAt) {
        if (verdict.kind === 'ambiguous') {
          throw ambiguousError(attempt, `the answer was ${problem}`)
        }
        await journal.writeOutcome(attempt, {
          kind: 'rejected',
          reason: problem,
          at: new Date(clock.now()).toISOString(),
        })
        attempt = undefined
      }
      if (verdict.kind !== 'later') throw refusedError(verdict.kind === 'halted', problem, context)
      unreachable = 0
      wait = readRetryAfter(answer.retryAfter, clock.now()) ?? backoff
    } catch (error) {
      if (!(error instanceof PostError)) throw error
      if (error.committed && attempt) {
        throw ambiguousError(attempt, `no answer came (${error.message})`, error)
      }
      problem = error.message
      if (++unreachable >= unreachableLimit) throw unreachableError(problem, error)
    }
    if (clock.now() + wait > startedAt + context.deadline) throw unreachableError(problem)
    await clock.sleep(wait, signal)
  }
}

/** The text that the journal keeps of an answer: what was received, before anybody has tried to understand it. */
export function formatResponse({ status, body }: RawAnswer): string {
  return `HTTP ${status}\n\n${body}`
}

/** Reads back what `formatResponse` wrote. */
export function parseResponse(text: string): RawAnswer {
  const [, status = '0', body = ''] = /^HTTP (\d+)\n\n(.*)$/s.exec(text) ?? []
  return { status: Number(status), retryAfter: undefined, body }
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
      await journal.commit(attempt, new Date(clock.now()))
    },
  })
  if (attempt.committedAt) await journal.writeResponse(attempt, formatResponse(answer))
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
          yield prepared
        },
      },
      readHash,
    }
  }
  return {
    image: {
      bytes: source.bytes,
      open: async function* () {
        for await (const chunk of createReadStream(source.file) as AsyncIterable<Buffer>) {
          hash.update(chunk)
          yield chunk
        }
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
