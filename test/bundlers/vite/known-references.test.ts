import { describe, expect, it } from 'vitest'
import { createKnownReferences } from '../../../src/bundlers/vite/dev/known-references.ts'

describe('createKnownReferences', () => {
  it.each([
    'magnific=2x&hdr=1',
    'hdr=1&magnific=2x',
    't=1&magnific=2x&hdr=1&import',
    'magnific=2%78&hdr=1&url',
    'magnific=2x&hdr=1&inline',
  ])('knows a reference that is spelled %s', (query) => {
    const known = createKnownReferences()
    known.add({ file: '/a.png', query: 'magnific=2x&hdr=1' })
    expect(known.has({ file: '/a.png', query })).toBe(true)
  })

  it.each([
    ['/b.png', 'magnific=2x&hdr=1'],
    ['/a.png', 'magnific=2x'],
    ['/a.png', 'magnific=4x&hdr=1'],
    ['/a.png', 'magnific=2x&hdr=1&prompt=x'],
    ['/a.png', 'magnific=2x&hdr=1&hdr=1'],
  ])('knows nothing of %s?%s', (file, query) => {
    const known = createKnownReferences()
    known.add({ file: '/a.png', query: 'magnific=2x&hdr=1' })
    expect(known.has({ file, query })).toBe(false)
  })

  it('tells who refers to a file, and takes note of one that is missing once', () => {
    const known = createKnownReferences()
    known.markMissing('/a.png')
    expect(known.takeMissing('/a.png')).toBe(false)
    known.add({ file: '/a.png', query: 'magnific', importer: '/main.js' })
    known.add({ file: '/a.png', query: 'magnific=4x', importer: '/style.css' })
    expect(known.importersOf('/a.png')).toEqual(['/main.js', '/style.css'])
    expect(known.importersOf('/b.png')).toEqual([])
    known.markMissing('/a.png')
    expect(known.takeMissing('/a.png')).toBe(true)
    expect(known.takeMissing('/a.png')).toBe(false)
  })

  it('tells what has changed since a page began to load', () => {
    const known = createKnownReferences()
    known.touch('/a.png', 1000)
    known.touch('/b.png', 2000)
    expect(known.touchedAt('/a.png')).toBe(1000)
    expect(known.touchedSince(1500)).toEqual(['/b.png'])
    expect(known.touchedSince(3000)).toEqual([])
  })
})
