import { describe, expect, it } from 'vitest'
import { checkVersion, isTestRun } from '../../../src/bundlers/vite/project.ts'

describe('checkVersion', () => {
  it('refuses what has no environments, as Vite 5, with the way out', () => {
    expect(() => checkVersion({})).toThrow('needs Vite 6 or later')
    expect(() => checkVersion({})).toThrow('"overrides": { "vite": "^6.4.6" }')
    expect(() => checkVersion({ environments: {} })).not.toThrow()
  })
})

describe('isTestRun', () => {
  it.each([
    ['serve', ['vite:css', 'vitest'], true],
    ['serve', ['vitest:project'], true],
    ['serve', ['vitest-like', 'my-vitest'], false],
    ['build', ['vitest'], false],
    ['serve', [], false],
  ] as const)('of %s with %j is %s', (command, names, expected) => {
    const plugins = names.map((name) => ({ name }))
    expect(isTestRun({ command, plugins } as never)).toBe(expected)
  })
})
