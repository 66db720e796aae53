import { directiveNames, directives as table } from './directives.ts'
import type { Directives } from './directives.ts'
import { fieldNames, queryKey } from './params.ts'
import type { Request, Vocabulary } from './request.ts'

/**
 * The query that asks for one variant of a request alone, as a URL. Everything is spelled out, so that presets and defaults
 * change nothing about it.
 *
 * @returns without the question mark
 */
export function renderVariantQuery(
  { params, output, hostQuery }: Request,
  variant: Directives,
  { defaults, passthrough }: Pick<Vocabulary, 'defaults' | 'passthrough'>,
): string {
  const said: Partial<Record<string, string>> = variant
  const pairs = fieldNames.map((name) => [queryKey(name), params[name]?.toString()] as const)
  const own = directiveNames.map((name) => {
    const isFlag = table[name].kind === 'flag' && defaults.directives[name] !== undefined
    return [name, said[name] ?? (isFlag ? 'false' : undefined)] as const
  })
  const isUrlAnyway = output.kind === 'url' && defaults.output === undefined
  const all = [...pairs, ...own, ['as', isUrlAnyway ? undefined : 'url'] as const]
  const written = all.flatMap(([key, value]) => {
    // A key that belongs to another plugin says nothing to us.
    if (passthrough.includes(key)) return []
    if (value === undefined) return key === 'magnific' ? [key] : []
    return `${key}=${encodeURIComponent(value)}`
  })
  return [...written, ...(hostQuery ? [hostQuery] : [])].join('&')
}
