import { endpoint } from '../core/service.ts'
import type { Params } from '../core/params.ts'
import { openConnection } from './connection.ts'
import type { Connection } from './connection.ts'
import { collectAnswer, postImage, PostError } from './post.ts'
import type { ImageBody, RawAnswer } from './post.ts'
import type { Pace } from './pace.ts'
import { createRedact, redactError } from './redact.ts'
import type { Redact } from './redact.ts'
import { settleRetryAfter } from './retry.ts'

/** How the API is reached. */
export interface ClientOptions {
  /** Origin, without a trailing slash. */
  baseUrl: string
  apiKey: string
  /** Holds back what is sent; without it, everything goes at once. */
  pace?: Pace | undefined
  /** Sent with every submission: where the API calls when the task changes. */
  webhookUrl?: string | undefined
}

/** What a task is asked for with. */
export interface Submission {
  image: ImageBody
  params: Params
  /** See `PostOptions`. */
  beforeLastByte: () => Promise<void>
  signal?: AbortSignal | undefined
}

/** The API, one method for each call. The key goes to its origin alone, and shows up in nothing that comes back. */
export interface Client {
  readonly baseUrl: string
  /**
   * `POST /v1/ai/image-upscaler`
   *
   * @throws PostError where no answer came; what `beforeLastByte` or reading the image throws, as it is
   */
  submit(submission: Submission): Promise<RawAnswer>
  /**
   * `GET /v1/ai/image-upscaler/{task-id}`
   *
   * @throws the network's error, without the key in it
   */
  getStatus(task: string, signal?: AbortSignal): Promise<RawAnswer>
  /**
   * `GET /v1/ai/image-upscaler`: the key's tasks, page by page. Documented, yet not known to answer everywhere.
   *
   * @param page 1 or more
   * @throws the network's error, without the key in it
   */
  listTasks(page: number, signal?: AbortSignal): Promise<RawAnswer>
  /** When a call would go that is made now, ms since 1970; 0 where nothing holds it back. */
  readyAt(): number
  redact: Redact
}

/** The longest silence of the network while a request is under way, ms. */
const idleTimeout = 120_000
/** The longest time for a call that only asks, ms. */
const askTimeout = 30_000

/** A client for one origin and one key. */
export function createClient({ baseUrl, apiKey, pace, webhookUrl }: ClientOptions): Client {
  const redact = createRedact(apiKey)
  const headers = { [keyHeader(baseUrl)]: apiKey, accept: 'application/json' }

  const redactAnswer = (answer: RawAnswer): RawAnswer => ({
    ...answer,
    retryAfter: answer.retryAfter && redact(answer.retryAfter),
    body: redact(answer.body),
  })

  /** Makes a call when it may go. The wait is before the call, and before the time that it may take. */
  const paced = async (
    call: () => Promise<RawAnswer>,
    signal: AbortSignal | undefined,
  ): Promise<RawAnswer> => {
    if (!pace) return call()
    const enteredAt = await pace.enter(signal)
    const answer = await call()
    pace.note(answer, enteredAt)
    return answer
  }

  const ask = async (path: string, signal: AbortSignal | undefined): Promise<RawAnswer> =>
    paced(async () => askNow(path, signal), signal)

  const askNow = async (path: string, signal: AbortSignal | undefined): Promise<RawAnswer> => {
    const connection = openConnection(signal, { total: askTimeout })
    try {
      const response = await connection.wait(
        fetch(new URL(path, baseUrl), {
          headers,
          // The key must not follow a redirect.
          redirect: 'manual',
          signal: connection.signal,
        }),
      )
      return redactAnswer({
        status: response.status,
        retryAfter: settleRetryAfter(
          response.headers.get('retry-after') ?? undefined,
          response.headers.get('date') ?? undefined,
        ),
        body: await readText(response, connection),
      })
    } catch (error) {
      signal?.throwIfAborted()
      throw redactError(error, redact)
    } finally {
      connection.close()
    }
  }

  return {
    baseUrl,
    redact,
    readyAt: () => pace?.readyAt() ?? 0,
    submit: async ({ image, params, beforeLastByte, signal }) => {
      try {
        return await paced(
          async () =>
            redactAnswer(
              await postImage(new URL(endpoint, baseUrl), {
                headers,
                head: openJson(params, webhookUrl),
                image,
                beforeLastByte,
                signal,
                idleTimeout,
              }),
            ),
          signal,
        )
      } catch (error) {
        if (!(error instanceof PostError)) throw error
        throw new PostError(error.committed, redactError(error.cause, redact))
      }
    },
    getStatus: async (task, signal) => ask(`${endpoint}/${encodeURIComponent(task)}`, signal),
    listTasks: async (page, signal) => ask(`${endpoint}?page=${page}`, signal),
  }
}

async function readText({ body }: Response, connection: Connection): Promise<string> {
  const chunks: Uint8Array[] = []
  if (body) await collectAnswer(connection.read(body), chunks)
  return Buffer.concat(chunks).toString('utf8')
}

/** The header follows the host: each of the two official hosts documents its own. */
function keyHeader(baseUrl: string): string {
  return new URL(baseUrl).hostname === 'api.magnific.com'
    ? 'x-magnific-api-key'
    : 'x-freepik-api-key'
}

/** Only what was said is sent, so that the API's own defaults stay the API's. */
function openJson(params: Params, webhookUrl: string | undefined): string {
  const json = JSON.stringify({ ...params, webhook_url: webhookUrl })
  return json === '{}' ? '{' : `${json.slice(0, -1)},`
}
