import { readFileSync } from 'node:fs'
import sharp from 'sharp'
import type { Metadata } from 'sharp'
import { describe, expect, it } from 'vitest'
import type { Emulator } from '../src/emulator/index.ts'
import type { Options } from '../src/core/options.ts'
import { compareSrgb } from './helpers/colours.ts'
import { listChunks } from './helpers/containers.ts'
import { postsTo, startEmulator } from './helpers/emulator.ts'
import { drawNoise } from './helpers/images.ts'
import { drawPlain, makeTurnedJpeg, secret } from './helpers/odd-images.ts'
import { tmpProject } from './helpers/project.ts'
import { forgetProcess, openUpscaler } from './helpers/upscalers.ts'

const size = { width: 200, height: 160 }

/** What is shipped of a picture: one after the other for each query, bought once. */
async function shipAll(
  emulator: Emulator,
  name: string,
  bytes: Buffer,
  queries: readonly string[],
  options: Options = {},
): Promise<Buffer[]> {
  const project = tmpProject({ [name]: bytes })
  const upscaler = openUpscaler(project, { baseUrl: emulator.url, ...options })
  const shipped: Buffer[] = []
  for (const query of queries) {
    shipped.push(readFileSync((await upscaler.get(name, `magnific=2x${query}`)).file))
  }
  expect(postsTo(emulator)).toBe(1)
  return shipped
}

/** A photograph as a phone stores it. */
async function makePhoto(): Promise<Buffer> {
  return drawNoise(size)
    .blur(3)
    .withExif({
      IFD0: { Artist: secret, Orientation: '1' },
      IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 3230/100' },
    })
    .withXmp(`<x:xmpmeta xmlns:x="adobe:ns:meta/"><a>${secret}</a></x:xmpmeta>`)
    .jpeg({ quality: 95 })
    .toBuffer()
}

const formats = ['&format=png', '&format=jpeg', '&format=webp', '&format=avif', '&w=100', '']

async function describeAll(pictures: readonly Buffer[]): Promise<Metadata[]> {
  return Promise.all(pictures.map(async (picture) => sharp(picture).metadata()))
}

describe('what ships', () => {
  it('has no metadata of its source', async () => {
    const shipped = await shipAll(await startEmulator(), 'hero.jpg', await makePhoto(), formats)
    for (const [index, facts] of (await describeAll(shipped)).entries()) {
      expect([facts.exif, facts.xmp, facts.iptc], formats[index]).toEqual([
        undefined,
        undefined,
        undefined,
      ])
      expect(shipped[index]?.includes(secret)).toBe(false)
    }
  })

  it('has them where they are to be kept, in every format, with the pixels of the result', async () => {
    const emulator = await startEmulator()
    const photo = await makePhoto()
    const kept = await shipAll(emulator, 'hero.jpg', photo, formats, { keepMetadata: true })
    const bare = await shipAll(await startEmulator(), 'hero.jpg', photo, formats)
    for (const [index, facts] of (await describeAll(kept)).entries()) {
      expect(facts.exif?.includes(secret), formats[index]).toBe(true)
      expect(facts.xmp?.includes(secret), formats[index]).toBe(true)
      // It stands upright.
      expect(facts.orientation ?? 1).toBe(1)
      const [own = [], other = []] = await Promise.all(
        [kept[index], bare[index]].map(async (picture) => sharp(picture).raw().toBuffer()),
      )
      expect(own).toHaveLength(other.length)
      const { most } = compareSrgb(Uint8Array.from(own), Uint8Array.from(other))
      expect(most, formats[index]).toBeLessThan(0.5)
    }
  })

  it('keeps metadata without turning the picture a second time', async () => {
    const emulator = await startEmulator()
    const turned = await makeTurnedJpeg(60, 40, 6)
    const [kept] = await shipAll(emulator, 'hero.jpg', turned, [''], { keepMetadata: true })
    const { width, height, orientation } = await sharp(kept).metadata()
    expect([width, height, orientation ?? 1]).toEqual([80, 120, 1])
  })

  it('is another file with metadata and without, and bought once', async () => {
    const emulator = await startEmulator()
    const project = tmpProject({ 'hero.jpg': await makePhoto() })
    const files: string[] = []
    for (const keepMetadata of [false, true, false]) {
      forgetProcess(project)
      const upscaler = openUpscaler(project, { baseUrl: emulator.url, keepMetadata })
      files.push((await upscaler.get('hero.jpg')).file)
      await upscaler.end()
    }
    expect(files[1]).not.toBe(files[0])
    expect(files[2]).toBe(files[0])
    expect(postsTo(emulator)).toBe(1)
  })

  it('says that it is sRGB, in every format', async () => {
    const shipped = await shipAll(await startEmulator(), 'hero.jpg', await makePhoto(), formats)
    for (const [index, facts] of (await describeAll(shipped)).entries()) {
      const isTagged =
        facts.format === 'png'
          ? listChunks(shipped[index] ?? Buffer.alloc(0)).some((chunk) => /sRGB|iCCP/.test(chunk))
          : facts.icc?.includes('s\0R\0G\0B') || facts.icc?.includes('sRGB')
      expect(isTagged, formats[index]).toBe(true)
    }
  })
})

