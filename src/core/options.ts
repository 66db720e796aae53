import type { LogLevel } from './logger.ts'
import type { DirectiveFields } from './directives.ts'
import type { PriceStep } from './estimate.ts'
import type { MetadataField, OutputKind } from './outputs.ts'
import type { Params } from './params.ts'
import type { ClaimFunction, RemoteOption } from './remote-option.ts'
import type { Said } from './request.ts'
import type { ResolvedSigning } from './signing-option.ts'

/**
 * Request fields and variant directives under the names that they have in the query:
 * `{ magnific: '4x', engine: 'magnific_sharpy', format: ['avif', 'webp'], as: 'picture' }`.
 */
export type RequestFields = Omit<Params, 'scale_factor'> &
  DirectiveFields & {
    magnific?: Params['scale_factor'] | undefined
    as?: OutputKind | `metadata:${MetadataField | `${MetadataField};${string}`}` | undefined
  }

/** What may be spent; what is left out is not limited. */
export interface BudgetLimits {
  /** A whole number; 0 buys nothing. */
  tasks?: number | undefined
  /** By estimates, as all prices are. */
  euros?: number | undefined
}

/** What happens to an image whose result is not in the cache. */
export type MissPolicy = 'upscale' | 'error' | 'preview' | 'original'

/** What happens to an image whose upscale would exceed what the API returns. */
export type TooLargePolicy = 'error' | 'downscale'

/** What happens to the transparency of a source whose result has none. */
export type AlphaPolicy = 'join' | 'keep-result'

/** Where the API calls back when a task changes. */
export interface WebhookOption {
  /**
   * What the API calls: an `https:` URL that leads to `port` of this machine, through a tunnel or a proxy (`http:` only for
   * loopback). Calls to any other path are turned away.
   */
  url: string
  /**
   * The port to listen on, of this machine.
   * @default the port of `url` where it is loopback; behind a tunnel it has to be said
   */
  port?: number | undefined
  /**
   * The address to listen on; another one than loopback opens the port to the network.
   * @default '127.0.0.1'
   */
  host?: string | undefined
  /**
   * The secret that calls are signed with, as UTF-8, or in base64 after `whsec_`. Without one, calls are not verified:
   * all that a forged one can do is to have the API asked about a task earlier. Never logged.
   * @default $MAGNIFIC_WEBHOOK_SECRET
   */
  secret?: string | undefined
}

/** Where results are kept. */
export interface CacheOption {
  /**
   * The cache directory, relative to the host's root.
   * @default $MAGNIFIC_CACHE_DIR, then .magnific
   */
  dir?: string | undefined
  /**
   * A cache that machines share, behind the directory: a URL (`redis:`, `rediss:`, `valkey:`, `postgres:`), a Keyv, a storage
   * adapter of Keyv, or a function that makes one of these. What one machine has bought, all others take from there.
   * @default none; $MAGNIFIC_CACHE_REMOTE wins, and its value `false` stands for none
   */
  remote?: RemoteOption | false | undefined
  /**
   * Sets a text in the shared cache unless one is there, in one step for all machines, and resolves to the text that stands
   * there then. By it, of two machines that want the same image at the same moment, one buys it.
   * @default what Redis and PostgreSQL have for it; other stores have none
   */
  claim?: ClaimFunction | undefined
  /** With it, nothing is taken from the shared cache that was not signed with the private key; `magnific keygen` makes keys. */
  signing?: SigningOption | undefined
  /**
   * Takes from the shared cache and adds nothing to it; and buys nothing, since others would not hear of it.
   * @default false; true where `signing` has no private key
   */
  readOnly?: boolean | undefined
  /**
   * How long the shared cache may say nothing while it is read, in ms. One that is slow and goes on answering is waited for.
   * @default 2000
   */
  timeout?: number | undefined
}

/** Keys that `magnific keygen` has printed. */
export interface SigningOption {
  /** @default $MAGNIFIC_PUBLIC_KEY */
  publicKey?: string | undefined
  /**
   * For machines that write. Never logged.
   * @default $MAGNIFIC_PRIVATE_KEY
   */
  privateKey?: string | undefined
}

