import type { Plugin } from 'vite'
import { splitReference } from '../../core/request.ts'
import { locateError } from '../host-error.ts'
import { checkSingle } from '../../core/single-request.ts'
import { isOwnUrl } from '../redirect.ts'
import type { Session } from './session.ts'

/** What the compiler of Vue's templates makes of `src` and its like. */
const templateImport = /\bimport\s+_imports_\d+\s+from\s*(["'])([^"']*)\1/g

/** Refuses what gives more than a URL in a template of Vue, whose attributes become imports and have room for one. */
export function createTemplatePlugin(requireSession: () => Session): Plugin {
  return {
    name: 'unplugin-magnific:templates',
    // When templates are compiled.
    enforce: 'post',
    transform: {
      filter: { code: /\b_imports_\d+\s+from\b/ },
      handler(code, id) {
        if (!code.includes('_imports_')) return
        const session = requireSession()
        for (const [, , url = ''] of code.matchAll(templateImport)) {
          if (!isOwnUrl(url, session)) continue
          try {
            checkSingle(session.upscaler.parse(splitReference(url)))
          } catch (error) {
            throw locateError(error, url, splitReference(id).file)
          }
        }
      },
    },
  }
}
