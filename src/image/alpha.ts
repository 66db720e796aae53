import { rm } from 'node:fs/promises'
import sharp from 'sharp'
import { maxOutputPixels, maxSourcePixels } from '../core/limits.ts'
import { isTransparent, readHeader } from './decode.ts'
import { enlargeChannel } from './enlarge.ts'
import type { Size } from './inspect.ts'
import { copyTagged } from './tag.ts'
import type { WrittenImage } from './variants.ts'

/**
 * Whether a source is transparent in places and its result is not, by the files themselves: for records that do not tell,
 * see `needsAlpha`.
 *
 * @throws sharp's error where one of them is damaged
 */
export async function lacksAlpha(source: string, result: string): Promise<boolean> {
  return (await showsThrough(source)) && !(await showsThrough(result))
}

async function showsThrough(file: string): Promise<boolean> {
  return (await readHeader(file)).hasAlpha && isTransparent(file)
}

/**
 * Joins the transparency of a source to its result: a variant, since the paid bytes are never altered. The source was sent
 * opaque, with its colours run into what is transparent, so that no ground comes to light at its edges.
 *
 * @param source the picture whose transparency is taken, as it is shown
 * @param result the file of its upscale, of any size
 * @param target where the PNG goes, tagged sRGB; in a folder of its own, or one that is cleared: `target.plain` is used, too
 * @throws sharp's error, the error of node:fs
 */
export async function joinAlpha(
  { file }: { file: string },
  result: string,
  target: string,
): Promise<WrittenImage> {
  const { width, height } = await readHeader(result)
  const size = { width, height }
  const alpha = await readAlpha(file, size)
  const plain = `${target}.plain`
  try {
    await sharp(result, { limitInputPixels: maxOutputPixels })
      // An alpha channel that is full from edge to edge would be one too many.
      .flatten()
      .toColourspace('srgb')
      .joinChannel(alpha, { raw: { ...size, channels: 1 } })
      // Fast rather than small: hosts compress what they ship, and most of it is compressed again as another format.
      .png({ compressionLevel: 2, palette: false })
      .toFile(plain)
    return { bytes: (await copyTagged(plain, target)).bytes, ...size }
  } finally {
    await rm(plain, { force: true })
  }
}

/** @returns the source's alpha in another size, 8 bit */
async function readAlpha(file: string, to: Size): Promise<Buffer> {
  const image = sharp(file, { limitInputPixels: maxSourcePixels }).autoOrient()
  const { autoOrient } = await sharp(file, { limitInputPixels: maxSourcePixels }).metadata()
  const from: Size = { width: autoOrient.width, height: autoOrient.height }
  const isLarger = from.width > to.width || from.height > to.height
  // Only a source that was sent smaller than it is can be larger than its result.
  const shown = isLarger
    ? image.resize(to.width, to.height, { fit: 'fill', kernel: 'mitchell' })
    : image
  const rgba = await shown.toColourspace('srgb').ensureAlpha().raw({ depth: 'uchar' }).toBuffer()
  const alpha = Buffer.allocUnsafe(rgba.length / 4)
  for (let pixel = 0; pixel < alpha.length; pixel++) alpha[pixel] = rgba[pixel * 4 + 3] as number
  return isLarger ? alpha : enlargeChannel(alpha, from, to)
}
