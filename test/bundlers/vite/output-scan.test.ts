import { describe, expect, it } from 'vitest'
import { findScriptTexts } from '../../../src/bundlers/vite/output-scan.ts'

describe('findScriptTexts', () => {
  it.each(["'./a.png?magnific=2x'", '"/src/a.jpg?hdr=1&magnific"', '`../a.webp?magnific=4x`'])(
    'finds %s',
    (text) => {
      expect(findScriptTexts(`const url = ${text}`)).toEqual([text.slice(1, -1)])
    },
  )

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
