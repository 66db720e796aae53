import { directiveNames } from '../core/directives.ts'
import type { DirectiveName } from '../core/directives.ts'
import { formatOfName, qualityOfFormat } from '../core/formats.ts'
import type { Format } from '../core/formats.ts'
import { formatOutput } from '../core/outputs.ts'
import type { Request } from '../core/request.ts'

/**
 * What is made of a result, for people: `w=640;1280 format=webp as=picture`; an empty text where it ships as it is.
 *
 * @param file the source, whose name says what needs no saying
 */
export function describeDirectives(
  file: string,
  { variants, output }: Pick<Request, 'variants' | 'output'>,
): string {
  const named = findNamed(file)
  const said = directiveNames.flatMap((name) => {
    const values = new Set(
      variants.map((each) => each[name]).filter((value) => value !== undefined),
    )
    const text = [...values].join(';')
    return text === '' || isUsual(name, text, named) ? [] : `${name}=${text}`
  })
  return [...said, ...(output.kind === 'url' ? [] : [`as=${formatOutput(output)}`])].join(' ')
}

function findNamed(file: string): Format | undefined {
  try {
    return formatOfName(file)
  } catch {
    return undefined
  }
}

/** The format that the name says, and its usual quality, are there without anybody having said so. */
function isUsual(name: DirectiveName, text: string, named: Format | undefined): boolean {
  if (named === undefined) return false
  if (name === 'format') return text === named
  return name === 'quality' && named !== 'png' && text === String(qualityOfFormat[named])
}
