import { MagnificError } from '../../core/errors.ts'
import type { Request } from '../../core/request.ts'

/**
 * Refuses keys that mean something to other hosts.
 *
 * @throws MagnificError `UNSUPPORTED_REFERENCE`
 */
export function checkHostKeys({ hostQuery, output }: Request, file: string): void {
  if (output.kind === 'lqip') return
  const keys = hostQuery.split('&')
  const key = ['url', 'inline', 'no-inline'].find((each) => keys.includes(each))
  if (key === undefined) return
  throw new MagnificError(
    'UNSUPPORTED_REFERENCE',
    `\`${key}\` means nothing to Next, which makes a file of every image. Leave it out of the query.`,
    { file },
  )
}
