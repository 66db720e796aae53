import type { Compiler, Stats } from 'webpack'
import type { Logger } from '../../core/logger.ts'
import type { ResolvedOptions } from '../../core/options.ts'
import { startTypes } from '../types.ts'
import type { TypesRun } from '../types.ts'

/** Keeps the file of types up to date, beside each compilation. */
export function tapTypes(
  compiler: Compiler,
  options: ResolvedOptions,
  logger: Logger,
  isOurs: (resource: string) => boolean,
): void {
  if (options.dts === undefined) return
  const name = 'unplugin-magnific:types'
  let run: TypesRun | undefined
  const start = (): void => {
    run = startTypes(options, logger, [compiler.outputPath])
  }
  compiler.hooks.run.tap(name, start)
  compiler.hooks.watchRun.tap(name, start)
  compiler.hooks.done.tapPromise(name, async (stats) => {
    await run?.finish(stats.hasErrors() ? [] : listResources(stats, isOurs))
  })
}

/** The images that modules of the user import: one with several variants is a module that imports them one by one. */
function* listResources(
  { compilation }: Stats,
  isOurs: (resource: string) => boolean,
): Generator<string> {
  for (const module of compilation.modules) {
    if (!('resource' in module) || !isOurs(String(module.resource))) continue
    const issuer = compilation.moduleGraph.getIssuer(module)
    const isInner = issuer && 'resource' in issuer && isOurs(String(issuer.resource))
    if (!isInner) yield String(module.resource)
  }
}
