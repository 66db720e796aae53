import { dirname, resolve } from 'node:path'
import type { Plugin, Rolldown } from 'vite'
import { MagnificError } from '../../core/errors.ts'
import { referenceFilter, splitReference } from '../../core/request.ts'
import { locateError } from '../host-error.ts'
import { checkSingle } from '../../core/single-request.ts'
import { findFile } from './files.ts'
import { isOwnUrl } from './session.ts'
import type { Session } from './session.ts'

/**
 * `new URL('./hero.png?magnific=4x', import.meta.url)` becomes an import: Vite would resolve it without asking any plugin.
 * In a plugin of its own, since worker builds need it as well.
 */
export function createUrlPlugin(requireSession: () => Session): Plugin {
  const name = 'unplugin-magnific:urls'
  return {
    name,
    configResolved(config) {
      // Behind the plugins that make scripts of what is written, and before Vite's own, which would take the URL.
      const plugins = config.plugins as Plugin[]
      const from = plugins.findIndex((plugin) => plugin.name === name)
      const [own] = from === -1 ? [] : plugins.splice(from, 1)
      const before = plugins.findIndex((plugin) => plugin.name === 'vite:asset-import-meta-url')
      if (own) plugins.splice(before === -1 ? from : before, 0, own)
    },
    transform: {
      // Vite tests it without handing the code over to us.
      filter: { code: /\bnew\s+URL\s*\(/ },
      async handler(code, id) {
        if (!code.includes('import.meta.url') || !referenceFilter.test(code)) return null
        return replaceUrls(code, id, this, requireSession())
      },
    },
  }
}

const urlCall = /\bnew\s+URL\s*\(\s*('[^']*'|"[^"]*"|`[^`]*`)\s*,\s*import\.meta\.url/dg

async function replaceUrls(
  code: string,
  id: string,
  context: Rolldown.TransformPluginContext,
  session: Session,
): Promise<Rolldown.TransformResult> {
  // Few modules come here, and most builds have none of them.
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
    if (!isOwnUrl(url ?? text.slice(1, -1), session)) continue
    if (url === undefined) throw patternError(text, id)
    checkUrl(url, id, session)
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
function checkUrl(url: string, id: string, { upscaler }: Session): void {
  try {
    checkSingle(upscaler.parse(splitReference(url)))
  } catch (error) {
    throw locateError(error, url, splitReference(id).file)
  }
}

/** The value of a literal; `undefined` where it has parts that are known only when it runs. */
function readLiteral(text: string, { parse }: Rolldown.TransformPluginContext): string | undefined {
  const [statement] = parse(`(${text})`).body
  const expression = statement?.type === 'ExpressionStatement' ? statement.expression : undefined
  const inner = expression?.type === 'ParenthesizedExpression' ? expression.expression : expression
  if (inner?.type === 'Literal') return String(inner.value)
  if (inner?.type === 'TemplateLiteral' && inner.expressions.length === 0) {
    return inner.quasis[0]?.value.cooked ?? undefined
  }
  return undefined
}

/** What imports the file that a URL means: URLs are relative without a dot, and percent-encoded. */
async function resolveSpecifier(
  url: string,
  id: string,
  context: Rolldown.TransformPluginContext,
): Promise<string> {
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
