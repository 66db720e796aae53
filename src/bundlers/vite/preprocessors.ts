import { readFile } from 'node:fs/promises'
import type { Plugin } from 'vite'
import { MagnificError } from '../../core/errors.ts'
import { splitReference } from '../../core/request.ts'
import { locateError } from '../host-error.ts'
import { mentionsUs } from '../script-texts.ts'
import type { Session } from './session.ts'

/** Sheets of languages that read pictures themselves, and styles of components in one of them. */
const sheet = /\.(less|styl|stylus)(?:$|\?(?!(?:.*&)?(?:raw|url)(?:&|$)))/
const importRule = /@(?:import|require)\b[^"'\n;{}]*["']([^"'\n]+)["']/g

/**
 * Refuses references in functions of Less and Stylus that read the file themselves, and know nothing of a query: in the sheets
 * that are modules, and in those that they import, which no plugin sees.
 */
export function createPreprocessorPlugin(requireSession: () => Session): Plugin {
  return {
    name: 'unplugin-magnific:preprocessors',
    enforce: 'pre',
    transform: {
      filter: { id: sheet },
      async handler(code, id) {
        const [, lang] = sheet.exec(id) ?? []
        if (lang === undefined) return
        const session = requireSession()
        const resolve = session.config.createResolver({
          extensions: [`.${lang}`, '.css'],
          mainFields: [lang, 'style'],
          tryIndex: false,
          preferRelative: true,
        })
        const seen = new Set<string>()
        const check = async (text: string, file: string): Promise<void> => {
          await checkSheet(text, lang, file, session)
          for (const [, specifier = ''] of text.matchAll(importRule)) {
            const target = await resolve(specifier, file, false)
            if (target === undefined || seen.has(target) || !target.endsWith(`.${lang}`)) continue
            seen.add(target)
            await check(await readFile(target, 'utf8').catch(() => ''), target)
          }
        }
        await check(code, splitReference(id).file)
      },
    },
  }
}

async function checkSheet(
  text: string,
  lang: string,
  importer: string,
  { upscaler }: Session,
): Promise<void> {
  if (!mentionsUs(text)) return
  const { readSource } = await import('../../scan/read-source.ts')
  const { passthrough } = upscaler.options
  const { references } = readSource(`sheet.${lang}`, text, { passthrough, wantsImports: false })
  const wrong = references.find(({ refusal }) => refusal !== undefined)
  if (!wrong) return
  const error = new MagnificError('UNSUPPORTED_REFERENCE', wrong.refusal ?? '', { importer })
  throw locateError(error, wrong.specifier, importer)
}
