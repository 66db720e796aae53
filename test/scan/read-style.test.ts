import { describe, expect, it } from 'vitest'
import { readSource } from '../../src/scan/read-source.ts'

const read = (text: string, file = 'a.css'): string[] =>
  readSource(file, text).references.map(({ specifier }) => specifier)
const imports = (text: string, file = 'a.css'): string[] =>
  readSource(file, text).imports.map(({ specifier }) => specifier)

describe('a reference of a style sheet', () => {
  it.each([
    ['a { background: url(./a.png?magnific=2x) }', './a.png?magnific=2x'],
    ['a{background:#fff url( "./a b.png?magnific=2x" ) no-repeat}', './a b.png?magnific=2x'],
    ["a { cursor: URL('./a.png?magnific&hdr=1') 2 2, pointer }", './a.png?magnific&hdr=1'],
    ['a { mask: url(\n  ./a.png?magnific\n) }', './a.png?magnific'],
    [String.raw`a { background: url(./a\ \(1\).png?magnific) }`, './a (1).png?magnific'],
    [String.raw`a { background: url(./a.png\3fmagnific) }`, './a.png?magnific'],
    [String.raw`a { background: url('./a.png\00003F magnific') }`, './a.png?magnific'],
    [
      "a { background: url('./a.png?magnific&prompt=a fox\\'s den') }",
      "./a.png?magnific&prompt=a fox's den",
    ],
    ['a { background: image-set("./a.png?magnific" 1x) }', './a.png?magnific'],
    ['a { background: -webkit-image-set(url(./a.png?magnific) 1x) }', './a.png?magnific'],
    [':root { --a: url(/a.png?magnific) }', '/a.png?magnific'],
    [
      '@media print { @supports (a: b) { a { & b { c: url(a.png?magnific) } } } }',
      'a.png?magnific',
    ],
    ['@font-face { src: url(a.svg?magnifico) }', 'a.svg?magnifico'],
    ["a { content: '/*'; background: url(./a.png?magnific) /* */ }", './a.png?magnific'],
    ['a { b: url(./b.png) url(./a.png?magnific) }', './a.png?magnific'],
    ['\uFEFFa {\r\n\tb: url(./a.png?magnific)\r\n}', './a.png?magnific'],
  ])('is found in %j', (text, specifier) => {
    expect(read(text)).toEqual([specifier])
    expect(read(text, 'a.scss')).toEqual([specifier])
    expect(read(text, 'a.less')).toEqual([specifier])
  })

  it.each([
    '/* a { b: url(./a.png?magnific) } */',
    '/* /* */ a { } /* b { c: url(./a.png?magnific) }',
    "a { content: 'url(./a.png?magnific)' }",
    'a { b: url(https://example.com/a.png?magnific) url(//example.com/a.png?magnific) }',
    'a { b: url(data:image/png?magnific) }',
    'a { b: url(./a.png?url) } /* ?magnific */',
    '@import url(https://example.com/a.css?magnific);',
    "@namespace a url('./a.png?magnific');",
    'a { b: my-url(./a.png?magnific) }',
    'a { b: image-set(url(a.png) type("image/png?magnific")) }',
    "a { b: './a.png?magnific' }",
  ])('is not taken for one: %j', (text) => {
    expect(read(text)).toEqual([])
  })

  it.each([
    ['less', "a { b: data-uri('./a.png?magnific') }", "Write url('./a.png?magnific&inline')."],
    ['less', "a { b: data-uri('image/png;base64', './a.png?magnific') }", 'in data-uri()'],
    ['less', "@w: image-width('./a.png?magnific');", 'in image-width()'],
    ['styl', "a\n  b embedurl('./a.png?magnific')", 'Stylus reads the file itself in embedurl()'],
    ['stylus', "a\n  b image-size('./a.png?magnific')", 'in image-size()'],
  ])('is refused in %s where that reads the file itself: %j', (lang, text, words) => {
    expect(readSource(`a.${lang}`, text).references).toMatchObject([
      { specifier: './a.png?magnific', refusal: expect.stringContaining(words) },
    ])
  })

  it('is refused in one place, and not in another one', () => {
    const text = "a { b: url('./a.png?magnific'); c: data-uri('./a.png?magnific') }"
    const { references } = readSource('a.less', text)
    expect(references.map(({ refusal }) => typeof refusal)).toEqual(['undefined', 'string'])
  })

  it.each([
    ['less', "a { b: url('./a.png?magnific') }"],
    ['scss', "a { b: data-uri('./a.png?magnific') }"],
    ['styl', "a\n  b url('./a.png?magnific')"],
  ])('is not refused in %s: %j', (lang, text) => {
    expect(readSource(`a.${lang}`, text).references[0]).not.toHaveProperty('refusal')
  })

  it.each(['scss', 'less', 'styl'])(
    'is told apart from comments that a line ends, in %s',
    (lang) => {
      const text = `
      // it's url(./commented.png?magnific)
      a { b: url(//example.com/c.png) } // "
      d { e: url(./a.png?magnific) } /* // */ f { g: url('./b.png?magnific//') }
      h { i: "//" url(./c.png?magnific) }`
      expect(read(text, `a.${lang}`)).toEqual([
        './a.png?magnific',
        './b.png?magnific//',
        './c.png?magnific',
      ])
    },
  )

  it('is told apart from what belongs to a comment in Sass without braces', () => {
    const text = `
a
  // one
    url(./commented.png?magnific)
  background: url(./a.png?magnific)
/* two
  url(./commented.png?magnific)
b
  background: url(./b.png?magnific)`
    expect(read(text, 'a.sass')).toEqual(['./a.png?magnific', './b.png?magnific'])
  })

  it('may be given to a preprocessor as a text, or put together of texts', () => {
    const scss = `
      $hero: './a.png?magnific=4x';
      $folder: './img';
      $late: './one';
      @include background('./b.png?magnific');
      $map: (large: './c.png?magnific', small: url('./d.png?magnific'));
      e { f: url('#{$folder}/e.png?magnific') url('#{$late}/f.png?magnific') }
      g { h: url('#{$unknown}/g.png?magnific') url(i(1) + '/h.png') }
      $late: './two';
      @debug './debug.png?magnific';`
    expect(read(scss, 'a.scss')).toEqual([
      './a.png?magnific=4x',
      './b.png?magnific',
      './c.png?magnific',
      './d.png?magnific',
      './img/e.png?magnific',
    ])
    const less = `@folder: "./img"; @hero: './a.png?magnific'; b { c: url("@{folder}/b.png?magnific") }`
    expect(read(less, 'a.less')).toEqual(['./a.png?magnific', './img/b.png?magnific'])
  })

  it('has its place', () => {
    const text = 'a {}\r\nb { c: url(./a.png?magnific) }'
    expect(readSource('a.css', text).references).toEqual([
      {
        specifier: './a.png?magnific',
        query: 'magnific',
        kind: 'css-url',
        resolveKind: 'style',
        isPattern: false,
        isConditional: false,
        line: 2,
        column: 8,
      },
    ])
  })
})

