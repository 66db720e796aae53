import { stat } from 'node:fs/promises'
import { MagnificError } from '../core/errors.ts'
import { maxOutputPixels } from '../core/limits.ts'
import { decodeFully, readHeader } from './decode.ts'
import { sniffFile } from './sniff.ts'

/** A result that was decoded to its last pixel. */
export interface VerifiedResult {
  format: 'png' | 'jpeg' | 'webp' | 'avif'
  bytes: number
  /** pixels */
  width: number
  height: number
  hasAlpha: boolean
}

/**
 * Checks what was downloaded before it is kept: the type by its magic number, the size, every pixel.
 *
 * @throws MagnificError `RESULT_BAD`
 */
export async function verifyResult(file: string): Promise<VerifiedResult> {
  const format = await sniffFile(file)
  if (format !== 'png' && format !== 'jpeg' && format !== 'webp' && format !== 'avif') {
    throw new MagnificError('RESULT_BAD', `The download is no picture (${format}).`)
  }
  try {
    const { width, height, hasAlpha } = await readHeader(file)
    if (width * height > maxOutputPixels) {
      throw new Error(`${width}×${height} is over ${maxOutputPixels / 1e6} megapixels`)
    }
    await decodeFully(file)
    return { format, bytes: (await stat(file)).size, width, height, hasAlpha }
  } catch (error) {
    throw new MagnificError(
      'RESULT_BAD',
      `The download is damaged: ${(error as Error).message.split('\n', 1)[0]}.`,
      { cause: error },
    )
  }
}
