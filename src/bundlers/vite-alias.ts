import type { Alias } from 'vite'
import { referenceFilter } from '../core/request.ts'

const cssLanguage = /\.(?:css|less|sass|scss|styl|stylus|pcss|postcss|sss)(?:$|\?)/

/**
 * Lets us see the references of style sheets. Vite resolves them with resolvers of its own, which know the aliases and no
 * plugin; `customResolver` is deprecated and goes in Vite 9, so nothing else may use it.
 *
 * To be called in `buildStart`: those resolvers are made later than that, and the alias plugin for imports was made
 * earlier and keeps its native speed. Only a worker's is made later too.
 *
 * @param aliases the environment's, to which an entry is added once
 * @param onReference called for each reference; it may throw
 */
export function watchStyleReferences(
  aliases: Alias[],
  onReference: (url: string, importer: string) => void,
): void {
  if (aliases.some(({ find }) => find === referenceFilter)) return
  const others = [...aliases]
  aliases.unshift({
    find: referenceFilter,
    replacement: '$&',
    customResolver(url, importer, options) {
      if (importer !== undefined && cssLanguage.test(importer)) onReference(url, importer)
      // Of several aliases that match, only the first is asked: so it has to stand in for the others.
      const other = others.find(({ find }) =>
        typeof find === 'string' ? url === find || url.startsWith(`${find}/`) : find.test(url),
      )
      const target = other ? url.replace(other.find, other.replacement) : url
      if (typeof other?.customResolver === 'function') {
        return other.customResolver.call(this, target, importer, options)
      }
      const resolved: unknown = this.resolve(target, importer, { ...options, skipSelf: true })
      // The type knows no promises; Vite awaits them, and returns them in its own resolver.
      return resolved as string
    },
  })
}
