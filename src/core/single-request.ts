import { MagnificError } from './errors.ts'
import { formatOutput } from './outputs.ts'
import type { Output } from './outputs.ts'

/** A request, or what is shipped for it. */
interface Countable {
  variants: readonly unknown[]
  output: Output
}

/** Whether a request, or what is shipped for it, is one file, and its URL all that is wanted. */
export function isSingle({ variants, output }: Countable): boolean {
  return variants.length === 1 && (output.kind === 'url' || output.kind === 'lqip')
}

/**
 * Refuses what a place takes that has room for one URL: a style sheet, an attribute, `new URL()`.
 *
 * @throws MagnificError `UNSUPPORTED_REFERENCE`
 */
export function checkSingle(request: Countable): void {
  if (isSingle(request)) return
  const { output, variants } = request
  const what =
    output.kind === 'url'
      ? `The query gives ${variants.length} variants`
      : `\`as=${formatOutput(output)}\` gives no URL, but something for scripts`
  throw new MagnificError(
    'UNSUPPORTED_REFERENCE',
    `${what}, and here is room for one URL. Name one picture, such as w=1280&format=webp${output.kind === 'url' ? '' : '&as=url'}, or import the image in a module.`,
  )
}
