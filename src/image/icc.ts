/**
 * Names that profiles of plain sRGB go by. Others with "sRGB" in their name are linear, or mean a perceptual rendering:
 * they are converted like any other profile, which does no harm to one that was plain after all.
 */
const plainNames =
  /^(?:sRGB|sRGB IEC61966-?2[.-]1|sRGB built-in|sRGB2014|GIMP built-in sRGB|c2|sRGB color space profile)$/i

/**
 * Whether an embedded ICC profile says that it is sRGB, by its description.
 *
 * @param icc the profile's bytes
 */
export function isSrgbProfile(icc: Buffer): boolean {
  return plainNames.test(readDescription(icc)?.trim() ?? '')
}

/**
 * The description of an ICC profile, in either of the two ways that the format's versions write it (ICC.1:2001-04,
 * 6.5.17; ICC.1:2010, 10.13).
 *
 * @returns `undefined` where there is none, or the profile is damaged
 */
export function readDescription(icc: Buffer): string | undefined {
  try {
    const count = icc.readUInt32BE(128)
    for (let index = 0; index < count; index++) {
      const entry = 132 + index * 12
      if (icc.toString('latin1', entry, entry + 4) === 'desc') {
        return readText(icc.subarray(icc.readUInt32BE(entry + 4)))
      }
    }
  } catch {
    // An entry that lies outside of the profile describes nothing.
  }
  return undefined
}

/** @throws RangeError where it says that it is longer than it is */
function readText(tag: Buffer): string | undefined {
  const type = tag.toString('latin1', 0, 4)
  if (type === 'desc') {
    const length = tag.readUInt32BE(8)
    return tag.toString('latin1', 12, 12 + length).replace(/\0.*$/s, '')
  }
  if (type !== 'mluc' || tag.readUInt32BE(8) === 0) return undefined
  const length = tag.readUInt32BE(20)
  const offset = tag.readUInt32BE(24)
  // Big-endian UTF-16, which Node reads the other way round only.
  const text = Buffer.from(tag.subarray(offset, offset + length))
  return text
    .subarray(0, text.length & ~1)
    .swap16()
    .toString('utf16le')
}
