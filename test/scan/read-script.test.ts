import { describe, expect, it } from 'vitest'
import { readSource } from '../../src/scan/read-source.ts'

const read = (text: string, file = 'a.js'): string[] =>
  readSource(file, text).references.map(({ specifier }) => specifier)
const imports = (text: string, file = 'a.js'): string[] =>
  readSource(file, text).imports.map(({ specifier }) => specifier)

describe('a reference of a script', () => {
  it.each([
    ["import a from './a.png?magnific=4x'", './a.png?magnific=4x'],
    ["import a from'./a.png?magnific=4x'", './a.png?magnific=4x'],
    ["import './a.png?magnific=4x'; // an image", './a.png?magnific=4x'],
    ["\uFEFF'use client'\r\nimport a from './a.png?magnific=4x'\r\n", './a.png?magnific=4x'],
    ["#!/usr/bin/env node\nimport a from './a.png?magnific=4x'", './a.png?magnific=4x'],
    ['export { default } from "../a.jpg?w=640&magnific"', '../a.jpg?w=640&magnific'],
    ["export * as a from './a.png?magnific'", './a.png?magnific'],
    ["import a, { src } from\n  '@/a.webp?magnific=hero'", '@/a.webp?magnific=hero'],
    ["import a from './a.png?magnific' with { type: 'image' }", './a.png?magnific'],
    ["const a = 1\nimport b from './a.png?magnific'", './a.png?magnific'],
    ["const a = await import('some-pkg/a.avif?magnific=2x')", 'some-pkg/a.avif?magnific=2x'],
    ["import(/* webpackChunkName: 'a' */\n  './a.tiff?magnific=2x',\n)", './a.tiff?magnific=2x'],
    ['import(`./a.gif?magnific=2x`)', './a.gif?magnific=2x'],
    ["new URL('./a.png?magnific=2x', import.meta.url)", './a.png?magnific=2x'],
    ['new URL(`a%20b.png?magnific=2x`, import . meta.url).href', 'a%20b.png?magnific=2x'],
    ["const a = require('./a.png?magnific')", './a.png?magnific'],
    [
      'import a from "./it\'s (1).png?magnific=4x&prompt=a fox\'s den"',
      "./it's (1).png?magnific=4x&prompt=a fox's den",
    ],
    [String.raw`import a from './it\'s.png?magnific=4x'`, "./it's.png?magnific=4x"],
    [String.raw`import a from './\u0061.png\x3fm\u{61}gnific'`, './a.png?magnific'],
    ["import a from './a.png?magnifc=4x'", './a.png?magnifc=4x'],
    ["import a from './a.png?resemblance=3'", './a.png?resemblance=3'],
    ["import a from './a.svg?magnific=4x'", './a.svg?magnific=4x'],
    ['const half = a / 2, url = import("./a.png?magnific") / 1', './a.png?magnific'],
    ["const test = /['\"`]/.test(a) && import('./a.png?magnific')", './a.png?magnific'],
    ["const text = `${`${import('./a.png?magnific')}`} don't`", './a.png?magnific'],
    ["if (a) /'/.exec(import('./a.png?magnific'))", './a.png?magnific'],
  ])('is found in %j', (text, specifier) => {
    expect(read(text)).toEqual([specifier])
  })

  it.each([
    "// import a from './a.png?magnific=4x'",
    "/*\nimport a from './a.png?magnific=4x'\n*/",
    "/** @import { a } from './a.png?magnific=4x' */",
    'const text = "import a from \'./a.png?magnific=4x\'"',
    "const text = `\nimport a from './a.png?magnific=4x'\n`",
    "const pattern = /import('.\\/a.png?magnific')/",
    "import a from './a.png?url' // magnific",
    "fetch('https://example.com/a.png?magnific=4x')",
    "import('https://example.com/a.png?magnific=4x')",
    "import('//example.com/a.png?magnific=4x')",
    "const src = './a.png?magnific=4x'",
    'import(`./a.png?${query}&magnific`)',
    "import('./' + name + '.png?magnific')",
    "new URL('./a.png?magnific', base)",
    "new URL(/* @vite-ignore */ './a.png?magnific', import.meta.url)",
    "new URL('./a.png?magnific', '+ import.meta.url')",
    "api.import('./a.png?magnific')",
    "module.require('./a.png?magnific')",
    "export const a = 'from \\'./a.png?magnific\\''",
  ])('is not taken for one: %j', (text) => {
    expect(read(text)).toEqual([])
  })

  it('is found in TypeScript, among generics, casts, decorators and types', () => {
    const text = `
      import type { A } from './type.png?magnific'
      import { type B } from './type-only.png?magnific'
      import { type C, default as d } from './value.png?magnific=2x'
      import e = require('./equals.png?magnific=2x')
      export type { F } from './exported-type.png?magnific'
      type G = typeof import('./typeof.png?magnific')
      type H = import('./import-type.png?magnific').I
      @decorate('./decorator.png?magnific')
      class J<T extends object> { @field k = <string>l!; m?: T }
      const n = <T,>(o: T) => import('./dynamic.png?magnific=2x') satisfies unknown
      const p = new URL('./url.png?magnific=2x' as string, import.meta.url)
      declare module '*.png?magnific=4x'`
    expect(read(text, 'a.ts')).toEqual([
      './value.png?magnific=2x',
      './equals.png?magnific=2x',
      './dynamic.png?magnific=2x',
      './url.png?magnific=2x',
    ])
  })

  it.each([
    "type A = typeof import('./a.png?magnific')",
    "type A = import('./a.png?magnific').B",
    "let a: import('./a.png?magnific')",
    "type A = () => import('./a.png?magnific').B",
    "function a(b: Array<import('./a.png?magnific').C>) {}",
    "import type a from './a.png?magnific'",
    "import { type A, type B, } from './a.png?magnific'",
    "export type * from './a.png?magnific'",
  ])('is no type: %j', (text) => {
    expect(read(text, 'a.ts')).toEqual([])
    expect(read(`const b = 1\n${text}`, 'a.tsx')).toEqual([])
  })

  it('is found beside JSX, whose texts and attributes are none', () => {
    const text = `
      import a from './a.png?magnific'
      export const B = () => (
        <>
          <p>It's 5" wide, don't {"'"} // import('./text.png?magnific')</p>
          <img src="./attribute.png?magnific" alt='/*' />
          <a href="https://example.com">the '90s</a> {/* import('./comment.png?magnific') */}
          <img src={new URL('./b.png?magnific', import.meta.url).href} /> <b>*/</b>
        </>
      )
      export const c = () => import('./c.png?magnific')`
    expect(read(text, 'a.jsx')).toEqual([
      './a.png?magnific',
      './b.png?magnific',
      './c.png?magnific',
    ])
    expect(read(text, 'a.tsx')).toEqual(read(text, 'a.jsx'))
  })

  it('is told once, in the order of the text, with its place', () => {
    const text =
      "import('./b.png?magnific')\r\n  import('./a.png?magnific'), import('./b.png?magnific')"
    expect(readSource('a.js', text).references).toEqual([
      {
        specifier: './b.png?magnific',
        query: 'magnific',
        kind: 'dynamic-import',
        resolveKind: 'script',
        isPattern: false,
        isConditional: false,
        line: 1,
        column: 8,
      },
      expect.objectContaining({ specifier: './a.png?magnific', line: 2, column: 10 }),
    ])
  })

  it('is left to the plugin whose key it has', () => {
    const text = "import a from './a.png?magnifico=1'"
    expect(read(text)).toEqual(['./a.png?magnifico=1'])
    expect(readSource('a.js', text, { passthrough: ['magnifico'] }).references).toEqual([])
  })

  it('has a kind', () => {
    const text = `import './1.png?magnific'; export * from './2.png?magnific'
      import('./3.png?magnific'), require('./4.png?magnific')
      new URL('./5.png?magnific', import.meta.url), import.meta.glob('./6/*', { query: '?magnific' })`
    expect(readSource('a.js', text).references.map(({ kind }) => kind)).toEqual([
      'import',
      'import',
      'dynamic-import',
      'require',
      'new-url',
      'glob',
    ])
  })
})

