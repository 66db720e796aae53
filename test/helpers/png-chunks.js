// Plain JavaScript, for the torture.
/**
 * The same PNG without the chunks of some types.
 *
 * @param {Buffer} png
 * @param {readonly string[]} types
 * @returns {Buffer}
 */
export function dropChunks(png, types) {
  const kept = [png.subarray(0, 8)]
  for (let at = 8; at < png.length;) {
    const end = at + 12 + png.readUInt32BE(at)
    if (!types.includes(png.toString('latin1', at + 4, at + 8))) kept.push(png.subarray(at, end))
    at = end
  }
  return Buffer.concat(kept)
}
