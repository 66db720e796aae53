import { MagnificError } from '../core/errors.ts'
import { findCodeTexts } from './script-texts.ts'
import type { FoundText } from './script-texts.ts'

/** What is said of a text that may be meant for people, or for somebody who takes it for a picture's URL. */
export function textWarning(text: string, importer: string): MagnificError {
  return new MagnificError(
    'UNSUPPORTED_REFERENCE',
    `"${text}" is a text, and no image is upscaled for it. If it is to be a picture's URL, import the image, import url from './hero.png?magnific=4x', and use that.`,
    { importer },
  )
}

/** Texts of a script that are worth a warning; what stands in a comment of a style sheet that is a text is not. */
export function findMeantTexts(code: string): FoundText[] {
  return findCodeTexts(code).filter(({ offset }) => !isInStyleComment(code, offset))
}

function isInStyleComment(code: string, offset: number): boolean {
  const start = code.lastIndexOf('/*', offset)
  if (start === -1 || code.slice(start, offset).includes('*/')) return false
  const end = code.indexOf('*/', offset)
  // A pattern for files has such signs too, on another line.
  return end !== -1 && !code.slice(start, end).includes('\n')
}