describe('what a style sheet imports', () => {
  it.each([
    ["@import './b.css' layer(c) supports(d: e);", ['./b.css']],
    ['@import url(./b.css);@import url("c.css") print;', ['./b.css', 'c.css']],
    ["@use '../b' as c with ($d: './e');\n@forward 'f' show g;", ['../b', 'f']],
    ["@import './b', './c';", ['./b', './c']],
    ["@import (reference) './b.less';", ['./b.less']],
    ["@reference '../app.css';", ['../app.css']],
    ["a { composes: b from './b.css'; composes: c from global }", ['./b.css']],
    ["@value a, b from './b.css';", ['./b.css']],
    [":import('./b.css') { c: d }", ['./b.css']],
    ["@import 'https://example.com/a.css'; @use 'sass:math'; /* @import './b.css'; */", []],
    ["a { b: 'from' './c.css' }", []],
  ])('is found in %j', (text, expected) => {
    const file = text.includes('reference)') ? 'a.less' : text.includes('$') ? 'a.scss' : 'a.css'
    expect(imports(text, file)).toEqual(expected)
  })

  it('is found where lines end statements', () => {
    expect(imports("@use './b'\n@import c\na\n  d: 'e'\n", 'a.sass')).toEqual(['./b'])
  })
})

it('takes no time that grows faster than the text', () => {
  const parts = [
    'url(',
    'url("',
    '/*',
    '//',
    '"',
    '(',
    '@import ',
    'a{b:url(',
    '\\',
    '@{',
    '#{$a',
    "$a:'",
  ]
  const startedAt = performance.now()
  for (const part of parts) {
    for (const lang of ['css', 'scss', 'sass', 'less']) {
      readSource(`a.${lang}`, `${part.repeat(300_000 / part.length)} url(./a.png?magnific)`)
    }
  }
  const minified = '.a:b>c{d:url(data:e);f:g("h")}'.repeat(170_000)
  expect(read(`${minified}.i{j:url(./a.png?magnific)}`)).toEqual(['./a.png?magnific'])
  expect(performance.now() - startedAt).toBeLessThan(30_000)
})

it.each([
  ['a text in quotes', `"${'x'.repeat(10_000_000)}"`],
  ['a text in single quotes', `'${'x'.repeat(10_000_000)}'`],
  ['a text of escapes', `"${'\\x'.repeat(5_000_000)}"`],
  ['a comment', `/*${'x'.repeat(10_000_000)}*/`],
])('reads behind %s of 10 MB', (_, text) => {
  const sheet = `@import './b'; // it's\n.a { b: ${text}; c: url(./a.png?magnific) }`
  const { references } = readSource('a.less', sheet)
  expect(references.map(({ specifier }) => specifier)).toEqual(['./a.png?magnific'])
})
