import { describe, expect, it } from 'vitest'
import { findScriptTexts, findScriptUrls } from '../../../src/bundlers/vite/output-scan.ts'

describe('findScriptTexts', () => {
  it.each(["'./a.png?magnific=2x'", '"/src/a.jpg?hdr=1&magnific"', '`../a.webp?magnific=4x`'])(
    'finds %s',
    (text) => {
      expect(findScriptTexts(`const url = ${text}`)).toEqual([text.slice(1, -1)])
    },
  )

  it('finds what stands in a page that is a text', () => {
    const page = JSON.stringify('<img src="./a.png?magnific=2x">')
    expect(findScriptTexts(`const page = ${page}`)).toEqual(['./a.png?magnific=2x'])
    expect(findScriptTexts(`eval(${JSON.stringify(page)})`)).toEqual(['./a.png?magnific=2x'])
  })

  it.each([
    ['"url(./a.png?magnific=2x)"', './a.png?magnific=2x'],
    [`'a { b: no-repeat url( "a.png?magnific=2x" ) }'`, 'a.png?magnific=2x'],
    [String.raw`"a { b: url(\"a.png?magnific=2x\") }"`, 'a.png?magnific=2x'],
    ['`url(${base}/a.png?magnific=2x)`', '${base}/a.png?magnific=2x'],
    ['"<p style=\'background: url(&quot;/a.png?magnific&quot;)\'>"', '/a.png?magnific'],
    [`'image-set("a.png?magnific=2x" 2x)'`, 'a.png?magnific=2x'],
  ])('finds url() in %s', (text, url) => {
    expect(findScriptTexts(`style = ${text}`)).toEqual([url])
  })

  it.each([
    ['"/a.png?magnific=2x 2x"', ['/a.png?magnific=2x']],
    ['"a.png 1x,./b.png?magnific=2x 1.5x"', ['./b.png?magnific=2x']],
    ['"a.png?magnific, b.png?magnific=2x 400w"', ['a.png?magnific', 'b.png?magnific=2x']],
    [String.raw`"\n  ./a.png?magnific 1x,\n  /b.png 2x\n"`, ['./a.png?magnific']],
    [
      '`\n  ./a.png?magnific=2x 1x,\n  ./b.png?magnific=4x 2x\n`',
      ['./a.png?magnific=2x', './b.png?magnific=4x'],
    ],
    ['\'<img data-srcset="a.png?magnific=2x 2x">\'', ['a.png?magnific=2x']],
  ])('finds a srcset: %s', (text, urls) => {
    expect(findScriptTexts(`set = ${text}`)).toEqual(urls)
  })

  it.each([
    ['"a.png?magnific=2x"', 'a.png?magnific=2x'],
    ['{ hero: "images/a,b.png?hdr=1&magnific=2x" }', 'images/a,b.png?hdr=1&magnific=2x'],
    [String.raw`JSON.parse('{"hero":"images/a.png?magnific=2x"}')`, 'images/a.png?magnific=2x'],
    ['\'<img src="img/a.png?magnific=2x">\'', 'img/a.png?magnific=2x'],
    ['cond ? "a.png?magnific=2x" : other', 'a.png?magnific=2x'],
    ['"@/a.png?magnific=2x"', '@/a.png?magnific=2x'],
  ])('finds what has no slash before it, in %s', (text, url) => {
    expect(findScriptTexts(`const data = ${text}`)).toEqual([url])
  })

  it.each([
    ['`/${name}.png?magnific=2x`', '/${name}.png?magnific=2x'],
    ['`./${names["a"]}-large.png?magnific=2x`', '-large.png?magnific=2x'],
    ['`/img/${nameOf(x)}.png?magnific=2x`', '.png?magnific=2x'],
    ['"/img/" + name + ".png?magnific=2x"', '.png?magnific=2x'],
    ['`./a.png?magnific=${scale}x`', './a.png?magnific=${scale}x'],
    ['url + "?magnific=2x"', '?magnific=2x'],
  ])('finds what is put together when it runs: %s', (text, found) => {
    expect(findScriptTexts(`const url = ${text}`)).toEqual([found])
  })

  it.each([
    '"Write ./a.png?magnific=2x"',
    '"Write ./a.png?magnific=2x here, or a.png?magnific"',
    `"Write import a from './a.png?magnific=2x', and use that."`,
    '"./a.png"',
    '"./a.js?magnific=2x"',
    '"./a.png?other=2x"',
    '"https://example.com/a.png?magnific=2x"',
    '"//example.com/a.png?magnific=2x 2x"',
    '"url(https://example.com/a.png?magnific=2x)"',
    '`https://example.com/${nameOf(x)}.png?magnific=2x`',
    '`<img src="https://example.com/${nameOf(x)}.png?magnific=2x">`',
    '{ "./a.png?magnific=2x": () => {} }',
    'load(Object.assign({ "./a.png": a }), `./${name}.png?magnific=2x`, 2)',
    'load(Object.assign({ "./a.png": a }), `./${nameOf(x)}.png?magnific=2x`,2)',
    'b // "./a.png?magnific=2x"',
    'b /* url(./a.png?magnific=2x) */',
    'b //#region src/a.png?magnific=2x',
    '/\\/a.png?magnific=2x/',
  ])('leaves %s alone', (text) => {
    expect(findScriptTexts(`const text = ${text}`)).toEqual([])
  })

  it('takes no longer than there are letters, for pictures that are inlined', () => {
    const code = `"data:image/png;base64,${'abc+/'.repeat(400_000)}" "hero.png?magnific=2x"`
    const startedAt = performance.now()
    expect(findScriptTexts(code)).toEqual(['hero.png?magnific=2x'])
    expect(performance.now() - startedAt).toBeLessThan(5000)
  })
})

describe('findScriptUrls', () => {
  const isShipped = (path: string): boolean =>
    path.endsWith('hero.png') || path.endsWith('scan.tiff')

  it.each([
    ['const a = "./hero.png?magnific=2x"', ['./hero.png?magnific=2x']],
    [
      '<img src="/a/hero.png?w=1&magnific" srcset="hero.png?magnific 2x">',
      ['/a/hero.png?w=1&magnific', 'hero.png?magnific'],
    ],
    ['url(scan.tiff?magnific=2x)', ['scan.tiff?magnific=2x']],
    ['"other.png?magnific" "hero.png" "hero.png?url" magnific', []],
  ])('finds in %s: %j', (code, urls) => {
    expect(findScriptUrls(code, isShipped)).toEqual(urls)
  })

  it('takes no longer than there are letters, for pictures that are inlined', () => {
    const code = `"data:image/png;base64,${'abc+/'.repeat(400_000)}" "hero.png?magnific=2x"`
    const startedAt = performance.now()
    expect(findScriptUrls(code, isShipped)).toEqual(['hero.png?magnific=2x'])
    // Letter by letter it would be hours.
    expect(performance.now() - startedAt).toBeLessThan(5000)
  })
})