describe('a pattern', () => {
  it('of a glob is found with each of its parts, and what takes files away', () => {
    const text = `
      import.meta.glob<string>('./*.png', { eager: true, query: '?magnific=2x&w=10', import: 'default' })
      import.meta.glob<Record<string, () => Promise<string>>>(
        ['./a?/*.{png,jpg}', '!./a1/*', \`@/b/*.webp\`, /* './c/*' */],
        { 'query': "magnific=4x" },
      )
      // import.meta.glob('./commented/*', { query: '?magnific' })`
    const found = readSource('a.ts', text).references
    expect(found).toMatchObject([
      {
        specifier: './*.png?magnific=2x&w=10',
        query: 'magnific=2x&w=10',
        isPattern: true,
        isConditional: false,
        patterns: ['./*.png'],
      },
      { specifier: './a?/*.{png,jpg}?magnific=4x', patterns: ['./a?/*.{png,jpg}', '!./a1/*'] },
      { specifier: '@/b/*.webp?magnific=4x', patterns: ['@/b/*.webp', '!./a1/*'] },
    ])
  })

  it('has its query in an object too, and a base', () => {
    const text = `import.meta.glob('./*.png', {
      base: '../img/',
      query: { magnific: '4x', hdr: 2, prompt: "a fox & it's den", url: true, 'x': '' },
    })`
    expect(readSource('a.js', text).references).toMatchObject([
      {
        query: "magnific=4x&hdr=2&prompt=a%20fox%20%26%20it's%20den&url=true&x",
        patterns: ['../img/*.png'],
      },
    ])
  })

  it('of a glob with another query, or whose names alone are asked for, is none of ours', () => {
    expect(read("import.meta.glob('./*.png', { query: '?url' }) // ?magnific")).toEqual([])
    expect(read("Object.keys(import.meta.glob('./*.png', { query: '?magnific' }))")).toEqual([])
  })

  it('of an import has an asterisk for what is not known', () => {
    const text = 'import(`./[a]/${name}-${`x${y}`}.png?magnific=4x`)'
    expect(readSource('a.js', text).references).toMatchObject([
      {
        specifier: './[a]/*-*.png?magnific=4x',
        kind: 'dynamic-import',
        isPattern: true,
        isConditional: false,
        patterns: [String.raw`./\[a\]/*-*.png`],
      },
    ])
  })

  it('that the build refuses says so', () => {
    const url = 'new URL(`./${name}.png?magnific`, import.meta.url)'
    expect(readSource('a.js', url).references).toMatchObject([
      { kind: 'new-url', isPattern: true, refusal: expect.stringContaining('Name the images.') },
    ])
    const former = "import.meta.glob('./*.png', { as: '?magnific' })"
    expect(readSource('a.js', former).references).toMatchObject([
      { refusal: expect.stringContaining('no option `as`') },
    ])
    const inside = "import.meta.glob(['./a?.png', './b/*.png?magnific=2x'], { query: '?url' })"
    expect(readSource('a.js', inside).references).toMatchObject([
      {
        specifier: './b/*.png?magnific=2x',
        patterns: ['./b/*.png'],
        refusal: expect.stringContaining("glob('./b/*.png', { query: '?magnific=2x', import:"),
      },
    ])
    const misnamed = "import.meta.glob('./*.png', { qeury: 'magnific=2x', import: 'magnific' })"
    expect(readSource('a.js', misnamed).references).toMatchObject([
      { specifier: './*.png?magnific=2x', refusal: expect.stringContaining('no option `qeury`') },
    ])
  })
})

