import { describe, expect, it } from 'vitest'
import { readImageRequest } from '../../../src/bundlers/vite/dev/requests.ts'

const settings = { root: '/app', base: '/', mayLackBase: false, passthrough: [] }
const read = (url: string, base = '/'): ReturnType<typeof readImageRequest> =>
  readImageRequest(url, { ...settings, base })

describe('readImageRequest', () => {
  it.each([
    ['/src/a.png?magnific=2x', '/app/src/a.png', 'magnific=2x'],
    ['/src/a.png?magnific', '/app/src/a.png', 'magnific'],
    ['/src/a.png?t=1700000000000&magnific=2x&v=abc', '/app/src/a.png', 'magnific=2x'],
    ['/src/a%20b%23%25.png?magnific=2x', '/app/src/a b#%.png', 'magnific=2x'],
    ['/@fs/home/a.png?magnific=2x', '/home/a.png', 'magnific=2x'],
    ['/src/%2e%2e/%2e%2e/a.png?magnific=2x', '/a.png', 'magnific=2x'],
    ['//src/a.png?magnific=2x', '/app/src/a.png', 'magnific=2x'],
    ['/src/A.PNG?hdr=1&magnifc=2x', '/app/src/A.PNG', 'hdr=1&magnifc=2x'],
    ['/src/a.png??magnific=2x', '/app/src/a.png', '?magnific=2x'],
    ['/src/a.png?magnific&prompt=who?', '/app/src/a.png', 'magnific&prompt=who?'],
    ['/src/a.svg?magnific=2x', '/app/src/a.svg', 'magnific=2x'],
    // Vite cannot decode it, and would serve the original.
    ['/src/a.png?import&magnific&prompt=%ff', '/app/src/a.png', 'magnific&prompt=%ff'],
    ['/src/a.png?important&magnific=2x', '/app/src/a.png', 'important&magnific=2x'],
  ])('takes %s for an image', (url, file, query) => {
    expect(read(url)).toMatchObject({ file, query })
  })

  it.each([
    '/src/a.png',
    '/src/a.png?url',
    '/src/a.png?import&magnific=2x',
    '/src/a.png?magnific=2x&import=',
    '/src/a.png?magnific=2x?import',
    '/src/main.js?magnific=2x',
    '/?magnific=2x',
    '/index.html?html-proxy&magnific=2x',
  ])('leaves %s to Vite', (url) => {
    expect(read(url)).toBeUndefined()
  })

  it.each([
    '/src/a.png?magnific=2x#x',
    '/src/a%2fb.png?magnific=2x',
    '/src/a%5cb.png?magnific=2x',
    '/src/a%00.png?magnific=2x',
    '/src/%E0%A4.png?magnific=2x',
  ])('refuses %s', (url) => {
    expect(() => read(url)).toThrow(expect.objectContaining({ code: 'BAD_QUERY' }))
  })

  it('refuses a URL that is longer than servers take', () => {
    const url = `/src/a.png?magnific=2x&prompt=${'x'.repeat(16_000)}`
    expect(() => read(url)).toThrow(/16\d{3} characters/)
  })

  it('takes the base off', () => {
    expect(read('/deep/app/src/a.png?magnific=2x', '/deep/app/')).toMatchObject({
      file: '/app/src/a.png',
      path: '/src/a.png',
    })
    expect(read('/deep/app/@fs/x/a.png?magnific=2x', '/deep/app/')?.file).toBe('/x/a.png')
    expect(read('/src/a.png?magnific=2x', '/deep/app/')).toBeUndefined()
    const mounted = { ...settings, base: '/deep/app/', mayLackBase: true }
    expect(readImageRequest('/src/a.png?magnific=2x', mounted)?.file).toBe('/app/src/a.png')
  })
})
