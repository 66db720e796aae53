import { describe, expect, it } from 'vitest'
import { readSource } from '../../src/scan/read-source.ts'

const read = (file: string, text: string): string[] =>
  readSource(file, text).references.map(({ specifier }) => specifier)
const imports = (file: string, text: string): string[] =>
  readSource(file, text).imports.map(({ specifier }) => specifier)

describe('a component of Vue', () => {
  it('refers to images in its scripts, its template and its styles', () => {
    const text = `\uFEFF<!-- <script>import './commented.png?magnific'</script> -->
<script lang="ts">
import a from './a.png?magnific'
</script>
<script setup lang="ts">
import type { B } from './type.png?magnific'
const c = new URL('./b.png?magnific', import.meta.url), d = '</template>'
</script>
<template>
  <!-- <img src="./commented.png?magnific"> -->
  <template v-if="a < b && c > d">
    <img src="./c.png?w=1&amp;magnific" alt="<img src='./alt.png?magnific'>" :title="x ? 'y' : 'z'" />
  </template>
  {{ '<img src="./text.png?magnific">' }} {{ a < b }}
  <img :src="a" srcset="./d.png?magnific 1x, @/e.png?magnific=4x 2x">
  <img v-bind:src="'./bound.png?magnific'" data-src="./data.png?magnific">
  <video src="/f.mp4" poster='~/g.png?magnific'></video>
  <svg><image href="./h.png?magnific"/><use xlink:href="./i.svg?magnific#icon" /></svg>
  <source src=./j.png?magnific><p>don't</p>
  <img src="./k%20l.png?magnific"><img src="https://example.com/a.png?magnific">
  <MyImage src="./component.png?magnific" /><audio src="./audio.png?magnific" />
</template>
<style src="./one.css"/>
<style scoped lang="scss">
// it's
a { b: url(./m.png?magnific) }
</style>
<docs><img src="./docs.png?magnific"><script>import './docs.png?magnific'</script></docs>
<style>c { d: url("./n.png?magnific") }</style>`
    expect(read('a.vue', text)).toEqual([
      './a.png?magnific',
      './b.png?magnific',
      './c.png?w=1&magnific',
      './d.png?magnific',
      '@/e.png?magnific=4x',
      'g.png?magnific',
      './h.png?magnific',
      './i.svg?magnific',
      './j.png?magnific',
      './k l.png?magnific',
      './m.png?magnific',
      './n.png?magnific',
    ])
    expect(imports('a.vue', text)).toEqual(['./one.css'])
  })

  it('may have blocks that are files of their own, and another language in its template', () => {
    const text = `<template src="./a.html"></template>
<script src="./a.ts"></script>
<style lang="less" src="./a.less"></style>`
    expect(imports('a.vue', text)).toEqual(['./a.html', './a.ts', './a.less'])
    const pug = `<template lang="pug">
img(src="./a.png?magnific")
<img src="./a.png?magnific">
</template>`
    expect(read('a.vue', pug)).toEqual([])
  })

  it('tells the place of a reference', () => {
    const text = `<script>\nimport './a.png?magnific'\n</script>\n<template>\n  <img\n src="./b.png?magnific">\n</template>`
    const places = readSource('a.vue', text).references.map(({ line, column }) => [line, column])
    expect(places).toEqual([
      [2, 8],
      [5, 3],
    ])
  })

  it('tells what is wrong with its script', () => {
    const text = "<script>\nimport './a.png?magnific'\nconst = 1\n</script>"
    const { problem, references } = readSource('a.vue', text)
    expect(problem?.message).toMatch(/\(line 3, column 7\)\.$/)
    expect(references).toHaveLength(1)
  })
})

