import { deflateSync } from 'node:zlib'
import { insertChunk } from './odd-images.ts'

type Xyz = readonly [x: number, y: number, z: number]

function tag(type: string, ...content: Buffer[]): Buffer {
  const data = Buffer.concat([Buffer.from(type, 'latin1'), Buffer.alloc(4), ...content])
  return Buffer.concat([data, Buffer.alloc((4 - (data.length % 4)) % 4)])
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

const xyz = (values: Xyz): Buffer =>
  tag('XYZ ', ...values.map((value) => int32(Math.round(value * 65_536))))
/** @param gamma in 256ths */
const curve = (gamma: number): Buffer =>
  tag('curv', int32(1), Buffer.from([gamma >> 8, gamma & 255]))

/** An ICC profile of version 2 (ICC.1:2001-04), for a screen. */
function makeProfile(
  space: 'RGB ' | 'GRAY',
  name: string,
  tags: readonly (readonly [signature: string, data: Buffer])[],
): Buffer {
  const text = Buffer.from(`${name}\0`)
  const all = [
    ['desc', tag('desc', int32(text.length), text, Buffer.alloc(78))],
    ['cprt', tag('text', Buffer.from('Nobody\0'))],
    ['wtpt', xyz([0.9642, 1, 0.8249])],
    ...tags,
  ] as const
  const table: Buffer[] = [int32(all.length)]
  let offset = 128 + 4 + all.length * 12
  for (const [signature, data] of all) {
    table.push(Buffer.from(signature, 'latin1'), int32(offset), int32(data.length))
    offset += data.length
  }
  const header = Buffer.alloc(128)
  header.writeUInt32BE(offset, 0)
  header.writeUInt32BE(0x02100000, 8)
  header.write(`mntr${space}XYZ `, 12, 'latin1')
  header.write('acsp', 36, 'latin1')
  for (const [index, value] of [0.9642, 1, 0.8249].entries()) {
    header.writeInt32BE(Math.round(value * 65_536), 68 + index * 4)
  }
  return Buffer.concat([header, ...table, ...all.map(([, data]) => data)])
}

/** What Adobe RGB (1998) is, under a name of its own. Its primaries are adapted to D50, as profiles have them. */
export function makeAdobeProfile(): Buffer {
  return makeProfile('RGB ', 'Like Adobe RGB', [
    ['rXYZ', xyz([0.60974, 0.31111, 0.01947])],
    ['gXYZ', xyz([0.20528, 0.62567, 0.06087])],
    ['bXYZ', xyz([0.14919, 0.06322, 0.74457])],
    ['rTRC', curve(563)],
    ['gTRC', curve(563)],
    ['bTRC', curve(563)],
  ])
}

/** @param gamma in 256ths */
export function makeGreyProfile(gamma: number): Buffer {
  return makeProfile('GRAY', 'Some grey', [['kTRC', curve(gamma)]])
}

/** The same PNG, whose numbers mean what a profile says. */
export function embedProfile(png: Buffer, profile: Buffer): Buffer {
  return insertChunk(png, 'iCCP', Buffer.concat([Buffer.from('it\0\0'), deflateSync(profile)]))
}
