import { MagnificError } from '../core/errors.ts'

/** What is said of a text that may be meant for people, or for somebody who takes it for a picture's URL. */
export function textWarning(text: string, importer: string): MagnificError {
  return new MagnificError(
    'UNSUPPORTED_REFERENCE',
    `"${text}" is a text, and no image is upscaled for it. If it is to be a picture's URL, import the image, import url from './hero.png?magnific=4x', and use that.`,
    { importer },
  )
}
