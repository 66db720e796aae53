import { describe, expect, it } from 'vitest'
import { readSource } from '../../src/scan/read-source.ts'

const read = (text: string): string[] =>
  readSource('a.html', text).references.map(({ specifier }) => specifier)
const imports = (text: string): string[] =>
  readSource('a.html', text).imports.map(({ specifier }) => specifier)

describe('a reference of a page', () => {
  it.each([
    ['<img src="./a.png?magnific=2x">', ['./a.png?magnific=2x']],
    ['<IMG SRC=a.png?magnific>', ['a.png?magnific']],
    ['<img src="/a.png?w=10&amp;magnific">', ['/a.png?w=10&magnific']],
    ['<img src="./a.png&#63;magnific">', ['./a.png?magnific']],
    ['<img src="./a.png&quest;magnific">', ['./a.png?magnific']],
    [
      '<img srcset="./a.png?magnific 1x,\n./b.png?magnific=4x 2x, ./c.png 3x">',
      ['./a.png?magnific', './b.png?magnific=4x'],
    ],
    ['<meta property="og:image" content="./a.png?magnific">', ['./a.png?magnific']],
    ['<link rel="preload" imagesrcset="./a.png?magnific 2x">', ['./a.png?magnific']],
    ['<video poster="./a.png?magnific"></video>', ['./a.png?magnific']],
    ['<svg><use xlink:href="./a.png?magnific"/></svg>', ['./a.png?magnific']],
    ['<p style="background: url(./a.png?magnific)">', ['./a.png?magnific']],
    ["<p style='background: url(&quot;./a.png?magnific&quot;)'>", ['./a.png?magnific']],
    ['<style>a { b: url(./a.png?magnific) }</style>', ['./a.png?magnific']],
    [
      '<script type="module">import a from "./a.png?magnific"; b("</b>")</script>',
      ['./a.png?magnific'],
    ],
    ['<!-- <img src="./a.png?magnific"> -->', []],
    ['<img vite-ignore src="./a.png?magnific">', []],
    ['<style vite-ignore>a { b: url(./a.png?magnific) }</style>', []],
    ['<script>import("./a.png?magnific")</script>', []],
    ['<script type="importmap">{ "a": "./a.png?magnific" }</script>', []],
    ['<textarea><img src="./a.png?magnific"></textarea>', []],
    ['<p title="./a.png?magnific">./a.png?magnific</p>', []],
    ['<img src="https://example.com/a.png?magnific">', []],
    ['<a href="/page?magnific">', []],
  ])('in %j', (text, expected) => {
    expect(read(text)).toEqual(expected)
  })

  it('that the build refuses says so', () => {
    expect(readSource('a.html', '<a href="./a.png?magnific">').references).toMatchObject([
      { specifier: './a.png?magnific', refusal: expect.stringContaining('<a href>') },
    ])
  })

  it('has its place, in styles and scripts too', () => {
    const text = `<img
      src="./a.png?magnific">
      <style>a { b: url(./b.png?magnific) }</style>
      <script type="module">
        import './c.png?magnific'
      </script>`
    const places = readSource('a.html', text).references.map(({ line, column }) => [line, column])
    expect(places).toEqual([
      [2, 7],
      [3, 21],
      [5, 16],
    ])
  })
})

describe('what a page loads', () => {
  const html = `<!doctype html>
    <!-- <script type="module" src="./commented.js"></script> -->
    <link rel="stylesheet" href="./a.css?v=1"><link href="b.scss">
    <link rel="icon" href="./icon.png"><link rel=stylesheet vite-ignore href="./ignored.css">
    <script type="module" src="/src/main.ts"></script>
    <script src="./classic.js"></script>
    <script type=module>import './inline.js'</script>
    <style>@import './style.css';</style>
    <script type="module" src="https://example.com/a.js"></script>`
  const expected = ['./a.css', 'b.scss', '/src/main.ts', './inline.js', './style.css']

  it('is found without a parser, where there is no reference', () => {
    expect(imports(html).toSorted()).toEqual(expected.toSorted())
  })

  it('is the same beside a reference', () => {
    const text = `${html}<img src="./a.png?magnific">`
    expect(imports(text).toSorted()).toEqual(expected.toSorted())
  })
})

it('reads pages that are deeper than a stack', () => {
  const text = `${'<div>'.repeat(100_000)}<img src="./a.png?magnific">`
  expect(read(text)).toEqual(['./a.png?magnific'])
})
