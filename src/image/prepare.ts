import sharp from 'sharp'
import { maxOutputPixels } from '../core/limits.ts'
import type { SourceImage } from './inspect.ts'

/**
 * Makes the bytes to send where those of the file will not do: a picture that is stored lying and shown upright by
 * its EXIF orientation is turned, since nothing promises that the API minds that.
 *
 * @param read gives the file's content; it is not called where the file is sent as it is
 * @returns a PNG, or `undefined` where the file is sent as it is
 */
export async function prepareSource(
  { orientation }: SourceImage,
  read: () => Promise<Buffer>,
): Promise<Buffer | undefined> {
  if (orientation === 1) return undefined
  const bytes = await read()
  return sharp(bytes, { limitInputPixels: maxOutputPixels }).autoOrient().png().toBuffer()
}