describe('what a script imports', () => {
  it('is all that the host makes modules of', () => {
    const text = `
      import './side.js'
      import a from './a'
      export * from './b.ts'
      import c from './c.ts?worker'
      import d from './d.css?inline'
      const e = () => import('./e.vue')
      const f = require('./f.cjs')
      new Worker(new URL('./g.js', import.meta.url), { type: 'module' })
      new SharedWorker(/* shared */ new URL('h.js', import.meta.url))`
    expect(imports(text)).toEqual([
      './side.js',
      './a',
      './b.ts',
      './c.ts',
      './d.css',
      './e.vue',
      './g.js',
      'h.js',
      './f.cjs',
    ])
  })

  it('is not what is shipped as it is', () => {
    const text = `
      import a from './a.js?raw'
      import b from './b.js?url'
      new URL('./c.js', import.meta.url)
      import.meta.glob('./d/*.js', { query: '?raw' })
      import(name)`
    expect(imports(text)).toEqual([])
  })

  it('may be a pattern', () => {
    const text = "import.meta.glob(['./pages/*.vue', '!**/_*']), import(`./lang/${lang}.js`)"
    expect(readSource('a.js', text).imports).toEqual([
      {
        specifier: './pages/*.vue',
        kind: 'script',
        isPattern: true,
        isConditional: false,
        patterns: ['./pages/*.vue', '!**/_*'],
      },
      {
        specifier: './lang/*.js',
        kind: 'script',
        isPattern: true,
        isConditional: false,
        patterns: ['./lang/*.js'],
      },
    ])
  })
})

