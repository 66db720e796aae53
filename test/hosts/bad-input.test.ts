import { describe, expect, it } from 'vitest'
import sharp from 'sharp'
import { build, hosts } from '../helpers/build.ts'
import type { Host } from '../helpers/build.ts'
import { startEmulator } from '../helpers/emulator.ts'
import { drawNoise, makePng } from '../helpers/images.ts'
import { tmpProject } from '../helpers/project.ts'

interface BadInput {
  title: string
  /** The picture's name; the query follows. */
  specifier: string
  content?: () => Promise<Uint8Array> | Uint8Array
  /** What the error says, besides file and importer. */
  says: string[]
}

const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="60" height="40"><circle r="9"/></svg>'

/** Every kind of bad input, and what a user has to be told. */
const badInputs: BadInput[] = [
  {
    title: 'an unknown key',
    specifier: 'hero.png?magnific=2x&creativty=2',
    says: ['Unknown key "creativty"', 'Did you mean "creativity"?'],
  },
  {
    title: 'a duplicate key',
    specifier: 'hero.png?magnific=2x&hdr=1&hdr=1',
    says: ['`hdr` is given more than once'],
  },
  {
    title: 'a key that is nearly ours',
    specifier: 'hero.png?magnifc=2x',
    says: ['Unknown key "magnifc"', 'Did you mean "magnific"?', 'passthrough'],
  },
  {
    title: 'a bad enum value',
    specifier: 'hero.png?magnific=2x&engine=magnific_sharp',
    says: [
      '`engine` must be one of automatic, magnific_illusio',
      'Did you mean "magnific_sharpy"?',
    ],
  },
  {
    title: 'an integer out of range',
    specifier: 'hero.png?magnific=2x&hdr=11',
    says: ['`hdr` must be a whole number from -10 to 10, got 11.'],
  },
  {
    title: 'a fractional integer',
    specifier: 'hero.png?magnific=2x&resemblance=1.5',
    says: ['`resemblance` must be a whole number from -10 to 10, got "1.5".'],
  },
  {
    title: 'a scale that is none',
    specifier: 'hero.png?magnific=4',
    says: [
      '`magnific` must be one of 2x, 4x, 8x, 16x, or a preset (hero, logo)',
      'Did you mean "4x"?',
    ],
  },
  {
    title: 'a preset that is none',
    specifier: 'hero.png?magnific=heroo',
    says: ['or a preset (hero, logo), got "heroo"', 'Did you mean "hero"?'],
  },
  {
    title: 'several problems at once',
    specifier: 'hero.png?magnific=3x&fractality=x',
    says: ['got "3x"', '`fractality` must be a whole number'],
  },
  {
    title: 'a variant directive out of range',
    specifier: 'hero.png?magnific=2x&w=0',
    says: ['`w` must be a whole number from 1 to 65535, got "0".'],
  },
  {
    title: 'a variant that is larger than its result',
    specifier: 'hero.png?magnific=2x&w=121',
    says: ['w=121&format=png would be larger than the upscaled image, which is 120×80.'],
  },
  {
    title: 'one of many variants that is larger',
    specifier: 'hero.png?magnific=2x&w=60;120;240&format=avif;webp&as=picture',
    says: ['w=240&format=avif would be larger than the upscaled image, which is 120×80.'],
  },
  {
    title: 'a negative width',
    specifier: 'hero.png?magnific=2x&w=-640',
    says: ['`w` must be a whole number from 1 to 65535, got "-640".'],
  },
  {
    title: 'two sides and their ratio',
    specifier: 'hero.png?magnific=2x&w=60&h=60&aspect=1:1',
    says: ['`w`, `h` and `aspect` contradict each other'],
  },
  {
    title: 'a format that is none',
    specifier: 'hero.png?magnific=2x&format=webpp',
    says: ['`format` must be one of png, jpeg, webp, avif', 'Did you mean "webp"?'],
  },
  {
    title: 'too many variants',
    specifier: 'hero.png?magnific=2x&w=1;2;3;4;5;6;7;8;9;10;11&format=avif;webp;png',
    says: ['The lists give 33 variants, and 32 are allowed.'],
  },
  {
    title: 'a srcset of formats',
    specifier: 'hero.png?magnific=2x&format=avif;webp&as=srcset',
    says: ['Write as=picture.'],
  },
  {
    title: 'a JPEG of a picture that is transparent in places',
    specifier: 'glass.png?magnific=2x&format=jpeg',
    content: async () => makePng({ alpha: true }),
    says: ['which a JPEG cannot show', 'flatten&background=white'],
  },
  {
    title: 'a colour that is none',
    specifier: 'hero.png?magnific=2x&flatten&background=nocolour',
    says: ['The variant background=nocolour&format=png&flatten=true cannot be made'],
  },
  {
    title: 'an empty file',
    specifier: 'empty.png?magnific=2x',
    content: () => new Uint8Array(),
    says: ['It is empty.', 'Restore the picture'],
  },
  {
    title: 'a picture that was cut off',
    specifier: 'cut.png?magnific=2x',
    content: async () => (await makePng()).subarray(0, 3000),
    says: ['It is damaged', 'Restore it'],
  },
  {
    title: 'a file that is no picture',
    specifier: 'text.png?magnific=2x',
    content: () => Buffer.from('not a picture'),
    says: ['It is no picture that is known here.', 'Convert it to PNG, JPEG or WebP.'],
  },
  {
    title: 'an SVG under another name',
    specifier: 'drawing.png?magnific=2x',
    content: () => Buffer.from(svg),
    says: ['It is an SVG', 'Leave `?magnific` out.'],
  },
  {
    title: 'an SVG',
    specifier: 'drawing.svg?magnific=2x',
    content: () => Buffer.from(svg),
    says: ['".svg" names no format that an upscaled image can be shipped in'],
  },
  {
    title: 'an animated image',
    specifier: 'animated.webp?magnific=2x',
    content: async () =>
      drawNoise({ width: 60, height: 80 })
        .webp()
        .toBuffer()
        .then(async (bytes) =>
          sharp(await sharp(bytes).raw().toBuffer(), {
            raw: { width: 60, height: 80, channels: 3, pageHeight: 40 },
          })
            .webp({ loop: 0, delay: [100, 100] })
            .toBuffer(),
        ),
    says: ['It is animated', 'Export one frame as a PNG.'],
  },
  {
    title: 'an output over 25.3 megapixels',
    specifier: 'wide.png?magnific=16x',
    content: async () => makePng({ width: 400, height: 300 }),
    says: [
      '6400×4800',
      '30.72 megapixels; the API returns at most 25.3.',
      'Write magnific=8x, the largest scale that fits.',
    ],
  },
]

