import type { LogLevel } from './logger.ts'
import type { Params } from './params.ts'

/** Request fields under the names that they have in the query: `{ magnific: '4x', engine: 'magnific_sharpy' }`. */
export type RequestFields = Omit<Params, 'scale_factor'> & {
  magnific?: Params['scale_factor'] | undefined
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
  /** Request fields for every image; a preset or the query wins. */
  defaults?: RequestFields | undefined
  /** Named sets of request fields, asked for with `?magnific=<name>`. */
  presets?: Record<string, RequestFields> | undefined
  /**
   * What one run of the bundler may buy at most, together with all that run at the same time on the same cache directory.
   * Builds of one process, such as client and server, share it; a server counts from its start.
   * @default no limit
   */
  budget?: BudgetLimits | undefined
  /**
   * Tasks in flight at once.
   * @default 8
   */
  concurrency?: number | undefined
  /**
   * The longest wait for one task, in ms. A task that is not done by then stays in the journal, and the next
   * build takes it up again.
   * @default 1_800_000
   */
  deadline?: number | undefined
  cache?:
    | {
        /**
         * Where results are kept, relative to the host's root.
         * @default $MAGNIFIC_CACHE_DIR, then .magnific
         */
        dir?: string | undefined
      }
    | undefined
  /** Query keys that belong to another plugin: they are handed on. */
  passthrough?: string[] | undefined
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
  readonly defaults: Params
  readonly presets: Readonly<Record<string, Params>>
  readonly budget: Readonly<BudgetLimits>
  readonly concurrency: number
  /** ms */
  readonly deadline: number
  /** As the user or the default says it: absolute, or relative to `root`. */
  readonly cacheDir: string
  readonly passthrough: readonly string[]
  readonly logLevel: LogLevel
}
