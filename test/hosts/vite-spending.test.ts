import { describe, expect, it } from 'vitest'
import type { Emulator } from '../../src/emulator/index.ts'
import { startDevServer } from '../helpers/dev-server.ts'
import { postsTo, startEmulator } from '../helpers/emulator.ts'
import { optionsFor } from '../helpers/hero.ts'
import { makePng } from '../helpers/images.ts'
import { tmpProject } from '../helpers/project.ts'
import { sendRaw } from '../helpers/raw-http.ts'
import type { RawAnswer, RawRequest } from '../helpers/raw-http.ts'
import { vites, viteVersions } from '../helpers/vite-versions.ts'

type Settings = Omit<RawRequest, 'target'>

/** A dev server that buys, from an emulator. */
interface Shopping {
  emulator: Emulator
  get(target: string, settings?: Settings): Promise<RawAnswer>
  /**
   * What was bought, as `<width>×<scale>`, by the time that two images, which really are to be bought and are asked for last,
   * one after the other, are there.
   */
  purchases(): Promise<string[]>
}

/** Something that a stranger tries, or that a page does, about an image of its own: `IMAGE` stands for its path. */
interface Visit {
  title: string
  files?: Record<string, string>
  requests: (string | [target: string, settings: Settings])[]
}

const html: Settings = { headers: { accept: 'text/html' } }
const speaking = 'Write "IMAGE?magnific=2x", or import x from "IMAGE?magnific=2x"'
const importing = encodeURIComponent('import hero from "IMAGE?magnific=2x"\nexport default hero')
const inBase64 = 'data:text/javascript;base64,BASE64(export default "IMAGE?magnific=2x")'

/** Nobody's module, style sheet or page refers to these images. */
const attempts: Visit[] = [
  { title: 'the image', requests: ['IMAGE?magnific=2x'] },
  { title: 'its module', requests: ['IMAGE?import&magnific=2x'] },
  {
    title: 'its module, as if a module imported it',
    requests: [
      ['IMAGE?import&magnific=2x', { headers: { referer: 'http://127.0.0.1/src/empty.js' } }],
    ],
  },
  {
    title: 'its module, inlined',
    requests: ['IMAGE?import&inline&magnific=2x', 'IMAGE?magnific=2x&import&url'],
  },
  {
    title: 'a variant',
    requests: ['IMAGE?magnific=2x&w=30&format=webp', 'IMAGE?magnific=2x&w=30&format=png&as=url'],
  },
  {
    title: 'the module of several variants, and of a placeholder',
    requests: [
      'IMAGE?import&magnific=2x&w=30;60&as=srcset',
      'IMAGE?import&magnific=2x&as=metadata',
      'IMAGE?import&magnific=2x&as=lqip',
    ],
  },
  { title: 'its module by an id', requests: ['/@id/IMAGE?import&magnific=2x'] },
  {
    title: 'it from another site',
    requests: [['IMAGE?magnific=2x', { headers: { 'sec-fetch-site': 'cross-site' } }]],
  },
  {
    title: 'a module that is a URL',
    requests: [
      `/@id/data:text/javascript,${importing}`,
      `/@id/data:text/javascript,${importing}?import`,
      `/@id/${inBase64}`,
      `/@id/${inBase64}?import`,
    ],
  },
  {
    title: 'modules with the reference in their query',
    requests: [
      '/src/empty.js?x="IMAGE?magnific=2x"',
      '/src/empty.js?x=%22IMAGE%3Fmagnific=2x%22',
      '/src/empty.css?x="IMAGE?magnific=2x"',
      '/src/empty.js?worker&x="IMAGE?magnific=2x"',
      '/src/empty.js?worker&url&x="IMAGE%3Fm%61gnific=2x"',
    ],
  },
  {
    title: 'pages with the reference in their URL',
    requests: [
      ['/?x=<img%20src="IMAGE?magnific=2x">', html],
      ['/<img%20src="IMAGE?magnific=2x">', html],
      ['/index.html?html-proxy&index=0.js&x="IMAGE?magnific=2x"', {}],
    ],
  },
  ...['txt', 'txt?raw', 'txt?import&raw', 'txt?url&import', 'json?import', 'svg?import&inline'].map(
    (name, index) => ({
      title: `a text that speaks of it, as ${name}`,
      files: {
        [`text-${index}.txt`]: speaking,
        [`text-${index}.json`]: JSON.stringify({ speaking }),
        [`text-${index}.svg`]: `<svg xmlns="http://www.w3.org/2000/svg"><!-- ${speaking} --></svg>`,
      },
      requests: [`/text-${index}.${name}`],
    }),
  ),
]

