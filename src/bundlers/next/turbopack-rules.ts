import { fileURLToPath } from 'node:url'
import packageJson from '../../../package.json' with { type: 'json' }
import type { Options, ResolvedOptions } from '../../core/options.ts'
import { ownKeys, referenceFilter } from '../../core/request.ts'
import { listCases } from './made.ts'
import type { Made, Matcher } from './made.ts'
import { dropSecrets } from './secrets.ts'
import type { PublicOptions } from './secrets.ts'
import { findStateFile, readState } from './state.ts'

/** What the loader is handed: JSON, and a part of the key under which Turbopack keeps what comes of it. */
export interface TurbopackLoaderOptions extends ProcessOptions {
  made: Made
}

/** What all of Turbopack's processes are handed. */
export interface ProcessOptions {
  options: PublicOptions
  command: ResolvedOptions['command']
  /** See `readState`: an absolute path, and the word that is there. */
  stateFile: string
  state: string
  /** Of this package: another one may make something else of the same. */
  version: string
}

/** What the loader of sources is handed. */
export interface TextsLoaderOptions {
  passthrough: readonly string[]
  /** What Next puts in front of URLs; empty where there is nothing. */
  basePath: string
  /** Where style sheets are looked at as well: with webpack, its own plugin does that. */
  turbopack?: ProcessOptions
}

/** A rule as Turbopack has it. */
export interface TurbopackRule {
  condition: Matcher
  loaders: { loader: string; options: TurbopackLoaderOptions | TextsLoaderOptions }[]
  /** What a module is called afterwards: its extension says what Turbopack takes it for. */
  as?: string
}

/** What nobody speaks of but for us. What is misspelt, the loader of pictures refuses. */
export const mention: RegExp = new RegExp(ownKeys.join('|'))

/** Sources that may hold texts. */
export const scriptPattern: RegExp = /\.(?:[cm]?[jt]s|[jt]sx|mdx?)$/
const sourcePattern = /\.(?:[cm]?[jt]s|[jt]sx|mdx?|css|s[ac]ss)$/

const extensionOf: Record<Exclude<Made, 'same'>, string> = {
  png: 'png',
  jpeg: 'jpg',
  webp: 'webp',
  avif: 'avif',
  script: 'js',
}

/** @param name of a loader beside this file, as it is built: an absolute path */
export function findLoader(name: 'next-loader.js' | 'next-texts-loader.js'): string {
  return fileURLToPath(new URL(name, import.meta.url))
}

/**
 * The rules that lead references to the loader, one for each of what may be made of them, and sources to theirs.
 *
 * @param given as the user says it
 * @param settings of Next's config
 */
export function createTurbopackRules(
  given: Options,
  resolved: ResolvedOptions,
  { basePath = '', distDir = '.next' }: { basePath?: string; distDir?: string },
): TurbopackRule[] {
  const options: PublicOptions = {
    ...dropSecrets(given),
    // What the environment says is a part of the key as well: another API's pictures are others.
    baseUrl: resolved.baseUrl,
    onMiss: { [resolved.command]: resolved.onMiss },
    cache: {
      dir: resolved.cacheDir,
      readOnly: given.cache?.readOnly ?? false,
      ...(resolved.sharing && { timeout: resolved.sharing.timeout }),
    },
  }
  const stateFile = findStateFile(resolved.root, distDir)
  const shared: ProcessOptions = {
    options,
    command: resolved.command,
    stateFile,
    state: readState(stateFile),
    version: packageJson.version,
  }
  const pictures = listCases(resolved).map(({ made, condition }): TurbopackRule => ({
    condition: { all: [{ query: referenceFilter }, condition] },
    loaders: [
      {
        loader: findLoader('next-loader.js'),
        options: { ...shared, made },
      },
    ],
    ...(made !== 'same' && { as: `*.${extensionOf[made]}` }),
  }))
  const texts: TurbopackRule = {
    condition: {
      all: [{ path: sourcePattern }, { content: mention }, { not: 'foreign' }],
    },
    loaders: [
      {
        loader: findLoader('next-texts-loader.js'),
        options: {
          passthrough: resolved.passthrough,
          basePath,
          turbopack: shared,
        },
      },
    ],
  }
  return [...pictures, texts]
}
