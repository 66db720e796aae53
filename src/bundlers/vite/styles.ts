import { dirname, resolve } from 'node:path'
import type { Alias, Environment, Plugin, ResolverFunction, Rolldown } from 'vite'
import { referenceFilter, splitReference } from '../../core/request.ts'
import { findFile } from './files.ts'

/** Ids of style sheets, in whatever language. */
export const cssLanguage: RegExp = /\.(?:css|less|sass|scss|styl|stylus|pcss|postcss|sss)(?:$|\?)/

/** A reference of a style sheet, resolved to a file. */
export interface StyleReference {
  /** An absolute path. */
  file: string
  query: string
  /** The style sheet, as an absolute path. */
  importer: string
  /** As it is written. */
  url: string
  /** Whether the style sheet is a part of a page. */
  isInPage: boolean
}

/**
 * Answers the references of style sheets. Vite resolves them with resolvers of its own, which know the aliases and no
 * plugin; `customResolver` is deprecated and goes in Vite 9, so nothing else may use it.
 *
 * @param answer gives the id that a reference is resolved to
 */
export function createStylePlugin(
  isReference: (query: string) => boolean,
  answer: (reference: StyleReference, environment: Environment) => Promise<string>,
): Plugin {
  return {
    name: 'unplugin-magnific:styles',
    // Also for what a server renders.
    perEnvironmentStartEndDuringDev: true,
    // Those resolvers are made later than this, and the alias plugin for imports was made earlier and keeps its native
    // speed. Only a worker's is made later too.
    buildStart() {
      const { environment } = this
      const { resolve: options } = environment.config
      const others = options.alias
      if (others.some(({ find }) => find === referenceFilter)) return
      options.alias = [
        createAlias(environment.config.root, others, isReference, async (reference) =>
          answer(reference, environment),
        ),
        ...others,
      ]
      // Vite 6 goes through the aliases when it moves the URLs of partials, and leaves alone what one of them matches.
      // Resolvers map them, and so still find ours.
      if (!('viteVersion' in this.meta)) {
        options.alias[Symbol.iterator] = () => others[Symbol.iterator]()
      }
    },
  }
}

function createAlias(
  root: string,
  others: readonly Alias[],
  isReference: (query: string) => boolean,
  answer: (reference: StyleReference) => Promise<string>,
): Alias {
  return {
    find: referenceFilter,
    replacement: '$&',
    // The type knows no promises; Vite awaits them, and returns them in its own resolver.
    customResolver: async function customResolver(
      this: Rolldown.PluginContext,
      url: string,
      importer: string | undefined,
      options: Parameters<ResolverFunction>[2],
    ) {
      // Of several aliases that match, only the first is asked: so it has to stand in for the others.
      const other = others.find(({ find }) =>
        typeof find === 'string' ? url === find || url.startsWith(`${find}/`) : find.test(url),
      )
      const target = other ? url.replace(other.find, other.replacement) : url
      const resolved = await Promise.resolve(
        typeof other?.customResolver === 'function'
          ? other.customResolver.call(this, target, importer, options)
          : this.resolve(target, importer, { ...options, skipSelf: true }),
      )
      const { query } = splitReference(url)
      if (importer === undefined || !cssLanguage.test(importer) || !isReference(query)) {
        return resolved
      }
      // Styles in a page that is a text, and no file, are those of a page at the root.
      const sheet = splitReference(importer).file.replace(/^\0/, root)
      const id = typeof resolved === 'string' ? resolved : resolved ? resolved.id : undefined
      const path = splitReference(id ?? resolve(dirname(sheet), target)).file
      const isInPage = importer.includes('html-proxy')
      return answer({ file: findFile(path) ?? path, query, importer: sheet, url, isInPage })
    } as unknown as NonNullable<Alias['customResolver']>,
  }
}