/** And to these something does. */
const references: Visit[] = [
  {
    title: 'an import',
    files: { 'src/static.js': "import hero from 'IMAGE?magnific=2x'\nconsole.log(hero)\n" },
    requests: ['/src/static.js'],
  },
  {
    title: 'an import of several variants',
    files: { 'src/list.js': "console.log(await import('IMAGE?magnific=2x&w=30;60&as=srcset'))\n" },
    requests: [
      '/src/list.js',
      'IMAGE?import&magnific=2x&w=30;60&as=srcset',
      'IMAGE?magnific=2x&w=30&format=png&as=url',
    ],
  },
  {
    title: 'a placeholder',
    files: { 'src/tiny.js': "import tiny from 'IMAGE?magnific=2x&as=lqip'\nconsole.log(tiny)\n" },
    requests: ['/src/tiny.js', 'IMAGE?import&magnific=2x&as=lqip'],
  },
  {
    title: 'a dynamic import',
    files: { 'src/dynamic.js': "console.log(await import('IMAGE?magnific=2x'))\n" },
    requests: ['/src/dynamic.js'],
  },
  {
    title: 'a glob',
    files: {
      'src/glob.js': "console.log(import.meta.glob('IMAGE', { query: '?magnific=2x' }))\n",
    },
    requests: ['/src/glob.js'],
  },
  {
    title: 'new URL()',
    files: {
      'src/url.js': "console.log(new URL('..IMAGE?magnific=2x', import.meta.url).href)\n",
    },
    requests: ['/src/url.js'],
  },
  {
    title: 'a style sheet',
    files: { 'src/style.css': '.a { background: url(..IMAGE?magnific=2x) }' },
    requests: ['/src/style.css'],
  },
  {
    title: 'a page',
    files: { 'page.html': '<!doctype html><body><img src="IMAGE?magnific=2x"></body>' },
    requests: [['/page.html', html]],
  },
]

/** Of images that are bought only to see what was bought before them, pixels. */
const sentinels = [30, 31]
/** Of the first visit's image; each one has another, to be known by. */
const firstWidth = 50
const pathOf = (index: number): string => `/src/hero-${index}.png`

/** Fills in the path of a visit's image. */
function fillIn(text: string, index: number): string {
  return text
    .replaceAll('IMAGE', pathOf(index))
    .replaceAll(/BASE64\((.*)\)/g, (_, code: string) => Buffer.from(code).toString('base64'))
}