describe('an import that a bundler may leave out', () => {
  it.each([
    ["if (import.meta.env.DEV) import('./dev.js')", true],
    ["if (process.env.NODE_ENV !== 'production') import('./dev.js')", true],
    ["if (__ADMIN__) import('./admin.js')", true],
    ["if (import.meta.env.DEV) import('./dev.js')\nimport './dev.js'", false],
    ["const route = () => import('./route.js')", false],
    ["import './env.js'\nconsole.log(import.meta.env.MODE)", false],
  ])('is told: %j', (text, isConditional) => {
    const { imports: found } = readSource('a.js', text)
    expect(found.map((each) => each.isConditional)).toEqual([isConditional])
  })
})

describe('a script with a syntax error', () => {
  it.each([
    ["import a from './a.png?magnific'\nconst = './b.png'\nimport('./c.png?magnific')", 2, 7],
    ["import a from './a.png?magnific'\nfunction ( {\nimport('./c.png?magnific')", 2, 10],
  ])('says where, and gives what can be read: %j', (text, line, column) => {
    const { references, problem } = readSource('a.js', text)
    expect(problem?.message).toMatch(
      new RegExp(`^[A-Z].* \\(line ${line}, column ${column}\\)\\.$`),
    )
    expect(references.map(({ specifier }) => specifier)).toEqual([
      './a.png?magnific',
      './c.png?magnific',
    ])
  })

  it('says nothing where it is not asked for, and no parser was needed', () => {
    const text = "import a from './a.png?magnific'\nconst = 1"
    const { references, problem } = readSource('a.js', text, { checksSyntax: false })
    expect([references.length, problem]).toEqual([1, undefined])
  })

  it('is none for returning', () => {
    expect(readSource('a.js', "require('./a.png?magnific')\nreturn").problem).toBeUndefined()
  })
})

it('takes no time that grows faster than the text', () => {
  const parts = [
    '= "a?',
    '="',
    "='",
    ' "',
    '"a?magnific',
    "import('./a",
    'import ',
    'import{',
    'export{',
    'export * ',
    'new URL(',
    'import.meta.glob(',
    'import.meta.glob([',
    'import(`',
    'import /*',
    'import.meta.glob<',
    '`${',
    '/*',
    '// ',
    '/',
    '[{(',
    '?;&',
    '\\',
    "require('",
  ]
  const startedAt = performance.now()
  for (const part of parts) {
    const text = `${part.repeat(300_000 / part.length)} './a.png?magnific'`
    readSource('a.js', text, { checksSyntax: false })
    readSource('a.tsx', text, { checksSyntax: false })
  }
  const minified = "a?b:c;import('./x.png?magnific');const d='e',f=`g${h}`;".repeat(100_000)
  expect(readSource('a.js', minified, { checksSyntax: false }).references).toHaveLength(1)
  expect(performance.now() - startedAt).toBeLessThan(30_000)
})
