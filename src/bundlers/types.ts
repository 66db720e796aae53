import type { Plugin } from 'rollup'
import { limitLogger } from '../core/logger.ts'
import type { Logger } from '../core/logger.ts'
import type { ResolvedOptions } from '../core/options.ts'
import { isReference, referenceFilter, splitReference } from '../core/request.ts'
import type { TypesFile } from '../dts/types-file.ts'

/** The types of one build, whose sources are read while it runs. */
export interface TypesRun {
  /**
   * Brings the file up to date. What goes wrong is warned of: no build fails because of types.
   *
   * @param ids of the modules that the host met, images or not; none where the build failed
   */
  finish(ids: Iterable<string>): Promise<void>
}

/**
 * Begins to read the sources, and does not wait for it.
 *
 * @param ignored folders that hold no sources, such as the one that is built into: absolute paths
 * @returns `undefined` where no types are asked for
 */
export function startTypes(
  options: ResolvedOptions,
  hostLogger: Logger,
  ignored: readonly string[] = [],
): TypesRun | undefined {
  if (options.dts === undefined) return undefined
  const warn = (error: unknown): void => warnOfTypes(error, options, hostLogger)
  const scanned = scanTypes(options, ignored).catch(warn)
  return {
    finish: async (ids) => {
      const file = await scanned
      file?.meet(findQueries(ids, options))
      await file?.write().catch(warn)
    },
  }
}

/**
 * The file of types, with what stands in the sources.
 *
 * @throws the error of node:fs
 */
export async function scanTypes(
  options: ResolvedOptions,
  ignored: readonly string[],
): Promise<TypesFile> {
  const { createTypesFile } = await import('../dts/types-file.ts')
  const file = createTypesFile(options, ignored)
  await file.scan()
  return file
}

/** Tells what hinders the types, and goes on. */
export function warnOfTypes(error: unknown, options: ResolvedOptions, logger: Logger): void {
  limitLogger(logger, options.logLevel).warn(
    `magnific: the types in ${options.dts} are not brought up to date (${(error as Error).message}).`,
  )
}

/** The plugin for Rollup. */
export function createTypesPlugin(
  requireOptions: () => ResolvedOptions | undefined,
  logger: Logger,
): Plugin {
  let run: TypesRun | undefined
  return {
    name: 'unplugin-magnific:types',
    buildStart: {
      order: 'post',
      handler() {
        const options = requireOptions()
        run = options && startTypes(options, logger)
      },
    },
    async buildEnd(error) {
      await run?.finish(error ? [] : this.getModuleIds())
    },
  }
}

function* findQueries(ids: Iterable<string>, { passthrough }: ResolvedOptions): Generator<string> {
  for (const id of ids) {
    if (!referenceFilter.test(id) || id.startsWith('\0')) continue
    const { query } = splitReference(id)
    if (isReference(query, passthrough)) yield query
  }
}
