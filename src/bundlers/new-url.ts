import { dirname, resolve } from 'node:path'
import type { SourceMap } from 'magic-string'
import { MagnificError } from '../core/errors.ts'
import { referenceFilter, splitReference } from '../core/request.ts'
import { checkSingle } from '../core/single-request.ts'
import type { Upscaler } from '../upscaler.ts'
import { locateError } from './host-error.ts'
import { isOwnUrl } from './redirect.ts'
import { findFile } from './vite/files.ts'

/** What is used of the plugin context of Vite, Rolldown and Rollup. */
export interface UrlContext {
  parse(code: string): { body: readonly object[] }
  resolve(source: string, importer: string, options: { skipSelf: boolean }): Promise<unknown>
}

/** What a literal is made of. */
interface Expression {
  type: string
  value?: unknown
  expression?: Expression
  expressions?: readonly unknown[]
  quasis?: readonly { value: { cooked?: string | null | undefined } }[]
}

/** For filters of hooks: what hosts look for before they hand the code over. */
export const newUrlFilter: { code: RegExp } = { code: /\bnew\s+URL\s*\(/ }

const urlCall = /\bnew\s+URL\s*\(\s*('[^']*'|"[^"]*"|`[^`]*`)\s*,\s*import\.meta\.url/dg

/**
 * Replaces references in `new URL()` by imports. Few modules come here, and most builds have none of them.
 *
 * @param id of the module
 * @param context the plugin context of the hook
 * @returns `null` where there is nothing to replace
 * @throws MagnificError for what gives more than one URL, or is known only when it runs
 */
export async function replaceUrls(
  code: string,
  id: string,
  context: UrlContext,
  upscaler: Upscaler,
): Promise<{ code: string; map: SourceMap } | null> {
  if (!code.includes('import.meta.url') || !referenceFilter.test(code)) return null
  const [{ stripLiteral }, { default: MagicString }] = await Promise.all([
    import('strip-literal'),
    import('magic-string'),
  ])
  const edited = new MagicString(code)
  const imports: string[] = []
  // Comments and texts are blanked out; what they were is read from the code itself.
  for (const { index, indices } of stripLiteral(code).matchAll(urlCall)) {
    const [start, end] = indices?.[1] ?? [0, 0]
    const text = code.slice(start, end)
    if (!referenceFilter.test(text) || code.slice(index, start).includes('@vite-ignore')) continue
    const url = readLiteral(text, context)
    if (!isOwnUrl(url ?? text.slice(1, -1), { upscaler })) continue
    if (url === undefined) throw patternError(text, id)
    checkUrl(url, id, upscaler)
    const variable = `__magnific_url_${imports.length}`
    const specifier = await resolveSpecifier(url, id, context)
    imports.push(`import ${variable} from ${JSON.stringify(specifier)};`)
    edited.update(start, end, variable)
  }
  if (imports.length === 0) return null
  // At the end, where no line moves and no directive loses its place.
  edited.append(`\n${imports.join('\n')}\n`)
  return { code: edited.toString(), map: edited.generateMap({ source: id, hires: 'boundary' }) }
}

/** `new URL()` makes a URL of one text. */
function checkUrl(url: string, id: string, upscaler: Upscaler): void {
  try {
    checkSingle(upscaler.parse(splitReference(url)))
  } catch (error) {
    throw locateError(error, url, splitReference(id).file)
  }
}

/** The value of a literal; `undefined` where it has parts that are known only when it runs. */
function readLiteral(text: string, { parse }: UrlContext): string | undefined {
  const [statement] = parse(`(${text})`).body as readonly Expression[]
  const expression = statement?.expression
  const inner = expression?.type === 'ParenthesizedExpression' ? expression.expression : expression
  if (inner?.type === 'Literal') return String(inner.value)
  if (inner?.type === 'TemplateLiteral' && inner.expressions?.length === 0) {
    return inner.quasis?.[0]?.value.cooked ?? undefined
  }
  return undefined
}

/** What imports the file that a URL means: URLs are relative without a dot, and percent-encoded. */
async function resolveSpecifier(url: string, id: string, context: UrlContext): Promise<string> {
  const { file: path, query } = splitReference(url)
  if (path.startsWith('/')) return url
  const file = findFile(resolve(dirname(splitReference(id).file), path))
  if (/^\.\.?\//.test(path)) return file?.includes('#') || !file ? url : `${file}?${query}`
  const resolved = await context.resolve(url, id, { skipSelf: true })
  return resolved ? url : `./${url}`
}

function patternError(text: string, id: string): unknown {
  const url = text.slice(1, -1)
  const importer = splitReference(id).file
  const glob = splitReference(url).file.replaceAll(/\$\{[^}]*\}/g, '*')
  const { query } = splitReference(url)
  const all = query.includes('${')
    ? ''
    : `, or say that you mean all: import.meta.glob('${glob}', { query: '?${query}', import: 'default' })`
  const error = new MagnificError(
    'UNSUPPORTED_REFERENCE',
    `new URL(${text}, import.meta.url) stands for every image that the pattern fits, and all of them would be bought. Name the images${all}.`,
    { importer },
  )
  return locateError(error, url, importer)
}
