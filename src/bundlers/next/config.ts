import { createRequire } from 'node:module'
import { join } from 'node:path'
import { MagnificError } from '../../core/errors.ts'
import { limitLogger } from '../../core/logger.ts'
import type { Logger } from '../../core/logger.ts'
import type { Options, ResolvedOptions } from '../../core/options.ts'
import { resolveOptions } from '../../core/resolve-options.ts'
import { createWebpackPlugin } from '../webpack/plugin.ts'
import { createReportWriter, findReportFile, forgetReport, takeReport } from './report-file.ts'
import { passSecrets } from './secrets.ts'
import { createTurbopackRules } from './turbopack-rules.ts'
import type { TurbopackRule } from './turbopack-rules.ts'
import { createWebpackRules } from './webpack-rules.ts'

/** As much of Next's config as is touched. Its own types would have to be there for users of every host. */
interface NextConfig {
  webpack?: ((config: WebpackConfig, context: unknown) => WebpackConfig) | null
  turbopack?: { rules?: Record<string, unknown> }
  compiler?: {
    runAfterProductionCompile?: (build: ProductionBuild) => Promise<void>
  }
  basePath?: string
  distDir?: string
}

interface WebpackConfig {
  plugins?: unknown[]
  module?: { rules?: unknown[] }
}

interface ProductionBuild {
  /** Absolute path. */
  projectDir: string
}

const logger: Logger = {
  // oxlint-disable-next-line no-console -- Next has no logger for others, and prints what is told here.
  info: (message) => console.log(message),
  // oxlint-disable-next-line no-console
  warn: (message) => console.warn(message),
}

/**
 * Adds to a config what makes both of Next's bundlers upscale. What the config says itself stays.
 *
 * @throws MagnificError `BAD_OPTIONS`
 */
export function applyMagnific<Config extends object>(given: Config, options: Options): Config {
  const config: NextConfig = given
  // Next says so before it reads the config.
  const command = process.env['NODE_ENV'] === 'development' ? 'serve' : 'build'
  const resolve = (root: string): ResolvedOptions =>
    resolveOptions(options, { root, command, env: process.env })
  const resolved = resolve(process.cwd())
  refuseUnsupported(resolved)
  checkVersion()
  passSecrets(options)
  forgetReport(process.cwd(), resolved.cacheDir)
  if (process.env['TURBOPACK'] && config.webpack && !config.turbopack) {
    // With rules of ours beside it, Next does not say so itself any more.
    limitLogger(logger, resolved.logLevel).warn(
      'magnific: the config has a `webpack` function, which Turbopack does not call. Say in `turbopack` what it is to do, or run `next build --webpack`.',
    )
  }
  const added: NextConfig = {
    turbopack: {
      ...config.turbopack,
      rules: addRules(createTurbopackRules(options, resolved, config), config.turbopack?.rules),
    },
    webpack: (webpackConfig, context) => {
      const own = config.webpack?.(webpackConfig, context) ?? webpackConfig
      const plugin = createWebpackPlugin(options, {
        logger,
        createReport: ({ root, cacheDir }) => createReportWriter(findReportFile(root, cacheDir)),
        urlField: 'src',
      })
      const rules = own.module?.rules ?? []
      own.module = {
        ...own.module,
        rules: [...rules, ...createWebpackRules(rules, resolved, config.basePath ?? '')],
      }
      own.plugins = [...(own.plugins ?? []), plugin]
      return own
    },
    compiler: {
      ...config.compiler,
      runAfterProductionCompile: async (build) => {
        const settings = resolve(build.projectDir)
        const summary = takeReport(settings)
        if (summary !== undefined) limitLogger(logger, settings.logLevel).info(summary)
        await config.compiler?.runAfterProductionCompile?.(build)
      },
    },
  }
  return { ...given, ...added }
}

/**
 * Ours come first: what a rule of the user does to pictures, it does to upscaled ones. Rules under one glob stay together.
 */
function addRules(
  ours: readonly TurbopackRule[],
  users: Record<string, unknown> = {},
): Record<string, unknown> {
  const glob = ['*', '**/*', '**'].find((each) => !Object.hasOwn(users, each)) ?? '{*,*.*}'
  return { [glob]: ours, ...users }
}

/**
 * Refuses a Turbopack whose rules do not see queries: the originals would be shipped.
 *
 * @throws MagnificError `BAD_CONFIG`
 */
function checkVersion(): void {
  const version = findVersion()
  const [major = 0, minor = 0] = (version ?? '').split('.').map(Number)
  if (!process.env['TURBOPACK'] || version === undefined) return
  if (major > 16 || (major === 16 && minor >= 2)) return
  throw new MagnificError(
    'BAD_CONFIG',
    `The Turbopack of Next ${version} does not show its rules the query of an import, and would ship the originals. Update to Next 16.2 or later, or build with \`next build --webpack\`.`,
  )
}

function findVersion(): string | undefined {
  try {
    const require = createRequire(join(process.cwd(), 'package.json'))
    return (require('next/package.json') as { version: string }).version
  } catch {
    return undefined
  }
}

/** @throws MagnificError `BAD_OPTIONS` */
function refuseUnsupported({ prefetch, dts, report, sharing }: ResolvedOptions): void {
  const problems: string[] = []
  const isUrl = sharing === undefined || typeof sharing.remote === 'string'
  if (process.env['TURBOPACK'] && !(isUrl && sharing?.claim === undefined)) {
    problems.push(
      'Turbopack upscales in processes of its own, which no Keyv and no function can be handed to. Name the shared cache by a URL in `cache.remote`, without `cache.claim`, or build with `next build --webpack`.',
    )
  }
  if (prefetch !== false) {
    problems.push(
      'Next does not tell where a build begins, and `prefetch` has no sources to read. Leave it out; `npx magnific upscale` before the build buys what stands in the sources, as many at once as `concurrency` says.',
    )
  }
  if (report !== undefined) {
    problems.push(
      'Next builds in several processes, none of which meets all images. Leave `report` out, and run `npx magnific report` after the build.',
    )
  }
  if (dts !== undefined) {
    problems.push(
      '`dts` declares URLs, and Next imports objects with `src`, `width` and `height`. Leave it out, and write /// <reference types="unplugin-magnific/client/next" /> into a file of yours.',
    )
  }
  if (problems.length === 0) return
  throw new MagnificError(
    'BAD_OPTIONS',
    `The options of unplugin-magnific are refused. Mend these:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
  )
}
