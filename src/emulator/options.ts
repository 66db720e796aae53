import type { Fault } from './faults.ts'
import type { EmulatedCall, EmulatedTask } from './records.ts'
import { checkOptions } from './schema.ts'

/** Options of {@link createEmulator}, all optional. JSON, but for the functions. */
export interface EmulatorOptions {
  /** Default 0: any free one. */
  port?: number | undefined
  /** Address to listen on. Default `127.0.0.1`. */
  host?: string | undefined
  /** The keys that are good. Default: any, but for the empty one and the word `invalid`. */
  apiKeys?: readonly string[] | undefined
  /**
   * Milliseconds from acceptance to COMPLETED; IN_PROGRESS comes after a quarter of them. Default
   * 1000. `Infinity`: not before `complete()`.
   */
  latency?: number | ((task: EmulatedTask) => number) | undefined
  /** What goes wrong, see {@link Fault}. */
  faults?: readonly Fault[] | undefined
  /** Milliseconds that a download URL is good for, from the status call that gave it. Default 1 h. */
  urlLifetime?: number | undefined
  /** `{ data: { generated, task_id, status } }` (default), or the older one with no `data` and with `task_status`. */
  shape?: 'data' | 'bare' | undefined
  /**
   * Body of a 400: `json` is `{ message }`; `problem` (default) is `application/problem+json` as in the
   * document's example, `problem-nested` the same within `problem`, as in its schema.
   */
  problem?: 'json' | 'problem' | 'problem-nested' | undefined
  /** Whether GET on the endpoint lists the tasks. Default true; `false` is 404; `lag` hides tasks younger than that many milliseconds. */
  list?: boolean | { lag: number } | undefined
  /** Default `png`, as seen live; the URL ends in `.jpg` whatever it is. */
  resultFormat?: 'png' | 'jpeg' | 'webp' | undefined
  /** `drop` (default): transparent pixels are laid on black and the result has three channels. `keep`: it keeps its alpha, where the format can. */
  alpha?: 'drop' | 'keep' | undefined
  /** Status in the answer to a POST: `CREATED` (default) as seen live, `IN_PROGRESS` as in the document. */
  initialStatus?: 'CREATED' | 'IN_PROGRESS' | undefined
  /** Gives two URLs for one image, the second with `size=stable`, as seen live. Default false. */
  stableUrl?: boolean | undefined
  /** When `error` is among a task's fields: on failure (default), or always, `null` if there is none. */
  errorField?: 'on-failure' | 'always' | undefined
  /** Refuses unknown fields with 400. Default true: a client never sends one. */
  strict?: boolean | undefined
  /** Bytes of a request body beyond which the answer is 413. Default 64 MiB. */
  bodyLimit?: number | undefined
  /** `separate` serves downloads from a second port, so from another origin. Default `same`. */
  downloadHost?: 'same' | 'separate' | undefined
  /** Signs webhooks: the UTF-8 bytes, or base64-decoded after `whsec_`. Several give several signatures. Default: unsigned. */
  webhookSecret?: string | readonly string[] | undefined
  /** Where webhooks may go. Default `loopback`: any other host is refused and noted. */
  webhookHosts?: 'loopback' | 'any' | undefined
  /** Further attempts after one that no 2xx answered. Default 2. */
  webhookRetries?: number | undefined
  /** Milliseconds before each further attempt. Default 200. */
  webhookRetryDelay?: number | undefined
  /** Clock for expiry, lag, timestamps; epoch milliseconds. Default `Date.now`. */
  now?: (() => number) | undefined
  /** Told of each call when it is over. */
  onCall?: ((call: EmulatedCall) => void) | undefined
}

/** Options with every default filled in. */
export interface ResolvedOptions {
  readonly port: number
  readonly host: string
  readonly apiKeys: readonly string[] | undefined
  readonly latency: (task: EmulatedTask) => number
  readonly faults: readonly Fault[]
  readonly urlLifetime: number
  readonly shape: 'data' | 'bare'
  readonly problem: 'json' | 'problem' | 'problem-nested'
  readonly list: false | { readonly lag: number }
  readonly resultFormat: 'png' | 'jpeg' | 'webp'
  readonly alpha: 'drop' | 'keep'
  readonly initialStatus: 'CREATED' | 'IN_PROGRESS'
  readonly stableUrl: boolean
  readonly errorField: 'on-failure' | 'always'
  readonly strict: boolean
  readonly bodyLimit: number
  readonly downloadHost: 'same' | 'separate'
  readonly webhookSecrets: readonly string[]
  readonly webhookHosts: 'loopback' | 'any'
  readonly webhookRetries: number
  readonly webhookRetryDelay: number
  readonly now: () => number
  readonly onCall: ((call: EmulatedCall) => void) | undefined
}

/**
 * Checks the options and fills in the defaults.
 * @throws {TypeError} that lists every bad option.
 */
export function resolveOptions(options: EmulatorOptions): ResolvedOptions {
  checkOptions(options)
  const { latency = 1000, list = true, webhookSecret = [] } = options
  return {
    port: options.port ?? 0,
    host: options.host ?? '127.0.0.1',
    apiKeys: options.apiKeys,
    latency: typeof latency === 'function' ? latency : () => latency,
    faults: options.faults ?? [],
    urlLifetime: options.urlLifetime ?? 3_600_000,
    shape: options.shape ?? 'data',
    problem: options.problem ?? 'problem',
    list: list === true ? { lag: 0 } : list,
    resultFormat: options.resultFormat ?? 'png',
    alpha: options.alpha ?? 'drop',
    initialStatus: options.initialStatus ?? 'CREATED',
    stableUrl: options.stableUrl ?? false,
    errorField: options.errorField ?? 'on-failure',
    strict: options.strict ?? true,
    bodyLimit: options.bodyLimit ?? 64 * 1024 * 1024,
    downloadHost: options.downloadHost ?? 'same',
    webhookSecrets: typeof webhookSecret === 'string' ? [webhookSecret] : webhookSecret,
    webhookHosts: options.webhookHosts ?? 'loopback',
    webhookRetries: options.webhookRetries ?? 2,
    webhookRetryDelay: options.webhookRetryDelay ?? 200,
    now: options.now ?? Date.now,
    onCall: options.onCall,
  }
}