describe.each(viteVersions)('%s', (host) => {
  const vite = vites[host]
  /** A project with an image for each of some visits, and with their files. */
  const goShopping = async (visits: readonly Visit[]): Promise<Shopping> => {
    const emulator = await startEmulator()
    const project = tmpProject({
      'src/empty.js': "console.log('nothing')\n",
      'src/empty.css': '.a { color: red }',
      'index.html': '<!doctype html><body><script type="module">console.log()</script></body>',
      'src/sentinels.js': sentinels
        .map((width) => `import './${width}.png?magnific=2x'\n`)
        .join(''),
    })
    for (const width of sentinels)
      project.write(`src/${width}.png`, await makePng({ width, seed: width }))
    for (const [index, { files = {} }] of visits.entries()) {
      const width = firstWidth + index
      project.write(pathOf(index), await makePng({ width, seed: width }))
      for (const [name, text] of Object.entries(files)) project.write(name, fillIn(text, index))
    }
    const { port } = await startDevServer(vite, project, {
      ...optionsFor(emulator),
      onMiss: { serve: 'upscale' },
    })
    const get: Shopping['get'] = async (target, settings) => sendRaw(port, { target, ...settings })
    return {
      emulator,
      get,
      purchases: async () => {
        await get('/src/sentinels.js')
        for (const width of sentinels) {
          await get(`/src/${width}.png?magnific=2x`)
          await emulator.until(() =>
            emulator.tasks.some(
              ({ source, status }) => source.width === width && status === 'COMPLETED',
            ),
          )
        }
        await emulator.until(() => postsTo(emulator) === emulator.tasks.length)
        return emulator.tasks
          .filter(({ source }) => !sentinels.includes(source.width))
          .map(({ source, params }) => `${source.width}×${String(params['scale_factor'])}`)
          .toSorted()
      },
    }
  }

  /** Makes the requests of each visit, then asks for its image, twice. */
  const visitAll = async ({ get }: Shopping, visits: readonly Visit[]): Promise<void> => {
    for (const [index, { requests }] of visits.entries()) {
      for (const request of requests) {
        const [target, settings] = typeof request === 'string' ? [request, {}] : request
        await get(fillIn(target, index), settings)
      }
      const image = `${pathOf(index)}?magnific=2x`
      const answers = await Promise.all([get(image), get(image)])
      expect(answers.map(({ status }) => status)).toEqual([200, 200])
    }
  }

  const titlesOf = (visits: readonly Visit[], purchases: readonly string[]): string[] =>
    purchases.map((purchase) => visits[Number.parseInt(purchase, 10) - firstWidth]?.title ?? '?')

  it('buys nothing for whoever asks by hand', async () => {
    const shopping = await goShopping(attempts)
    await visitAll(shopping, attempts)
    expect(titlesOf(attempts, await shopping.purchases())).toEqual([])
  })

  it('buys once what a module, a style sheet or a page refers to', async () => {
    const shopping = await goShopping(references)
    const { emulator, get, purchases } = shopping
    await visitAll(shopping, references)
    await emulator.until(
      () =>
        emulator.tasks.length === references.length &&
        emulator.tasks.every(({ status }) => status === 'COMPLETED'),
    )
    for (const index of references.keys()) await get(`${pathOf(index)}?magnific=2x`)
    expect(titlesOf(references, await purchases())).toEqual(references.map(({ title }) => title))
  })

  it('buys nothing else of an image that is referred to', async () => {
    const visit = references[0]
    const { emulator, get, purchases } = await goShopping([visit])
    await get('/src/static.js')
    for (const query of [
      'magnific=4x',
      'magnific=16x',
      'magnific=2x&prompt=gold',
      'magnific=2x&prompt=',
      'magnific=2x&engine=magnific_sharpy',
      'magnific=2x&filter_nsfw=true',
      'magnific=2x&hdr=1',
      'magnific=4x&w=30',
      'magnific=4x&w=30;60&as=srcset&import',
      'magnific=2x&magnific=4x',
      'magnific=4x&magnific=2x',
      'magnific=2x;magnific=4x',
      'magnific=2x&x=&prompt=gold',
      'import&magnific=4x',
      'magnific=2x&import&prompt=gold',
    ]) {
      await get(`${pathOf(0)}?${query}`)
      await get(`${pathOf(0)}?${query}`, { headers: { 'sec-fetch-site': 'cross-site' } })
    }
    expect(await purchases()).toEqual([])
    // The same, in other words.
    await get(`${pathOf(0)}?v=1&magnific=%32x&t=1700000000000`)
    await emulator.until(() => emulator.tasks.length > sentinels.length)
    expect(await purchases()).toEqual(['50×2x'])
  })
})