/** A disc with a soft edge, over black that nobody sees. */
async function makeDisc(): Promise<Buffer> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="200" height="160"><defs><radialGradient id="g"><stop offset=".9" stop-color="#c63"/><stop offset="1" stop-color="#c63" stop-opacity="0"/></radialGradient></defs><circle cx="100" cy="80" r="70" fill="url(#g)"/></svg>`
  return sharp(Buffer.from(svg)).png().toBuffer()
}

describe('a transparent picture', () => {
  it.each(['&format=png', '&format=webp', '&format=avif&quality=90', '&w=100&format=png'])(
    'ships with its transparency and no fringes, as %s',
    async (query) => {
      const source = await makeDisc()
      const [shipped] = await shipAll(await startEmulator(), 'logo.png', source, [query])
      const { width, height, hasAlpha } = await sharp(shipped).metadata()
      expect(hasAlpha).toBe(true)
      for (const ground of ['#000', '#fff']) {
        const [own, expected] = await Promise.all([
          sharp(shipped).flatten({ background: ground }).raw().toBuffer(),
          sharp(await sharp(source).flatten({ background: ground }).png().toBuffer())
            .resize(width, height, { fit: 'fill', kernel: 'lanczos3' })
            .raw()
            .toBuffer(),
        ])
        const { mean, most } = compareSrgb(own, expected)
        expect(mean).toBeLessThan(query.includes('png') ? 0.3 : 1)
        expect(most).toBeLessThan(query.includes('png') ? 8 : 12)
      }
    },
  )

  it('leaves the paid bytes as they came, and joins again what is lost, for free', async () => {
    const emulator = await startEmulator()
    const project = tmpProject({ 'logo.png': await makeDisc() })
    const options = { baseUrl: emulator.url }
    const first = await openUpscaler(project, options).get('logo.png')
    const before = readFileSync(first.file)
    const { rmSync, readdirSync } = await import('node:fs')
    const blobs = readdirSync(project.path('.magnific/v1/blobs'), { recursive: true })
    expect(blobs.filter((name) => String(name).length > 60)).toHaveLength(1)
    rmSync(project.path('.magnific/v1/variants'), { recursive: true })
    rmSync(project.path('.magnific/v1/memo.json'), { force: true })
    forgetProcess(project)
    const second = await openUpscaler(project, options).get('logo.png')
    expect(readFileSync(second.file).equals(before)).toBe(true)
    expect(postsTo(emulator)).toBe(1)
  })

  it('ships what came back where that is asked for', async () => {
    const options: Options = { alpha: 'keep-result' }
    const [shipped] = await shipAll(
      await startEmulator(),
      'logo.png',
      await makeDisc(),
      [''],
      options,
    )
    expect((await sharp(shipped).metadata()).hasAlpha).toBe(false)
  })

  it('is not joined where the result is transparent itself', async () => {
    const emulator = await startEmulator({ alpha: 'keep' })
    const options: Options = { alpha: 'keep-result' }
    const [shipped] = await shipAll(emulator, 'logo.png', await makeDisc(), [''], options)
    expect((await sharp(shipped).metadata()).hasAlpha).toBe(true)
  })

  it.each([
    ['keep-result', 'join', "bought with alpha: 'keep-result'"],
    ['join', 'keep-result', "bought with alpha: 'join'"],
  ] as const)(
    'that was bought by %s is told of by %s, and bought once',
    async (first, then, says) => {
      const emulator = await startEmulator()
      const project = tmpProject({ 'logo.png': await makeDisc() })
      await openUpscaler(project, { baseUrl: emulator.url, alpha: first }).get('logo.png')
      forgetProcess(project)
      const upscaler = openUpscaler(project, { baseUrl: emulator.url, alpha: then })
      const { file } = await upscaler.get('logo.png')
      expect((await sharp(file).metadata()).hasAlpha).toBe(true)
      expect(upscaler.log.join('\n')).toContain(says)
      expect(postsTo(emulator)).toBe(1)
    },
  )

  it('may be a JPEG where it is said what shows through', async () => {
    const query = '&format=jpeg&flatten&background=%230a0'
    const [shipped] = await shipAll(await startEmulator(), 'logo.png', await makeDisc(), [query])
    const [red = 0, green = 0, blue = 0] = await sharp(shipped).raw().toBuffer()
    expect(red).toBeLessThan(12)
    expect(Math.abs(green - 0xaa)).toBeLessThan(12)
    expect(blue).toBeLessThan(12)
  })
})

describe('a placeholder', () => {
  it.each([
    [4, 4],
    [300, 1],
    [1, 300],
    [200, 160],
  ])('of a picture of %i×%i is tiny', async (width, height) => {
    const emulator = await startEmulator()
    const source = await drawPlain(width, height).png().toBuffer()
    const [shipped] = await shipAll(emulator, 'hero.png', source, ['&as=lqip'])
    const facts = await sharp(shipped).metadata()
    expect(facts.format).toBe('webp')
    expect(Math.max(facts.width, facts.height)).toBeLessThanOrEqual(20)
    expect(shipped?.length).toBeLessThan(300)
  })

  it('has no metadata, whatever else has', async () => {
    const emulator = await startEmulator()
    const photo = await makePhoto()
    const [shipped] = await shipAll(emulator, 'hero.jpg', photo, ['&as=lqip'], {
      keepMetadata: true,
    })
    expect((await sharp(shipped).metadata()).exif).toBeUndefined()
  })
})

describe('sources that are sent as PNG', () => {
  it.each([
    ['scan.tiff', 'webp', async () => drawPlain(200, 160).tiff().toBuffer()],
    ['old.gif', 'webp', async () => drawPlain(200, 160).gif().toBuffer()],
    ['new.avif', 'avif', async () => drawPlain(200, 160).avif().toBuffer()],
    ['still.webp', 'webp', async () => drawPlain(200, 160).webp().toBuffer()],
  ] as const)('%s ships as %s', async (name, format, make) => {
    const [shipped] = await shipAll(await startEmulator(), name, await make(), [''])
    const facts = await sharp(shipped).metadata()
    expect([facts.format === 'heif' ? 'avif' : facts.format, facts.width]).toEqual([format, 400])
  })
})
