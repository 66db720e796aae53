import { fileURLToPath } from 'node:url'
import packageJson from '../../../package.json' with { type: 'json' }
import type { Options, ResolvedOptions } from '../../core/options.ts'
import { ownKeys, referenceFilter } from '../../core/request.ts'
import { listCases } from './made.ts'
import type { Made, Matcher } from './made.ts'
import { dropSecrets } from './secrets.ts'
import type { PublicOptions } from './secrets.ts'

/** What the loader is handed: JSON, and a part of the key under which Turbopack keeps what comes of it. */
export interface TurbopackLoaderOptions {
  options: PublicOptions
  command: ResolvedOptions['command']
  made: Made
  /** Of this package: another one may make something else of the same. */
  version: string
}

/** What the loader of sources is handed. */
export interface TextsLoaderOptions {
  passthrough: readonly string[]
  /** What Next puts in front of URLs; empty where there is nothing. */
  basePath: string
}

/** A rule as Turbopack has it. */
export interface TurbopackRule {
  condition: Matcher
  loaders: { loader: string; options: TurbopackLoaderOptions | TextsLoaderOptions }[]
  /** What a module is called afterwards: its extension says what Turbopack takes it for. */
  as?: string
}

/** Sources that may hold texts. */
export const sourcePattern: RegExp = /\.(?:[cm]?[jt]s|[jt]sx|mdx?)$/

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
 * @param basePath of Next's config
 */
export function createTurbopackRules(
  given: Options,
  resolved: ResolvedOptions,
  basePath: string,
): TurbopackRule[] {
  const options: PublicOptions = {
    ...dropSecrets(given),
    // What the environment says is a part of the key as well: another API's pictures are others.
    baseUrl: resolved.baseUrl,
    onMiss: { [resolved.command]: resolved.onMiss },
    cache: { dir: resolved.cacheDir },
  }
  const pictures = listCases(resolved).map(({ made, condition }): TurbopackRule => ({
    condition: { all: [{ query: referenceFilter }, condition] },
    loaders: [
      {
        loader: findLoader('next-loader.js'),
        options: { options, command: resolved.command, made, version: packageJson.version },
      },
    ],
    ...(made !== 'same' && { as: `*.${extensionOf[made]}` }),
  }))
  const texts: TurbopackRule = {
    condition: {
      all: [
        { path: sourcePattern },
        { content: new RegExp(ownKeys.join('|')) },
        { not: 'foreign' },
      ],
    },
    loaders: [
      {
        loader: findLoader('next-texts-loader.js'),
        options: { passthrough: resolved.passthrough, basePath },
      },
    ],
  }
  return [...pictures, texts]
}
