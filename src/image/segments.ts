import { scan } from './scan.ts'
import type { ByteRange, Grammar } from './scan.ts'

/**
 * Finds the parts of a JPEG or a PNG that make its pixels. What is left out is what others have written into it: EXIF with
 * its place and its thumbnail, XMP, IPTC, profiles, comments, whatever follows the picture's end. No pixel changes by that.
 *
 * @param chunks the file; taken to its end
 * @returns in order, and not touching each other; `undefined` where the file is built in a way that is not known here
 */
export async function findPixelRanges(
  format: 'jpeg' | 'png',
  chunks: AsyncIterable<Buffer>,
): Promise<ByteRange[] | undefined> {
  return scan(chunks, format === 'jpeg' ? parseJpeg() : parsePng())
}

/** Start of image, end of image, start of scan (ITU-T T.81, table B.1). */
const soi = 0xd8
const eoi = 0xd9
const sos = 0xda
/** Tables, restart intervals and the number of lines: DHT, DAC, DQT, DNL, DRI. */
const tables = [0xc4, 0xcc, 0xdb, 0xdc, 0xdd]
/** JFIF or an extension of it; what Adobe's programs say about the colours. */
const app0 = 0xe0
const app14 = 0xee

/** A frame's header, of any of the processes. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)
}

/** What somebody wrote into it: APP1 to APP13, APP15, and comments. */
function isMetadata(marker: number): boolean {
  return (marker > app0 && marker <= 0xef && marker !== app14) || marker === 0xfe
}

function* parseJpeg(): Grammar {
  const ranges: ByteRange[] = []
  let frames = 0
  let { marker, at } = yield* readMarker()
  if (marker !== soi || at !== 2) return undefined
  keep(ranges, 0, at)
  ;({ marker, at } = yield* readMarker())
  for (;;) {
    const start = at - 2
    if (marker === eoi) {
      keep(ranges, start, at)
      return frames === 1 ? ranges : undefined
    }
    if (isFrame(marker)) frames++
    const isKnown = isFrame(marker) || isMetadata(marker) || tables.includes(marker)
    if (!isKnown && ![app0, app14, sos].includes(marker)) return undefined
    const length = (yield { read: 2 }).bytes.readUInt16BE()
    if (length < 2) return undefined
    if (marker === app0 || marker === app14) {
      const { bytes, at: end } = yield { read: length - 2 }
      const worth = marker === app0 ? judgeApp0(bytes) : judgeApp14(bytes)
      if (worth === undefined) return undefined
      if (worth) keep(ranges, start, end)
      ;({ marker, at } = yield* readMarker())
      continue
    }
    let { at: end } = yield { skip: length - 2 }
    const isScan = marker === sos
    const isKept = !isMetadata(marker)
    ;({ marker, at } = yield* isScan ? passScan() : readMarker())
    if (isScan) end = at - 2
    if (isKept) keep(ranges, start, end)
  }
}

/** A marker, and the place behind it. Any number of fill bytes may come before it. */
function* readMarker(): Grammar<{ marker: number; at: number }> {
  // Where there is none, this one is none that is known.
  if ((yield { read: 1 }).bytes[0] !== 0xff) return { marker: 0, at: 0 }
  return yield* readMarkerCode()
}

function* readMarkerCode(): Grammar<{ marker: number; at: number }> {
  for (;;) {
    const { bytes, at } = yield { read: 1 }
    const [marker = 0] = bytes
    if (marker !== 0xff) return { marker, at }
  }
}

/** Passes over the compressed pixels, in which 0xff is followed by zero or a restart marker. */
function* passScan(): Grammar<{ marker: number; at: number }> {
  for (;;) {
    yield { find: 0xff }
    const { marker, at } = yield* readMarkerCode()
    if (marker !== 0 && !(marker >= 0xd0 && marker <= 0xd7)) return { marker, at }
  }
}

/** A JFIF header without a thumbnail is kept, an extension of it is a thumbnail; what else there may be is not known. */
function judgeApp0(bytes: Buffer): boolean | undefined {
  const name = bytes.toString('latin1', 0, 5)
  if (name === 'JFXX\0') return false
  return name === 'JFIF\0' && bytes.length === 14 ? true : undefined
}

/** Which transform the colours have gone through. Of another length it holds something else as well. */
function judgeApp14(bytes: Buffer): boolean | undefined {
  return bytes.toString('latin1', 0, 5) === 'Adobe' && bytes.length === 12 ? true : undefined
}

const pngSignature = '89504e470d0a1a0a'
/** What makes the pixels, and how bright they are meant: the sRGB way, since anything else is not sent as it is. */
const pixelChunks = ['IHDR', 'PLTE', 'tRNS', 'IDAT', 'IEND', 'sRGB', 'gAMA', 'cHRM']
/** PNG's own limit of a chunk's data, bytes. */
const longestChunk = 0x7fffffff

function* parsePng(): Grammar {
  const ranges: ByteRange[] = []
  const signature = yield { read: 8 }
  if (signature.bytes.toString('hex') !== pngSignature) return undefined
  keep(ranges, 0, 8)
  for (;;) {
    const { bytes, at } = yield { read: 8 }
    const length = bytes.readUInt32BE()
    const type = bytes.toString('latin1', 4)
    if (length > longestChunk) return undefined
    // Length and type, data, checksum.
    const { at: end } = yield { skip: length + 4 }
    const isKept = pixelChunks.includes(type)
    // A capital letter says that it cannot be understood without.
    if (!isKept && !/^[a-z]/.test(type)) return undefined
    if (isKept) keep(ranges, at - 8, end)
    if (type === 'IEND') return ranges
  }
}

function keep(ranges: ByteRange[], start: number, end: number): void {
  const last = ranges.at(-1)
  if (last?.end === start) last.end = end
  else ranges.push({ start, end })
}
