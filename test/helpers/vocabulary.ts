import type { Options } from '../../src/core/options.ts'
import type { Vocabulary } from '../../src/core/request.ts'
import { resolveOptions } from '../../src/core/resolve-options.ts'

/** What a query may refer to where a user has these options. */
export function vocabularyOf(options: Options = {}): Vocabulary {
  return resolveOptions(options, { root: '/project', command: 'build', env: {} })
}
