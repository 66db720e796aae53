import { isDeepStrictEqual } from 'node:util'
import type { Compiler } from 'webpack'
import { MagnificError } from '../../core/errors.ts'
import type { Options } from '../../core/options.ts'

/** On a compiler: the options of the plugin that is applied to it. */
const given: unique symbol = Symbol.for('unplugin-magnific')

/**
 * Says whether a plugin is the first one of a compiler. Another one with the same options has nothing to do.
 *
 * @throws MagnificError `BAD_OPTIONS` for other options: one would answer for all
 */
export function isFirstInstance(
  compiler: Compiler & { [given]?: Options },
  options: Options,
): boolean {
  const first = compiler[given]
  if (first === undefined) {
    compiler[given] = options
    return true
  }
  if (isDeepStrictEqual(first, options)) return false
  throw new MagnificError(
    'BAD_OPTIONS',
    'The plugin is in `plugins` more than once, with other options; one would answer for all. Put everything into one magnific({ … }).',
  )
}
