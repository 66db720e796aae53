import { dirname, isAbsolute, resolve } from 'node:path'
import { splitReference } from '../core/request.ts'
import type { ResolvedOptions } from '../core/options.ts'
import type { Resolve } from '../scan/plain-resolve.ts'
import type { FoundReference } from '../scan/scan-project.ts'
import type { ScanSources } from '../prefetch.ts'
import { findFile } from './vite/files.ts'

/** What a host tells about where sources are and what they refer to. */
export interface HostSources {
  /** What the build begins with, absolute paths; `undefined` where nobody tells. */
  findEntries: () => Promise<readonly string[] | undefined>
  /** Folders that hold no sources: absolute paths. */
  ignored: readonly string[]
  /** As the host resolves an import; the id, or `undefined` for what it does not find, or leaves external. */
  resolve: (path: string, importer: string) => Promise<string | undefined>
  /** What an alias makes of a pattern, where the host has patterns: there is no such file. */
  resolveAlias?: (pattern: string, importer: string) => Promise<string | undefined>
}

/** Reads the sources of a build, as far as it is told which: for what has to be known before the host gets there. */
export function createSources(options: ResolvedOptions, host: HostSources): ScanSources {
  return async (globs): Promise<FoundReference[]> => {
    const [{ scanProject }, entries] = await Promise.all([
      import('../scan/scan-project.ts'),
      host.findEntries(),
    ])
    const { references } = await scanProject({
      root: options.root,
      ignored: host.ignored,
      passthrough: options.passthrough,
      // The build tells of what is wrong with a source.
      checksSyntax: false,
      resolve: createHostResolve(host),
      asksHost: true,
      ...(entries && { entries }),
      ...(globs && { globs }),
    })
    return references
  }
}

/** Resolves to files alone: what is virtual has no references of ours in it. */
export function createHostResolve({
  resolve: byHost,
  resolveAlias,
}: Pick<HostSources, 'resolve' | 'resolveAlias'>): Resolve {
  return async (specifier, importer, kind) => {
    const path = splitReference(specifier).file
    if (/[*?{}[\]()!]/.test(path) && resolveAlias) {
      const mapped = await resolveAlias(path, importer).catch(() => undefined)
      if (mapped !== undefined && findFile(mapped) === undefined) return mapped
    }
    // URLs, as style sheets and pages have them, are relative without a dot.
    const isUrl = kind !== 'script' && !isAbsolute(path) && !/^[a-z][\w+.-]*:/i.test(path)
    const beside = isUrl ? findFile(resolve(dirname(importer), path)) : undefined
    if (beside !== undefined) return beside
    const id = await byHost(path, importer).catch(() => undefined)
    return id === undefined || id.includes('\0') ? undefined : findFile(splitReference(id).file)
  }
}
