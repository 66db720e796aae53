import { describe, expect, it } from 'vitest'
import { isWrittenIn } from '../../../src/bundlers/vite/page-file.ts'
import { tmpProject } from '../../helpers/project.ts'

const url = '/src/a.png?magnific=2x&hdr=1'

describe('isWrittenIn', () => {
  it.each([
    `<p style="background: url(${url})">`,
    `<p style='background: url("${url}")'>`,
    `<img src="/src/a.png?magnific=2x&amp;hdr=1">`,
    `<img src=${url}>`,
    `<img src="${url}0"><img src="${url}">`,
  ])('finds it in %s', (html) => {
    expect(isWrittenIn(tmpProject({ 'index.html': html }).path('index.html'), url)).toBe(true)
  })

  it.each([
    `<img src="${url}0">`,
    `<img src="${url}&prompt=nice">`,
    `<img src="/deep${url}">`,
    '<img src="/src/a.png?magnific=2x">',
  ])('does not find it in %s', (html) => {
    expect(isWrittenIn(tmpProject({ 'index.html': html }).path('index.html'), url)).toBe(false)
  })

  it('finds nothing in a page that is no file', () => {
    expect(isWrittenIn(tmpProject().path('index.html'), url)).toBe(false)
  })
})
