import { basename, dirname, resolve } from 'node:path'
import type { Plugin } from 'vite'
import { MagnificError } from '../../core/errors.ts'
import { splitReference } from '../../core/request.ts'
import { formatPath } from '../../core/format-path.ts'
import { limitLogger } from '../../core/logger.ts'
import { locateError } from '../host-error.ts'
import { findFile } from './files.ts'
import { isOwnUrl } from '../redirect.ts'
import { mentionsUs } from '../script-texts.ts'
import type { Session } from './session.ts'

/** What versions of Vite make of patterns. */
const replacement = /\bimport\s*\(|_glob_/
const pattern = /\bimport\.meta\.glob|\bimport\s*\(\s*`/
/** What patterns have become, eager or not: their names are Vite's, and their keys the images'. */
const eagerImport = /_glob_\w*\s*\}?\s*from\s*(["'])(.*?)\1/g
const lazyImport = /(["'])([^"']*)\1\s*:\s*\(\)\s*=>\s*import\s*\(\s*(["'])(.*?)\3/g
/** What `query` was called up to Vite 5. Vite 8 does not look at it, and would ship the originals. */
const formerQuery = /\bimport\.meta\.glob\w*\s*\([^;]*\bas\s*:\s*["'`][^"'`]*\bmagnific\b/

/**
 * Says how many images a glob stands for, and how many of them will be bought: nobody sees it in the code. Vite has
 * replaced the pattern by imports when the second of these plugins comes to a module.
 */
export function createPatternPlugins(requireSession: () => Session): Plugin[] {
  const withPattern = new Set<string>()
  return [
    {
      name: 'unplugin-magnific:patterns',
      enforce: 'pre',
      transform: {
        filter: { code: pattern },
        async handler(code, id) {
          if (!pattern.test(code)) return
          if (formerQuery.test(code)) throw formerQueryError(id)
          withPattern.add(id)
          if (mentionsUs(code)) await checkPatterns(code, id, requireSession())
        },
      },
    },
    {
      name: 'unplugin-magnific:pattern-count',
      enforce: 'post',
      apply: 'build',
      transform: {
        filter: { code: replacement },
        handler(code, id) {
          if (withPattern.has(id)) tellCount(code, id, requireSession())
        },
      },
    },
  ]
}

function tellCount(code: string, id: string, session: Session): void {
  const { upscaler, config } = session
  const importer = splitReference(id).file
  const urls = new Set(findPatternImports(code))
  const references = [...urls]
    .filter((url) => isOwnUrl(url, session))
    .map((url) => {
      const { file, query } = splitReference(url)
      const path = file.startsWith('/') ? config.root + file : resolve(dirname(importer), file)
      return { file: findFile(path) ?? path, query }
    })
  if (references.length < 2) return
  const missing = references.filter((reference) => !upscaler.find(reference)).length
  const fate =
    upscaler.options.onMiss === 'upscale'
      ? `${missing} of them are not in the cache and will be bought`
      : `${missing} of them are not in the cache`
  limitLogger(config.logger, upscaler.options.logLevel).info(
    `magnific: a pattern in ${formatPath(config.root, importer)} refers to ${references.length} images; ${missing === 0 ? 'all of them are in the cache' : fate}.`,
  )
}

/** What is imported for patterns, and for nothing else. */
function findPatternImports(code: string): string[] {
  const lazy = [...code.matchAll(lazyImport)].flatMap(([, , key = '', , url = '']) =>
    basename(key) === basename(splitReference(url).file) ? [url] : [],
  )
  return [...[...code.matchAll(eagerImport)].map(([, , url = '']) => url), ...lazy]
}

/**
 * Refuses a query in another place than Vite looks at: it would find nothing, or take the originals.
 *
 * @throws MagnificError `UNSUPPORTED_REFERENCE`
 */
async function checkPatterns(code: string, id: string, session: Session): Promise<void> {
  const { readSource } = await import('../../scan/read-source.ts')
  const { passthrough } = session.upscaler.options
  const settings = { passthrough, wantsImports: false, checksSyntax: false }
  const importer = splitReference(id).file
  const { references } = readSource(importer, code, settings)
  const wrong = references.find(({ kind, refusal }) => kind === 'glob' && refusal !== undefined)
  if (!wrong) return
  throw locateError(
    new MagnificError('UNSUPPORTED_REFERENCE', wrong.refusal ?? '', { importer }),
    `?${wrong.query}`,
    importer,
  )
}

function formerQueryError(id: string): unknown {
  const importer = splitReference(id).file
  return locateError(
    new MagnificError(
      'UNSUPPORTED_REFERENCE',
      "import.meta.glob knows no option `as` any more, and would take the originals. Write query: '?magnific=4x', import: 'default'.",
      { importer },
    ),
    'import.meta.glob',
    importer,
  )
}
