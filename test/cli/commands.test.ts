import { existsSync, mkdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { openDesk, shortOf } from '../helpers/cli.ts'
import { errorOf } from '../helpers/errors.ts'

describe('magnific resolve', () => {
  it.each([
    [['resolve', 'abcdef'], 'Say either --adopt <task id> or --void.'],
    [['resolve', 'abcdef', '--adopt', 'x', '--void'], 'Say either'],
    [['resolve', 'abcdef', '--void'], 'has no fingerprint that begins with "abcdef"'],
    [['retry', 'abcdef'], 'has no fingerprint that begins with "abcdef"'],
    [['retry', 'nothing'], '"nothing" is no fingerprint: give at least 4 of its digits'],
    [['resolve', 'abc', '--void'], '"abc" is no fingerprint: give at least 4 of its digits'],
    [['resolve', 'a'.repeat(65), '--void'], 'is no fingerprint'],
  ])('explains %j', async (args, explanation) => {
    const { magnific } = await openDesk()
    const { code, stderr } = await magnific(...args)
    expect(code).toBe(1)
    expect(stderr).toContain(explanation)
  })
})

describe('magnific retry', () => {
  it('lets the next build submit what failed once more, and nothing else', async () => {
    const { emulator, project, order, next, magnific } = await openDesk({
      outcome: 'FAILED',
      times: 1,
    })
    await errorOf(async () => next().buy(order))
    await next().buy(next().order(project.path('src/hero.png'), 'magnific=4x'))
    const { stdout } = await magnific('retry')
    expect(stdout).toContain(`${shortOf(order)}  src/hero.png`)
    expect((await next().buy(order)).from).toBe('paid')
    expect(emulator.tasks).toHaveLength(3)
    expect((await magnific('retry')).stdout).toBe('Nothing has failed.\n')
  })

  it('refuses what has not failed', async () => {
    const { order, next, magnific } = await openDesk()
    await next().buy(order)
    const { code, stderr } = await magnific('retry', shortOf(order))
    expect(code).toBe(1)
    expect(stderr).toContain('has not failed: it is completed')
  })
})

describe('magnific', () => {
  it('shows its commands, and ends with 2 where it does not understand', async () => {
    const { magnific } = await openDesk()
    const help = await magnific('--help')
    expect(help.code).toBe(0)
    for (const command of ['status', 'resolve', 'retry']) expect(help.stdout).toContain(command)
    const nonsense = await magnific('nonsense')
    expect(nonsense.code).toBe(2)
    expect(nonsense.stderr).toContain('There is no command "nonsense".')
    expect(nonsense.stdout).toContain('Usage:')
    const nothing = await magnific()
    expect([nothing.code, nothing.stderr]).toEqual([0, ''])
    expect((await magnific('status', '--nonsense')).code).toBe(2)
    expect((await magnific('resolve')).code).toBe(2)
  })

  it('looks into the cache directory that it is given', async () => {
    const { project, order, next, magnific } = await openDesk({ status: 500 })
    await errorOf(async () => next().buy(order))
    mkdirSync(project.path('other'))
    const elsewhere = await magnific('status', '--cache-dir', project.path('other'))
    expect(elsewhere.stdout).toContain('Nothing was attempted yet')
    const here = await magnific('status', '--cache-dir', '../.magnific')
    expect(here.stdout).toContain('1 ambiguous')
  })

  it.each([
    ['upscale', '--yes'],
    ['upscale', 'hero.png', '--out=big.png', '--yes'],
    ['plan'],
    ['ui'],
    ['prune', '--unreferenced', '--yes'],
  ])(
    'buys and removes nothing by the defaults in place of a config that cannot be loaded: %s',
    async (...args) => {
      const { project, emulator, magnific } = await openDesk()
      project.write('src/main.js', "import './hero.png?magnific=2x'\n")
      project.write('magnific.config.mjs', 'export default { budget: oops }\n')
      mkdirSync(project.path('.magnific'), { recursive: true })
      const cache = `--cache-dir=${project.path('.magnific')}`
      const { code, stderr } = await magnific(...args, cache)
      expect(code).not.toBe(0)
      expect(stderr).toContain('magnific.config.mjs cannot be loaded (oops is not defined')
      expect(stderr).toContain('decides what is bought, and what is referred to. Mend it first.')
      expect(emulator.calls).toEqual([])
      // What is in the cache can be looked at.
      expect(await magnific('status', cache)).toMatchObject({ code: 0 })
    },
  )

  it.each([
    ['no text', ''],
    ['nothing there', '../no-such-cache'],
    ['a file', 'hero.png'],
  ])('refuses a cache directory that is %s', async (_, dir) => {
    const { project, magnific } = await openDesk()
    for (const command of [['status'], ['retry'], ['resolve', 'abcd', '--void']]) {
      // With nothing after `=` it is not understood at all.
      const joined = dir === '' ? [] : [[`--cache-dir=${dir}`]]
      for (const flag of [['--cache-dir', dir], ...joined]) {
        const { code, stdout, stderr } = await magnific(...command, ...flag)
        expect([code, stdout]).toEqual([1, ''])
        expect(stderr).toContain(`There is no directory "${dir}": see --cache-dir.`)
      }
    }
    expect(existsSync(project.path('no-such-cache'))).toBe(false)
  })
})
