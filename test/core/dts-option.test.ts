import { describe, expect, it } from 'vitest'
import type { Options } from '../../src/core/options.ts'
import { resolveOptions } from '../../src/core/resolve-options.ts'

const resolve = (dts: unknown): string | undefined =>
  resolveOptions({ dts } as Options, { root: '/app', command: 'build', env: {} }).dts

describe('dts', () => {
  it.each([
    [undefined, undefined],
    [false, undefined],
    [true, 'magnific.d.ts'],
    ['src/images.d.ts', 'src/images.d.ts'],
  ])('%j means %j', (given, path) => {
    expect(resolve(given)).toBe(path)
  })

  it.each([1, '', 'types', 'src/.d.ts', 'src/images.ts'])('is refused as %j', (given) => {
    expect(() => resolve(given)).toThrow(
      `\`dts\` must be true, false or a path that ends in .d.ts, such as 'magnific.d.ts', got ${JSON.stringify(given)}.`,
    )
  })
})