describe.each(hosts)('%s refuses', (host: Host) => {
  it.each(badInputs)('$title', async ({ specifier, content, says }) => {
    const emulator = await startEmulator()
    const project = tmpProject({
      'src/hero.png': await makePng(),
      'src/main.js': `import image from './${specifier}'\nconsole.log(image)\n`,
    })
    const [name = ''] = specifier.split('?')
    if (content) project.write(`src/${name}`, await content())
    const { error, assets } = await build(host, project, {
      options: {
        apiKey: 'bad-input-test-key',
        baseUrl: emulator.url,
        presets: { hero: { hdr: 1 }, logo: {} },
      },
    })

    for (const part of says) expect(error).toContain(part)
    expect(error).toContain(project.path('src', name))
    expect(error).toContain(project.path('src/main.js'))
    expect(assets.size).toBe(0)
    expect(emulator.calls).toHaveLength(0)
  })

  it('a missing file, and names the one that was meant', async () => {
    const emulator = await startEmulator()
    const project = tmpProject({
      'src/hero.png': await makePng(),
      'src/main.js': "import image from './Hero.png?magnific=2x'\nconsole.log(image)\n",
    })
    const { error } = await build(host, project, { options: { baseUrl: emulator.url } })
    expect(error).toContain('The image does not exist.')
    expect(error).toContain('Did you mean "hero.png"?')
    expect(error).toContain(project.path('src/Hero.png'))
    expect(error).toContain(project.path('src/main.js'))
    expect(emulator.calls).toHaveLength(0)
  })

  it('to spend without a key, once for all images', async () => {
    const emulator = await startEmulator()
    const image = "import image from './hero.png?magnific=2x'\nconsole.log(image)\n"
    const project = tmpProject({
      'src/hero.png': await makePng(),
      'src/other.png': await makePng({ seed: 2 }),
      'src/main.js': `import './other.js'\n${image}`,
      'src/other.js': image.replace('hero', 'other'),
    })
    const { error = '' } = await build(host, project, { options: { baseUrl: emulator.url } })
    expect(error.match(/there is no API key/g)).toHaveLength(1)
    expect(error).toContain('there is no API key to buy it with. Set FREEPIK_API_KEY')
    expect(error).toMatch(/src\/(?:hero|other)\.png/)
    expect(error).toMatch(/src\/(?:main|other)\.js/)
    expect(emulator.calls).toHaveLength(0)
  })

  it('bad options at start-up, all problems at once', async () => {
    const project = tmpProject({ 'src/main.js': 'console.log(1)\n' })
    const { error } = await build(host, project, {
      options: {
        // What a JavaScript user may write.
        ...({ concurency: 4, presets: { hero: { hdr: '3' } } } as object),
        baseUrl: 'http://example.com',
      },
    })
    expect(error).toContain('Unknown option `concurency`. Did you mean "concurrency"?')
    expect(error).toContain('In `presets.hero`: `hdr` must be a whole number from -10 to 10')
    expect(error).toContain('`baseUrl` must be an https: origin')
  })
})
