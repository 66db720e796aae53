import { endpoint } from '../core/service.ts'
import type { Params } from '../core/params.ts'
import { collectAnswer, postImage, PostError } from './post.ts'
import type { ImageBody, RawAnswer } from './post.ts'
import { createRedact, redactError } from './redact.ts'
import type { Redact } from './redact.ts'

/** How the API is reached. */
export interface ClientOptions {
  /** Origin, without a trailing slash. */
  baseUrl: string
  apiKey: string
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
  redact: Redact
}

/** The longest silence of the network while a request is under way, ms. */
const idleTimeout = 120_000
/** The longest time for a status call, ms. */
const statusTimeout = 30_000

/** A client for one origin and one key. */
export function createClient({ baseUrl, apiKey }: ClientOptions): Client {
  const redact = createRedact(apiKey)
  const headers = { [keyHeader(baseUrl)]: apiKey, accept: 'application/json' }

  return {
    baseUrl,
    redact,
    submit: async ({ image, params, beforeLastByte, signal }) => {
      try {
        const answer = await postImage(new URL(endpoint, baseUrl), {
          headers,
          head: openJson(params),
          image,
          beforeLastByte,
          signal,
          idleTimeout,
        })
        return {
          ...answer,
          retryAfter: answer.retryAfter && redact(answer.retryAfter),
          body: redact(answer.body),
        }
      } catch (error) {
        if (!(error instanceof PostError)) throw error
        throw new PostError(error.committed, redactError(error.cause, redact))
      }
    },
    getStatus: async (task, signal) => {
      const timeout = AbortSignal.timeout(statusTimeout)
      try {
        const response = await fetch(new URL(`${endpoint}/${encodeURIComponent(task)}`, baseUrl), {
          headers,
          // The key must not follow a redirect.
          redirect: 'manual',
          signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
        })
        return {
          status: response.status,
          retryAfter: response.headers.get('retry-after') ?? undefined,
          body: redact(await readText(response)),
        }
      } catch (error) {
        signal?.throwIfAborted()
        throw redactError(error, redact)
      }
    },
  }
}

async function readText({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  if (body) await collectAnswer(body, chunks)
  return Buffer.concat(chunks).toString('utf8')
}

/** The header follows the host: each of the two official hosts documents its own. */
function keyHeader(baseUrl: string): string {
  return new URL(baseUrl).hostname === 'api.magnific.com'
    ? 'x-magnific-api-key'
    : 'x-freepik-api-key'
}

/** Only what was said is sent, so that the API's own defaults stay the API's. */
function openJson(params: Params): string {
  const json = JSON.stringify(params)
  return json === '{}' ? '{' : `${json.slice(0, -1)},`
}
