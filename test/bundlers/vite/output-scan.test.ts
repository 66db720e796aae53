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
    '"Write ./a.png?magnific=2x"',
    '`./${name}.png?magnific=2x`',
    '"./a.png"',
    '"./a.js?magnific=2x"',
    '"a.png?magnific=2x"',
    '"https://example.com/a.png?magnific=2x"',
  ])('leaves %s alone', (text) => {
    expect(findScriptTexts(`const text = ${text}`)).toEqual([])
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
