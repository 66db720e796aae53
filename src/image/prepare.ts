import sharp from 'sharp'
import type { Sharp } from 'sharp'
import { maxSourcePixels } from '../core/limits.ts'
import type { AlphaPolicy } from '../core/options.ts'
import { bleedColours } from './bleed.ts'
import type { SourceImage } from './inspect.ts'

/**
 * Whether a source's own file can be sent, without its metadata: it is a JPEG or a PNG of 8-bit sRGB, upright, and opaque
 * or to be sent with its transparency.
 *
 * @returns the format that it is of; `undefined` where another file has to be made of it
 */
export function findSendableFormat(
  { format, isRgb8, profile, orientation, transparent, ...source }: SourceImage,
  alpha: AlphaPolicy,
): 'jpeg' | 'png' | undefined {
  if (format !== 'jpeg' && format !== 'png') return undefined
  const isPlain = isRgb8 && profile !== 'foreign' && orientation === 1
  const isWhole = source.sent.width === source.width && source.sent.height === source.height
  return isPlain && isWhole && (!transparent || alpha === 'keep-result') ? format : undefined
}

/**
 * Writes the picture to send where the source's own file will not do: a PNG of 8-bit sRGB, upright, in the size that is
 * sent, and opaque unless its transparency is to be sent too.
 *
 * @param file the source's bytes: a copy, which nobody changes meanwhile
 * @throws sharp's error
 */
export async function renderSent(
  source: SourceImage,
  file: string,
  alpha: AlphaPolicy,
  target: string,
): Promise<void> {
  const image = await openShown(source, file)
  if (source.transparent && alpha === 'join') {
    const { data, info } = await image
      .ensureAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true })
    const { width, height } = info
    const opaque = bleedColours(data, width, height)
    await writePng(sharp(opaque, { raw: { width, height, channels: 3 } }), target)
    return
  }
  await writePng(source.transparent ? image : image.removeAlpha(), target)
}

async function writePng(image: Sharp, target: string): Promise<void> {
  await image.png({ palette: false }).toFile(target)
}

/** The source as it is shown, in the size that is sent: what its numbers mean is spelled out in sRGB. */
async function openShown(
  { sent, profile, space, ...source }: SourceImage,
  file: string,
): Promise<Sharp> {
  const hasProfile = profile !== 'none'
  // sharp heeds no profile of 16-bit grey: it gets 8 bit first.
  const input = space === 'grey16' && hasProfile ? await reduceDepth(file) : file
  let image = sharp(input, { failOn: 'error', limitInputPixels: maxSourcePixels }).autoOrient()
  if (sent.width !== source.width || sent.height !== source.height) {
    image = image.resize(sent.width, sent.height, { fit: 'fill', fastShrinkOnLoad: false })
  }
  image = image.toColourspace('srgb')
  // sharp turns 16-bit pictures with a profile into Display P3, and calls that sRGB unless it is asked for the profile.
  return space === 'rgb16' && hasProfile ? image.withIccProfile('srgb') : image
}

async function reduceDepth(file: string): Promise<Buffer> {
  return sharp(file, { failOn: 'error', limitInputPixels: maxSourcePixels })
    .autoOrient()
    .keepIccProfile()
    .toColourspace('b-w')
    .png()
    .toBuffer()
}
