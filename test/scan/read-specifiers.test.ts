import { describe, expect, it } from 'vitest'
import { readSpecifiers } from '../../src/scan/read-specifiers.ts'

const read = (text: string): string[] => readSpecifiers(text).map(({ specifier }) => specifier)

describe('a reference in a source', () => {
  it.each([
    ["import a from './a.png?magnific=4x'", './a.png?magnific=4x'],
    ["import a from'./a.png?magnific=4x'", './a.png?magnific=4x'],
    ['export { default } from "../a.jpg?w=640&magnific"', '../a.jpg?w=640&magnific'],
    ["import type a from\n  '@/a.webp?magnific=hero'", '@/a.webp?magnific=hero'],
    ["const a = await import('some-pkg/a.avif?magnific=2x')", 'some-pkg/a.avif?magnific=2x'],
    ["import(\n  './a.tiff?magnific=2x',\n)", './a.tiff?magnific=2x'],
    ['import(`./a.gif?magnific=2x`)', './a.gif?magnific=2x'],
    ["new URL('./a.png?magnific=2x', import.meta.url)", './a.png?magnific=2x'],
    ['<img src="/src/a.PNG?magnific=2x">', '/src/a.PNG?magnific=2x'],
    [
      'import a from "./it\'s (1).png?magnific=4x&prompt=a fox\'s den"',
      "./it's (1).png?magnific=4x&prompt=a fox's den",
    ],
    [String.raw`import a from './it\'s.png?magnific=4x'`, "./it's.png?magnific=4x"],
  ])('is found in %j', (text, specifier) => {
    expect(read(text)).toEqual([specifier])
  })

  it('is found inside of an expression that is itself a text', () => {
    const text = `<img :src="ok ? './a.png?magnific=2x' : './b.png?magnific=4x'">`
    expect(read(text)).toEqual(['./a.png?magnific=2x', './b.png?magnific=4x'])
  })

  it('is found beside apostrophes, inches and empty texts', () => {
    const text = `<p>It's 5" wide, don't "+</p>\n"" + './a.png?magnific=2x' + ""; "a" + './b.png?magnific' + "b"`
    expect(read(text)).toEqual(['./a.png?magnific=2x', './b.png?magnific'])
  })

  it('is told once, in the order of the text', () => {
    const text =
      "import('./b.png?magnific'), import('./a.png?magnific'), import('./b.png?magnific')"
    expect(read(text)).toEqual(['./b.png?magnific', './a.png?magnific'])
  })

  it.each([
    "// import a from './a.png?magnific=4x'",
    " * import a from './a.png?magnific=4x'",
    "<!-- <img src='./a.png?magnific=4x'> -->",
    "import a from './a.png?url' // magnific",
    "import a from './a.js?magnific=4x'",
    "fetch('https://example.com/a.png?magnific=4x')",
    'import(`./${name}.png?magnific=4x`)',
    "declare module '*.png?magnific=4x'",
    'write `./a.png?magnific=4x` there',
  ])('is not taken for one: %j', (text) => {
    expect(read(text)).toEqual([])
  })

  it('is left to the plugin whose key it has', () => {
    const text = "import a from './a.png?magnifico=1' // magnific"
    expect(read(text)).toEqual(['./a.png?magnifico=1'])
    expect(readSpecifiers(text, ['magnifico'])).toEqual([])
  })
})

describe('a glob', () => {
  it('is found with each of its patterns', () => {
    const text = `
      import.meta.glob<string>('./*.png', { eager: true, query: '?magnific=2x&w=10', import: 'default' })
      import.meta.glob(['./a?/*.{png,jpg}', '!./a1/*', '@/b/*.webp'], { query: "magnific=4x" })`
    expect(readSpecifiers(text)).toEqual([
      { specifier: './*.png?magnific=2x&w=10', query: 'magnific=2x&w=10', isPattern: true },
      { specifier: './a?/*.{png,jpg}?magnific=4x', query: 'magnific=4x', isPattern: true },
      { specifier: '@/b/*.webp?magnific=4x', query: 'magnific=4x', isPattern: true },
    ])
  })

  it('of other queries is none of ours', () => {
    expect(read("import.meta.glob('./*.png', { query: '?url' }) // magnific")).toEqual([])
  })
})

it('takes no time that grows faster than the text', () => {
  const texts = ['= "a?', '="', "='", ' "', '"a?magnific', '= "./a.png?magnific']
  const startedAt = performance.now()
  for (const text of texts) readSpecifiers(`${text.repeat(30_000)} magnific`)
  expect(performance.now() - startedAt).toBeLessThan(10_000)
})
