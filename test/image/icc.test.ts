import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { isSrgbProfile, readDescription } from '../../src/image/icc.ts'
import { drawNoise } from '../helpers/images.ts'

async function profileOf(name: string): Promise<Buffer> {
  const { icc } = await sharp(await drawNoise().withIccProfile(name).png().toBuffer()).metadata()
  if (!icc) throw new Error('No profile was embedded.')
  return icc
}

/** A profile of nothing but its description, as version 2 writes it. */
function describeProfile(text: string): Buffer {
  const profile = Buffer.alloc(128 + 4 + 12 + 12 + text.length + 1)
  profile.writeUInt32BE(1, 128)
  profile.write('desc', 132, 'latin1')
  profile.writeUInt32BE(144, 136)
  profile.writeUInt32BE(13 + text.length, 140)
  profile.write('desc', 144, 'latin1')
  profile.writeUInt32BE(text.length + 1, 152)
  profile.write(text, 156, 'latin1')
  return profile
}

describe('isSrgbProfile', () => {
  it('knows the profile that sharp writes for sRGB, and none of its others', async () => {
    expect(isSrgbProfile(await profileOf('srgb'))).toBe(true)
    expect(isSrgbProfile(await profileOf('p3'))).toBe(false)
  })

  it.each([
    ['sRGB IEC61966-2.1', true],
    ['sRGB built-in', true],
    ['sRGB2014', true],
    ['GIMP built-in sRGB', true],
    ['c2', true],
    ['GIMP built-in Linear sRGB', false],
    ['sRGB-elle-V2-g10.icc', false],
    ['sRGB v4 ICC preference perceptual intent beta', false],
    ['e-sRGB', false],
    ['Adobe RGB (1998)', false],
    ['Display P3', false],
    ['', false],
  ])('"%s" is %s', (text, isSrgb) => {
    expect(readDescription(describeProfile(text))).toBe(text)
    expect(isSrgbProfile(describeProfile(text))).toBe(isSrgb)
  })

  it('takes a damaged profile for another one', () => {
    const profile = describeProfile('sRGB')
    for (const length of [0, 100, 130, 140, 150]) {
      expect(isSrgbProfile(profile.subarray(0, length))).toBe(false)
    }
    const far = Buffer.from(profile)
    far.writeUInt32BE(2 ** 31, 136)
    expect(isSrgbProfile(far)).toBe(false)
  })
})