describe('a component of Svelte', () => {
  it('refers to images in its scripts, its styles, and by calls in its markup', () => {
    const text = `<!-- <script>import './commented.png?magnific'</script> -->
<script module lang="ts">
  import a from './a.png?magnific'
</script>
<script>
  import b from './b.png?magnific'
  const text = '<style>'
</script>
{#if c <d}<img src={a} alt="don't">{/if}
<img src="./attribute.png?magnific" />
{#await import('./c.png?magnific') then { default: e }}<img src={e} />{/await}
<style lang="scss">
  f { g: url(./d.png?magnific) } // it's
</style>`
    expect(read('a.svelte', text)).toEqual([
      './a.png?magnific',
      './b.png?magnific',
      './c.png?magnific',
      './d.png?magnific',
    ])
  })

  it('refers to images in elements of @sveltejs/enhanced-img', () => {
    const text = `<!-- <enhanced:img src="./commented.png?magnific" /> -->
<enhanced:img
  alt="a > b" src="./a.png?magnific=4x&amp;hdr=2" sizes="100vw" />
<enhanced:img src={b} /><enhanced:image src="./none.png?magnific" />
<enhanced:img src="$lib/c.png?magnific"></enhanced:img>`
    expect(read('a.svelte', text)).toEqual(['./a.png?magnific=4x&hdr=2', '$lib/c.png?magnific'])
  })
})

describe('a component of Astro', () => {
  it('refers to images in its frontmatter, its scripts, its styles, and by calls in its markup', () => {
    const text = `---
import a from './a.png?magnific'
import Layout from '../layout.astro'
if (!a) return
---
<Layout><img src={a.src} /><img src="./attribute.png?magnific" />
{[1].map(() => <img src={new URL('./b.png?magnific', import.meta.url).href} />)}
</Layout>
<script>
  import './c.png?magnific'
</script>
<script is:inline>import('./inline.png?magnific')</script>
<script src="../client.ts"></script>
<style>d { e: url(./d.png?magnific) }</style>`
    expect(read('a.astro', text)).toEqual([
      './a.png?magnific',
      './b.png?magnific',
      './c.png?magnific',
      './d.png?magnific',
    ])
    expect(imports('a.astro', text)).toEqual(['../layout.astro', '../client.ts'])
    expect(readSource('a.astro', text).problem).toBeUndefined()
  })
})

describe('a document of MDX', () => {
  it('refers to images by imports and by calls, but not in code and texts', () => {
    const text = `---
title: import
---

import a from './a.png?magnific'
import B from '../b.jsx'
export { default as c } from './b.png?magnific'

# Don't import

A paragraph goes on with
import d from './paragraph.png?magnific'

\`\`\`js
import e from './code.png?magnific'

import f from './code.png?magnific'
\`\`\`

  ~~~
import g from './code.png?magnific'
  ~~~

Write \`import('./inline.png?magnific')\` or ![h](./markdown.png?magnific).

{/* import('./comment.png?magnific') */}

<img src={new URL('./c.png?magnific', import.meta.url).href} />

import i from './d.png?magnific'
`
    expect(read('a.mdx', text)).toEqual([
      './a.png?magnific',
      './b.png?magnific',
      './c.png?magnific',
      './d.png?magnific',
    ])
    expect(imports('a.mdx', text)).toEqual(['../b.jsx'])
  })
})

it('takes no time that grows faster than the text', () => {
  const parts = [
    '<img ',
    '<a b="',
    '<template>',
    '<script>',
    '{{',
    '<!--',
    '`',
    '```\n',
    '{/*',
    '---\n',
    '<img src="',
    '<enhanced:img ',
    'import ',
  ]
  const startedAt = performance.now()
  for (const part of parts) {
    const text = `${part.repeat(200_000 / part.length)} "./a.png?magnific" import(`
    for (const name of ['vue', 'svelte', 'astro', 'mdx', 'html']) readSource(`a.${name}`, text)
    readSource('a.vue', `<template>${text}</template>`)
    readSource('a.vue', `<script>${text}</script>`, { checksSyntax: false })
  }
  expect(performance.now() - startedAt).toBeLessThan(60_000)
})
