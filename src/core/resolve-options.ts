import { readCache } from './cache-option.ts'
import { MagnificError } from './errors.ts'
import { readDts } from './dts-option.ts'
import { readReport } from './report-option.ts'
import { readPrices } from './prices-option.ts'
import { serviceOf } from './service.ts'
import { readWebhook } from './webhook-option.ts'
import { logLevels } from './logger.ts'
import {
  isPlainObject,
  readApiKey,
  readBaseUrl,
  readBudget,
  readCount,
  readFields,
  readMissPolicy,
  readOneOf,
  readPassthrough,
  readPrefetch,
  readPresets,
  readSwitch,
  reportUnknown,
  show,
} from './option-readers.ts'
import type {
  AlphaPolicy,
  HostSettings,
  Options,
  ResolvedOptions,
  TooLargePolicy,
} from './options.ts'

const tooLargePolicies = ['error', 'downscale'] as const satisfies readonly TooLargePolicy[]
const alphaPolicies = ['join', 'keep-result'] as const satisfies readonly AlphaPolicy[]

const optionNames = [
  'apiKey',
  'baseUrl',
  'onMiss',
  'defaults',
  'presets',
  'onTooLarge',
  'alpha',
  'keepMetadata',
  'budget',
  'prices',
  'prefetch',
  'concurrency',
  'ratePerMinute',
  'deadline',
  'webhook',
  'cache',
  'passthrough',
  'dts',
  'report',
  'logLevel',
] as const satisfies readonly (keyof Options)[]

/**
 * Fills in defaults and checks everything.
 *
 * @throws MagnificError `BAD_OPTIONS` with every problem listed
 */
export function resolveOptions(given: Options, host: HostSettings): ResolvedOptions {
  const problems: string[] = []
  const { env } = host
  const options: Options = isPlainObject(given) ? given : {}
  if (!isPlainObject(given)) problems.push(`The options must be an object, got ${show(given)}.`)
  reportUnknown('', options, optionNames, problems)

  const baseUrl =
    options.baseUrl === undefined && env['MAGNIFIC_BASE_URL']
      ? readBaseUrl('$MAGNIFIC_BASE_URL', env['MAGNIFIC_BASE_URL'], problems)
      : readBaseUrl('`baseUrl`', options.baseUrl, problems)
  const cache = readCache(options.cache, env, problems)
  const onMiss = readMissPolicy(options.onMiss, host, problems)
  const resolved: ResolvedOptions = {
    root: host.root,
    command: host.command,
    apiKey: readApiKey(
      options.apiKey ?? (env['FREEPIK_API_KEY'] || env['MAGNIFIC_API_KEY'] || undefined),
      problems,
    ),
    baseUrl,
    service: serviceOf(baseUrl),
    // What is bought has to be written down.
    onMiss: cache.readOnly && onMiss === 'upscale' ? 'error' : onMiss,
    defaults: readFields('defaults', options.defaults ?? {}, problems),
    presets: readPresets(options.presets ?? {}, problems),
    onTooLarge: readOneOf(
      'onTooLarge',
      options.onTooLarge ?? 'error',
      tooLargePolicies,
      'error',
      problems,
    ),
    alpha: readOneOf('alpha', options.alpha ?? 'join', alphaPolicies, 'join', problems),
    keepMetadata: readSwitch('keepMetadata', options.keepMetadata ?? false, false, problems),
    budget: options.budget === undefined ? {} : readBudget(options.budget, problems),
    prices: readPrices(options.prices, problems),
    prefetch: readPrefetch(options.prefetch ?? false, problems),
    concurrency: readCount('concurrency', options.concurrency ?? 8, 1, 100, problems),
    ratePerMinute: readCount('ratePerMinute', options.ratePerMinute ?? 300, 1, 100_000, problems),
    deadline: readCount('deadline', options.deadline ?? 30 * 60_000, 1000, 2 ** 31 - 1, problems),
    webhook: readWebhook(options.webhook, env, problems),
    cacheDir: cache.dir,
    sharing: cache.sharing,
    readOnly: cache.readOnly,
    passthrough: readPassthrough(options.passthrough ?? [], problems),
    dts: readDts(options.dts ?? false, problems),
    report: readReport(options.report ?? false, problems),
    logLevel: readOneOf('logLevel', options.logLevel ?? 'info', logLevels, 'info', problems),
  }
  if (problems.length > 0) {
    throw new MagnificError(
      'BAD_OPTIONS',
      `The options of unplugin-magnific are refused. Mend these:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
    )
  }
  return resolved
}
