import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { computeFingerprint } from '../../src/core/fingerprint.ts'
import { isLoopback, serviceOf } from '../../src/core/service.ts'
import type { Params } from '../../src/core/params.ts'
import { hashFile } from '../../src/store/files.ts'
import { tmpProject } from '../helpers/project.ts'

const sourceHash = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')

describe('computeFingerprint', () => {
  // Whatever changes these values makes every user buy every image again.
  it('is SHA-256 over this very text where nothing is said', () => {
    const text =
      '[1,"magnific","/v1/ai/image-upscaler","ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",' +
      '[["scale_factor","2x"],["optimized_for","standard"],["prompt",""],["creativity",0],["hdr",0],' +
      '["resemblance",0],["fractality",0],["engine","automatic"],["filter_nsfw",false]]]'
    expect(computeFingerprint('magnific', sourceHash, {})).toBe(hashOf(text))
  })

  it('is SHA-256 over this very text where everything is said', () => {
    const text =
      '[1,"local","/v1/ai/image-upscaler","ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",' +
      '[["scale_factor","16x"],["optimized_for","3d_renders"],["prompt","a \\"dog\\" — 🐕"],["creativity",2],' +
      '["hdr",-3],["resemblance",4],["fractality",-10],["engine","magnific_sparkle"],["filter_nsfw",true]]]'
    const params: Params = {
      engine: 'magnific_sparkle',
      filter_nsfw: true,
      fractality: -10,
      resemblance: 4,
      hdr: -3,
      creativity: 2,
      prompt: 'a "dog" — 🐕',
      optimized_for: '3d_renders',
      scale_factor: '16x',
    }
    expect(computeFingerprint('local', sourceHash, params)).toBe(hashOf(text))
  })

  it('is the same whether a default is spelled out or left out', () => {
    const bare = computeFingerprint('magnific', sourceHash, {})
    const defaults: Required<Params> = {
      scale_factor: '2x',
      optimized_for: 'standard',
      prompt: '',
      creativity: 0,
      hdr: 0,
      resemblance: 0,
      fractality: 0,
      engine: 'automatic',
      filter_nsfw: false,
    }
    expect(computeFingerprint('magnific', sourceHash, defaults)).toBe(bare)
    for (const [name, value] of Object.entries(defaults)) {
      expect(computeFingerprint('magnific', sourceHash, { [name]: value })).toBe(bare)
      expect(computeFingerprint('magnific', sourceHash, { [name]: undefined })).toBe(bare)
    }
  })

  it('is another one for every param, value, source and service', () => {
    const params: Params[] = [
      {},
      { scale_factor: '4x' },
      { scale_factor: '8x' },
      { optimized_for: 'soft_portraits' },
      { prompt: 'a' },
      { prompt: 'A' },
      { prompt: 'a ' },
      ...([-1, 1] as const).flatMap((value) => [
        { creativity: value },
        { hdr: value },
        { resemblance: value },
        { fractality: value },
      ]),
      { engine: 'magnific_sharpy' },
      { filter_nsfw: true },
    ]
    const otherSource = hashOf('another picture')
    const fingerprints = ['magnific', 'local', 'https://proxy.example'].flatMap((service) =>
      [sourceHash, otherSource].flatMap((source) =>
        params.map((said) => computeFingerprint(service, source, said)),
      ),
    )
    expect(new Set(fingerprints).size).toBe(fingerprints.length)
    for (const fingerprint of fingerprints) expect(fingerprint).toMatch(/^[\da-f]{64}$/)
  })

  it('is that of the original for a renamed copy', () => {
    const bytes = 'the same picture under two names'
    const { path } = tmpProject({ 'hero.png': bytes, 'copies/another name.jpg': bytes })
    const [original, copy] = ['hero.png', 'copies/another name.jpg'].map((name) =>
      computeFingerprint('magnific', hashFile(path(name)), { hdr: 1 }),
    )
    expect(copy).toBe(original)
  })
})

describe('serviceOf', () => {
  it.each([
    ['https://api.freepik.com', 'magnific'],
    ['https://api.magnific.com', 'magnific'],
    ['http://localhost:3000', 'local'],
    ['https://localhost', 'local'],
    ['http://127.0.0.1:1', 'local'],
    ['http://127.1.2.3', 'local'],
    ['http://[::1]:8080', 'local'],
    ['https://proxy.example', 'https://proxy.example'],
    ['https://proxy.example:8443', 'https://proxy.example:8443'],
    ['https://api.freepik.com.evil.example', 'https://api.freepik.com.evil.example'],
    ['https://evil-api.freepik.com', 'https://evil-api.freepik.com'],
    ['https://localhost.evil.example', 'https://localhost.evil.example'],
  ])('of %s is %s', (baseUrl, service) => {
    expect(serviceOf(baseUrl)).toBe(service)
  })
})

describe('isLoopback', () => {
  it.each(['localhost', '127.0.0.1', '127.255.0.9', '[::1]'])('knows %s', (hostname) => {
    expect(isLoopback(hostname)).toBe(true)
  })

  it.each(['128.0.0.1', '10.0.0.1', '0.0.0.0', '127.0.0.1.example', 'a127.0.0.1', '[::2]', ''])(
    'does not take %j for this machine',
    (hostname) => {
      expect(isLoopback(hostname)).toBe(false)
    },
  )
})
