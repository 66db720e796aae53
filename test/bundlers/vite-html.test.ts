import { describe, expect, it } from 'vitest'
import { findAssetUrls } from '../../src/bundlers/vite-html.ts'

const url = './a.png?magnific=2x'

async function found(html: string): Promise<string[]> {
  return (await findAssetUrls(html)).filter((text) => text.includes('magnific'))
}

describe('findAssetUrls', () => {
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
    `<p style="background: url(${url})">`,
    `<p style='background: image-set("${url}" 2x)'>`,
    `<meta property="og:image" content="${url}">`,
    `<meta name="Twitter:Image" content="${url}">`,
  ])('finds what %s refers to', async (html) => {
    const urls = await found(html)
    expect(urls.length).toBeGreaterThan(0)
    for (const text of urls) expect(text).toBe(url)
  })

  it('minds the attributes that a project adds', async () => {
    const additional = { div: { srcAttributes: ['data-src'], srcsetAttributes: ['data-all'] } }
    const urls = await findAssetUrls(
      `<div data-src="${url}" data-all="${url} 2x"></div><p data-src="${url}"></p>`,
      additional,
    )
    expect(urls.filter((text) => text === url)).toHaveLength(2)
  })

  it('decodes entities', async () => {
    expect(await found('<img src="a.png?magnific=2x&amp;hdr&#61;1">')).toEqual([
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
  ])('leaves %s alone', async (html) => {
    expect(await found(html)).toEqual([])
  })
})
