import { readHeader } from '../image/decode.ts'
import { sniffFile } from '../image/sniff.ts'
import type { ResultRecord } from '../store/records.ts'

/** What a file holds, as far as its header tells: a type, and pixels. */
export type PictureKind = Pick<ResultRecord['result'], 'format' | 'width' | 'height'>

/** What bytes hold, as far as their header tells; `undefined` where they are no picture that the API makes. */
export async function describePicture(file: string): Promise<PictureKind | undefined> {
  const format = await sniffFile(file)
  if (!['png', 'jpeg', 'webp', 'avif'].includes(format)) return undefined
  const header = await readHeader(file).catch(() => undefined)
  return header && { format, width: header.width, height: header.height }
}

/** Whether bytes are the picture that a record tells of, as far as their header tells. */
export async function isPicture(
  file: string,
  { format, width, height }: PictureKind,
): Promise<boolean> {
  const picture = await describePicture(file)
  return picture?.format === format && picture.width === width && picture.height === height
}
