import { dirname, resolve } from 'node:path'
import type { BuildOptions, PluginBuild } from 'esbuild'
import type { ResolvedOptions } from '../../core/options.ts'
import type { ScanSources } from '../../prefetch.ts'
import { createSources } from '../sources.ts'
import { findFile } from '../vite/files.ts'

/** What esbuild tells about where sources are and what they refer to. */
export function createEsbuildSources(
  { initialOptions, resolve: ask }: PluginBuild,
  options: ResolvedOptions,
  cwd: string,
): ScanSources {
  const find = async (
    path: string,
    settings: { resolveDir: string; importer?: string; kind: 'entry-point' | 'import-statement' },
  ): Promise<string | undefined> => {
    const { errors, external, namespace, path: file } = await ask(path, settings)
    return errors.length > 0 || external || namespace !== 'file' ? undefined : file
  }
  return createSources(options, {
    ignored: listOutputs(initialOptions, cwd),
    resolve: async (path, importer) =>
      find(path, { importer, resolveDir: dirname(importer), kind: 'import-statement' }),
    findEntries: async () => {
      // What comes in by itself is no file to look at.
      if (initialOptions.stdin) return undefined
      const entries = await Promise.all(
        listEntries(initialOptions).map(
          async (entry) =>
            findFile(resolve(cwd, entry)) ?? find(entry, { resolveDir: cwd, kind: 'entry-point' }),
        ),
      )
      return entries.every((entry) => entry !== undefined) ? entries : undefined
    },
  })
}

/** The folder that is built into, where it holds nothing else: absolute. */
export function listOutputs({ outdir }: BuildOptions, cwd: string): string[] {
  return outdir === undefined || resolve(cwd, outdir) === cwd ? [] : [resolve(cwd, outdir)]
}

function listEntries({ entryPoints = [] }: BuildOptions): string[] {
  if (!Array.isArray(entryPoints)) return Object.values(entryPoints)
  return entryPoints.map((entry) => (typeof entry === 'string' ? entry : entry.in))
}