/** The plugin's options, all optional. */
export interface Options {
  /**
   * The API key. Never logged, cached or bundled.
   * @default $FREEPIK_API_KEY, then $MAGNIFIC_API_KEY
   */
  apiKey?: string | undefined
  /**
   * The API's origin; `http:` only for loopback.
   * @default $MAGNIFIC_BASE_URL, then https://api.freepik.com
   */
  baseUrl?: string | undefined
  /**
   * What happens to an image whose result is not in the cache: `upscale` pays for it, `error` fails the build,
   * `preview` ships a local resample of the right size, `original` ships the source. A plain text sets both,
   * but for `'upscale'`, which is about builds alone.
   * @default { build: 'upscale', serve: 'preview' }; $MAGNIFIC_ON_MISS wins
   */
  onMiss?: MissPolicy | { build?: MissPolicy; serve?: MissPolicy } | undefined
  /** Request fields and variant directives for every image; a preset or the query wins. */
  defaults?: RequestFields | undefined
  /** Named sets of request fields and variant directives, asked for with `?magnific=<name>`. */
  presets?: Record<string, RequestFields> | undefined
  /**
   * What happens to an image whose upscale would have more than 25.3 megapixels: `error` names the largest scale that fits,
   * `downscale` sends it as large as fits, and says so.
   * @default 'error'
   */
  onTooLarge?: TooLargePolicy | undefined
  /**
   * What happens to the transparency of an image whose upscale has none: `join` sends the image opaque and ships the
   * upscale with the image's own transparency, enlarged here; `keep-result` sends the image with its transparency and
   * ships what comes back.
   * @default 'join'
   */
  alpha?: AlphaPolicy | undefined
  /**
   * Whether an image is shipped with the metadata of its source, such as the copyright and the place where it was taken.
   * It is never sent, whatever this says.
   * @default false
   */
  keepMetadata?: boolean | undefined
  /**
   * What one run of the bundler may buy at most, together with all that run at the same time on the same cache directory.
   * Builds of one process, such as client and server, share it; a server counts from its start.
   * @default no limit
   */
  budget?: BudgetLimits | undefined
  /**
   * What one doubling costs you by the size of what goes into it, from the smallest size to the largest; `4x` is two
   * doublings. For estimates alone, and for what `budget` makes of them: Magnific publishes no prices.
   * @default [{ upToMegapixels: 1.3, euros: 0.1 }, { upToMegapixels: 3, euros: 0.2 }, { upToMegapixels: 6.4, euros: 0.3 }, { euros: 1.2 }]
   */
  prices?: readonly PriceStep[] | undefined
  /**
   * Whether builds begin to upscale what stands in the sources before the bundler gets there; or globs of the sources, from
   * the host's root. Nothing is bought for a source that no entry leads to.
   * @default false
   */
  prefetch?: boolean | readonly string[] | undefined
  /**
   * Tasks in flight at once.
   * @default 8
   */
  concurrency?: number | undefined
  /**
   * Calls of the API in a minute at most, downloads aside: a whole number up to 100 000. It is halved when the API answers
   * 429, and regained slowly.
   * @default 300
   */
  ratePerMinute?: number | undefined
  /**
   * The longest wait for one task, in ms. A task that is not done by then stays in the journal, and the next
   * build takes it up again.
   * @default 1_800_000
   */
  deadline?: number | undefined
  /**
   * Has the API call back when a task is done, so that it is asked less often and results are here sooner. What a call
   * says is never believed: it makes the plugin ask at once. Where no call comes, it goes on asking.
   * @default none
   */
  webhook?: WebhookOption | undefined
  cache?: CacheOption | undefined
  /** Query keys that belong to another plugin: they are handed on. */
  passthrough?: string[] | undefined
  /**
   * Whether a file with the exact types of all imports is kept up to date, in builds and by the dev server; or its path,
   * relative to the host's root, with `.d.ts` at its end. `true` stands for `magnific.d.ts`.
   * @default false
   */
  dts?: boolean | string | undefined
  /**
   * Whether a build writes a report at its end, one HTML file with every image as it was and as it ships; or its path, relative
   * to the host's root, with `.html` at its end. `true` stands for `magnific-report.html`.
   * @default false
   */
  report?: boolean | string | undefined
  /**
   * How much is said.
   * @default 'info'
   */
  logLevel?: LogLevel | undefined
}

/** What the host tells about the build. */
export interface HostSettings {
  /** Absolute path of the project. */
  root: string
  /** `serve` for a dev server and for watch modes: what people leave running. */
  command: 'build' | 'serve'
  env: Readonly<Record<string, string | undefined>>
}

/** {@link WebhookOption} with every default filled in. */
export interface ResolvedWebhook {
  /** As the API gets it. */
  readonly url: string
  readonly port: number
  readonly host: string
  /** Never logged. */
  readonly secret: string | undefined
}

/** How a cache is shared with other machines. */
export interface ResolvedSharing {
  readonly remote: RemoteOption
  /** The store, for people, as far as it is known before it is open: without passwords. */
  readonly name: string
  readonly claim: ClaimFunction | undefined
  readonly signing: ResolvedSigning | undefined
  readonly readOnly: boolean
  /** ms */
  readonly timeout: number
}

/** The options with every default filled in; never changed afterwards. */
export interface ResolvedOptions {
  readonly root: string
  readonly command: HostSettings['command']
  readonly apiKey: string | undefined
  /** Origin without a trailing slash. */
  readonly baseUrl: string
  /** Part of the fingerprint: see `serviceOf`. */
  readonly service: string
  readonly onMiss: MissPolicy
  readonly defaults: Said
  readonly presets: Readonly<Record<string, Said>>
  readonly onTooLarge: TooLargePolicy
  readonly alpha: AlphaPolicy
  readonly keepMetadata: boolean
  readonly budget: Readonly<BudgetLimits>
  readonly prices: readonly PriceStep[]
  readonly prefetch: boolean | readonly string[]
  readonly concurrency: number
  readonly ratePerMinute: number
  /** ms */
  readonly deadline: number
  readonly webhook: ResolvedWebhook | undefined
  /** As the user or the default says it: absolute, or relative to `root`. */
  readonly cacheDir: string
  /** What is behind the cache directory; `undefined` where that is all there is. */
  readonly sharing: ResolvedSharing | undefined
  /** Whether nothing is bought, since nobody would hear of it. */
  readonly readOnly: boolean
  readonly passthrough: readonly string[]
  /** The file of types, as the user says it: absolute, or relative to `root`. */
  readonly dts: string | undefined
  /** The report of a build, as the user says it: absolute, or relative to `root`. */
  readonly report: string | undefined
  readonly logLevel: LogLevel
}
