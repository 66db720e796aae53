import { describe, expect, it } from 'vitest'
import type { Options } from '../../src/core/options.ts'
import { resolveOptions } from '../../src/core/resolve-options.ts'

const resolve = (report: unknown): string | undefined =>
  resolveOptions({ report } as Options, { root: '/app', command: 'build', env: {} }).report

describe('report', () => {
  it.each([
    [undefined, undefined],
    [false, undefined],
    [true, 'magnific-report.html'],
    ['dist/images.html', 'dist/images.html'],
  ])('%j means %j', (given, path) => {
    expect(resolve(given)).toBe(path)
  })

  it.each([1, '', 'report', 'out/.html', 'out/report.htm'])('is refused as %j', (given) => {
    expect(() => resolve(given)).toThrow(
      `\`report\` must be true, false or a path that ends in .html, such as 'magnific-report.html', got ${JSON.stringify(given)}.`,
    )
  })
})
