import { describe, expect, it } from 'vitest'
import { findPageAttributes, renderAttribute } from '../../src/scan/page-attributes.ts'

const url = './a.png?magnific=2x'

function found(html: string): string[] {
  return findPageAttributes(html)
    .filter(({ isAsset }) => isAsset)
    .flatMap(({ urls }) => urls)
    .filter((text) => text.includes('magnific'))
}

describe('findPageAttributes', () => {
  it.each([
    `<img src="${url}">`,
    `<IMG SRC=${url}>`,
    `<img alt="x"src='${url}'>`,
    `<img srcset="b.png 1x,${url} 2x">`,
    `<picture><source srcset="${url} 2x"></picture>`,
    `<video poster=" ${url} "></video>`,
    `<link rel="icon" href="${url}">`,
    `<link rel="preload" as="image" imagesrcset="${url} 2x">`,
    `<object data="${url}"></object>`,
    `<input type="image" src="${url}">`,
    `<svg><image href="${url}"/><use xlink:href="${url}"/></svg>`,
    `<template><img src="${url}"></template>`,
    `<body><noscript><img src="${url}"></noscript>`,
    `<head><noscript><link rel="icon" href="${url}"></noscript>`,
    `<meta property="og:image" content="${url}">`,
    `<meta name="Twitter:Image" content="${url}">`,
  ])('finds what %s refers to', (html) => {
    const urls = found(html)
    expect(urls.length).toBeGreaterThan(0)
    for (const text of urls) expect(text).toBe(url)
  })

  it('minds the attributes that a project adds', () => {
    const additional = { div: { srcAttributes: ['data-src'], srcsetAttributes: ['data-all'] } }
    const attributes = findPageAttributes(
      `<div data-src="${url}" data-all="${url} 2x"></div><p data-src="${url}"></p>`,
      additional,
    )
    expect(attributes.map(({ element, name, isAsset }) => [element, name, isAsset])).toEqual([
      ['div', 'data-src', true],
      ['div', 'data-all', true],
      ['p', 'data-src', false],
    ])
  })

  it('decodes entities', () => {
    expect(found('<img src="a.png?magnific=2x&amp;hdr&#61;1">')).toEqual([
      'a.png?magnific=2x&hdr=1',
    ])
  })

  it.each([
    `<!-- <img src="${url}"> -->`,
    `<p>${url} &lt;img src="${url}"&gt;</p>`,
    `<a href="${url}">the picture itself</a>`,
    `<script>const html = '<img src="${url}">'</script>`,
    `<textarea><img src="${url}"></textarea>`,
    `<img vite-ignore src="${url}">`,
    `<meta name="description" content="Write ${url}">`,
  ])('leaves %s alone', (html) => {
    expect(found(html)).toEqual([])
  })
})

describe('renderAttribute', () => {
  it.each([
    ['a.png?magnific=2x', ['b.png'], 'b.png'],
    [' a.png?magnific=2x ', ['b.png'], ' b.png '],
    ['a.png 1x, a.png?magnific=2x 2x', ['a.png', 'b.png'], 'a.png 1x, b.png 2x'],
    ['a.png?magnific=2x, a.png?magnific=4x 2x', ['b.png', 'c.png'], 'b.png, c.png 2x'],
    [
      'a,b.png?magnific=2x 100w,c.png 200w',
      ['x&"y.png', 'c.png'],
      'x&amp;&quot;y.png 100w,c.png 200w',
    ],
  ])('exchanges the URLs of %s', async (value, replacements, expected) => {
    const [attribute] = findPageAttributes(`<img srcset="${value}">`)
    expect(renderAttribute(attribute, replacements)).toBe(`srcset="${expected}"`)
  })
})
