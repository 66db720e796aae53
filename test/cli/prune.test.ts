import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openWorkspace } from '../../src/cli/workspace.ts'
import { runPrune } from '../../src/cli/prune.ts'
import type { PruneFlags, Referenced } from '../../src/cli/prune.ts'
import type { Order } from '../../src/purchase/order.ts'
import { readTree } from '../helpers/canary.ts'
import { makeOld, namesIn } from '../helpers/cache.ts'
import { killAt, leavePending, openDesk, shipAnew, shortOf } from '../helpers/cli.ts'
import type { Desk, KillMoment } from '../helpers/cli.ts'
import { postsTo } from '../helpers/emulator.ts'
import { errorOf } from '../helpers/errors.ts'
import { makePng } from '../helpers/images.ts'
import { attemptFolder, describeOwner, leaveAttempt } from '../helpers/shop.ts'

const nothing: Referenced = { fingerprints: new Set(), variants: new Set() }

/** Runs the command in this process, since what is referenced is found by others. */
async function prune(
  { project }: Pick<Desk, 'project'>,
  flags: PruneFlags,
  referenced: () => Promise<Referenced> = async () => nothing,
  now = Date.now(),
  service = 'local',
): Promise<string> {
  const printed: string[] = []
  const write = (text: string): void => void printed.push(text)
  const terminal = { write, warn: write }
  const workspace = await openWorkspace({ cacheDir: project.path('.magnific') }, terminal)
  await runPrune({ ...workspace, service }, flags, now, referenced)
  return printed.join('\n')
}

/** What is left of results. */
function leftOf({ project }: Pick<Desk, 'project'>): { [part: string]: number } {
  const count = (folder: string): number => {
    const dir = project.path('.magnific/v1', folder)
    return existsSync(dir) ? Object.keys(readTree(dir)).length : 0
  }
  return { results: count('results'), blobs: count('blobs'), journal: count('journal') }
}

const none = { results: 0, blobs: 0, journal: 0 }

async function stock(): Promise<Desk & { other: Order }> {
  const desk = await openDesk()
  const { project, order, next } = desk
  await next().buy(order)
  const file = project.write('src/other.png', await makePng({ width: 180, height: 160, seed: 2 }))
  const other = next().order(file)
  await next().buy(other)
  return { ...desk, other }
}

describe('magnific prune', () => {
  it('touches nothing, and says what would go, until it is told to do it', async () => {
    const desk = await stock()
    const before = readTree(desk.project.path('.magnific'))
    const { code, stdout } = await desk.magnific('prune', '--older-than', '90d')
    expect(code).toBe(0)
    expect(stdout).toContain(`${shortOf(desk.order)}  src/hero.png  2026-01-01T00:00:00`)
    expect(stdout).toMatch(/Would remove 2 results \(\d+\.\d kB\): \d+\.\d kB {2}in /)
    expect(stdout).toContain('Nothing was touched: add --yes.')
    expect(readTree(desk.project.path('.magnific'))).toEqual(before)
    const done = await desk.magnific('prune', '--older-than', '90d', '--yes')
    expect(done.stdout).toMatch(/Removed 2 results \(/)
    expect(leftOf(desk)).toEqual(none)
    expect((await shipAnew(desk)).from).toBe('paid')
    expect(postsTo(desk.emulator)).toBe(3)
  })

  it('keeps what was bought later than that', async () => {
    const desk = await stock()
    const now = Date.UTC(2026, 0, 8)
    expect(await prune(desk, { olderThan: '2w', yes: true }, undefined, now)).toContain(
      'Nothing was to be removed',
    )
    expect(leftOf(desk)).toMatchObject({ results: 2, blobs: 2 })
    await prune(desk, { olderThan: '6d', yes: true }, undefined, now)
    expect(leftOf(desk)).toEqual(none)
  })

  it('removes what nothing refers to, and keeps what something does', async () => {
    const desk = await stock()
    const { order, other } = desk
    const referenced = { fingerprints: new Set([order.fingerprint]), variants: new Set<string>() }
    const said = await prune(desk, { unreferenced: true, yes: true }, async () => referenced)
    expect(said).toContain(shortOf(other))
    expect(said).not.toContain(shortOf(order))
    expect(leftOf(desk)).toMatchObject({ results: 1, blobs: 1 })
    expect((await shipAnew(desk)).from).toBe('cached')
    expect(postsTo(desk.emulator)).toBe(2)
  })

  it('asks both of what goes, where both are said', async () => {
    const desk = await stock()
    const now = Date.UTC(2026, 0, 2)
    const flags = { unreferenced: true, olderThan: '2d', yes: true }
    await prune(desk, flags, undefined, now)
    expect(leftOf(desk).results).toBe(2)
    const both = new Set([desk.order.fingerprint, desk.other.fingerprint])
    await prune(desk, { olderThan: '1h', unreferenced: true, yes: true }, async () => ({
      ...nothing,
      fingerprints: both,
    }))
    expect(leftOf(desk).results).toBe(2)
  })

  it('removes nothing where what is referenced cannot be found out', async () => {
    const desk = await stock()
    const before = readTree(desk.project.path('.magnific'))
    const flags = { unreferenced: true, olderThan: '1h', yes: true }
    const work = prune(desk, flags, async () => {
      throw new Error('a config that throws')
    })
    await expect(work).rejects.toThrow('a config that throws')
    expect(readTree(desk.project.path('.magnific'))).toEqual(before)
  })

  it('keeps what a build may have bought just now', async () => {
    const desk = await stock()
    const now = Date.UTC(2026, 0, 1, 0, 30)
    expect(await prune(desk, { unreferenced: true, yes: true }, undefined, now)).toContain(
      '2 bought within the hour: they stay.',
    )
    expect(leftOf(desk).results).toBe(2)
  })

  it('keeps bytes that another result shares', async () => {
    const desk = await stock()
    const { order, other, next } = desk
    const { records } = next().context
    const [kept, gone] = await Promise.all([
      records.find(order.fingerprint),
      records.find(other.fingerprint),
    ])
    if (!kept || !gone) throw new Error('Nothing was bought.')
    await records.put({ ...gone, result: kept.result })
    const fingerprints = new Set([order.fingerprint])
    await prune(desk, { unreferenced: true, yes: true }, async () => ({ ...nothing, fingerprints }))
    expect(leftOf(desk)).toMatchObject({ results: 1, blobs: 1 })
    expect((await shipAnew(desk)).from).toBe('cached')
    expect(postsTo(desk.emulator)).toBe(2)
  })

  it.each(['90', '-1d', '1y', '', 'd'])('refuses an age of %j', async (olderThan) => {
    const { magnific } = await openDesk()
    const { code, stderr } = await magnific('prune', `--older-than=${olderThan}`)
    // With nothing after `=` it is not understood at all.
    expect(code).toBe(olderThan === '' ? 2 : 1)
    if (code === 1) expect(stderr).toContain('--older-than must be hours, days or weeks')
  })

  it('tells programs the same', async () => {
    const { magnific, project, order } = await stock()
    const said = JSON.parse((await magnific('prune', '--older-than', '1d', '--json')).stdout)
    expect(said).toMatchObject({
      cacheDir: project.path('.magnific'),
      removed: false,
      orphans: [],
      attempts: [],
      variants: [],
      kept: { pending: 0, ambiguous: 0, submitting: 0, failed: 0, young: 0 },
    })
    expect(said.results).toContainEqual({
      fingerprint: order.fingerprint,
      file: 'src/hero.png',
      completedAt: expect.stringMatching(/^2026-01-01T/),
      bytes: expect.any(Number),
    })
  })
})

describe('magnific prune never removes', () => {
  const flags = { unreferenced: true, olderThan: '1h', yes: true }

  it('what is pending', async () => {
    const desk = await openDesk()
    await leavePending(desk)
    expect(await prune(desk, flags)).toContain('1 pending: they stay.')
    expect((await shipAnew(desk)).from).toBe('resumed')
    expect(postsTo(desk.emulator)).toBe(1)
  })

  it('what is ambiguous, or failed', async () => {
    const desk = await openDesk({ status: 500, accept: true })
    const { order, next, project } = desk
    await errorOf(async () => next().buy(order))
    desk.emulator.setFaults([{ route: 'submit', outcome: 'FAILED' }])
    const other = next().order(project.path('src/hero.png'), 'magnific=4x')
    await errorOf(async () => next().buy(other))
    const before = readTree(project.path('.magnific/v1/journal'))
    expect(await prune(desk, flags)).toContain('1 ambiguous, 1 failed: they stay.')
    expect(readTree(project.path('.magnific/v1/journal'))).toEqual(before)
  })

  it('what is being submitted', async () => {
    const desk = await openDesk()
    const shop = desk.next()
    const folder = leaveAttempt(shop, desk.order, {
      owner: await describeOwner(shop, desk.order),
      decided: `commit ${new Date().toISOString()} 1 here\n`,
    })
    expect(await prune(desk, flags)).toContain('1 submitting: they stay.')
    expect(namesIn(folder)).toEqual(['decided', 'owner'])
  })

  it('a result that the journal still calls pending, whatever its record says', async () => {
    const desk = await stock()
    rmSync(join(attemptFolder(desk.next(), desk.order), 'outcome'))
    await prune(desk, flags)
    expect(leftOf(desk)).toMatchObject({ results: 1, blobs: 1 })
    expect((await shipAnew(desk)).from).toBe('cached')
  })

  it('the newest attempt, from which the next one is counted', async () => {
    const desk = await openDesk()
    const shop = desk.next()
    const old = '2026-01-01T00:00:00.000Z'
    const owner = (await describeOwner(shop, desk.order)).replace(/"at":"[^"]+"/, `"at":"${old}"`)
    const abandoned = { owner, decided: `abandon ${old} 1 here\n` }
    const folders = [1, 2, 3].map((number) => leaveAttempt(shop, desk.order, abandoned, number))
    for (const folder of folders) makeOld(folder)
    const said = await prune(desk, { yes: true })
    expect(said).toContain('2 attempts that cost nothing')
    expect(folders.map((folder) => existsSync(folder))).toEqual([false, false, true])
    expect((await shipAnew(desk)).from).toBe('paid')
    expect(namesIn(dirname(folders[0] ?? ''))).toEqual(['0003', '0004'])
    expect(desk.emulator.tasks).toHaveLength(1)
  })

  it('attempts that are younger than a day, or by which a task does not count', async () => {
    const desk = await stock()
    const shop = desk.next()
    const { task = '' } = (await shop.context.records.find(desk.order.fingerprint)) ?? {}
    const decided = `commit 2026-01-01T00:00:00.000Z 1 here\n`
    const made = '2026-01-01T00:00:00.000Z\n'
    const voided = leaveAttempt(shop, desk.order, { decided, task, void: made }, 2)
    leaveAttempt(shop, desk.order, { decided: `abandon ${made}` }, 3)
    makeOld(voided)
    await prune(desk, { yes: true })
    expect(existsSync(voided)).toBe(true)
  })
})

describe('magnific prune, of what is free', () => {
  it('removes all variants, since what is in use is not known, and says so', async () => {
    const desk = await stock()
    const { file } = await shipAnew(desk)
    const variants = desk.project.path('.magnific/v1/variants')
    expect(await prune(desk, { yes: true })).toContain('Nothing was to be removed')
    makeOld(variants)
    const { stdout } = await desk.magnific('prune', '--yes')
    expect(stdout).toContain('Results stay, and which variants are in use is not known')
    expect(stdout).toContain('Removed 1 variant (')
    expect(existsSync(dirname(file))).toBe(false)
    expect((await shipAnew(desk)).from).toBe('cached')
    expect(leftOf(desk)).toMatchObject({ results: 2, blobs: 2 })
    expect(postsTo(desk.emulator)).toBe(2)
  })

  it('keeps variants that something refers to, and those that are being made', async () => {
    const desk = await stock()
    const { file } = await shipAnew(desk)
    await shipAnew(desk, 'magnific=2x&hdr=3&format=webp')
    makeOld(desk.project.path('.magnific/v1/variants'))
    const key = dirname(file).slice(-64)
    const fingerprints = new Set([desk.order.fingerprint, desk.other.fingerprint])
    const referenced = async (): Promise<Referenced> => ({ fingerprints, variants: new Set([key]) })
    expect(await prune(desk, { unreferenced: true, yes: true }, referenced)).toContain(
      'Removed 1 variant (',
    )
    expect(existsSync(file)).toBe(true)
  })

  it('clears away what is half written or set aside, when it is old enough', async () => {
    const desk = await stock()
    const { project } = desk
    const long = Date.now() - 100 * 24 * 60 * 60_000
    const tmp = project.write('.magnific/v1/tmp/1-abc', 'half')
    const folder = project.write('.magnific/v1/tmp/1-import/v1/x', 'half')
    const young = project.write('.magnific/v1/tmp/2-abc', 'half')
    const bad = project.write(`.magnific/v1/quarantine/${long}-abcdef-x`, 'bad')
    const lately = project.write(`.magnific/v1/quarantine/${Date.now()}-abcdef-x`, 'bad')
    makeOld(tmp)
    makeOld(dirname(dirname(folder)))
    makeOld(lately)
    const now = Date.now()
    const fingerprints = new Set([desk.order.fingerprint, desk.other.fingerprint])
    const flags = { unreferenced: true, olderThan: '90d', yes: true }
    await prune(desk, flags, async () => ({ ...nothing, fingerprints }), now)
    expect([tmp, folder, bad].map((file) => existsSync(file))).toEqual([false, false, false])
    expect([young, lately].map((file) => existsSync(file))).toEqual([true, true])
  })

  it('removes bytes that nothing knows, when they are old and it is asked to', async () => {
    const desk = await stock()
    const name = 'ab'.repeat(32)
    const orphan = desk.project.write(`.magnific/v1/blobs/ab/${name}`, 'bytes')
    const fingerprints = new Set([desk.order.fingerprint, desk.other.fingerprint])
    const run = async (flags: PruneFlags): Promise<string> =>
      prune(desk, { yes: true, ...flags }, async () => ({ ...nothing, fingerprints }))
    await run({ unreferenced: true })
    makeOld(orphan)
    await run({})
    expect(existsSync(orphan)).toBe(true)
    expect(await run({ unreferenced: true })).toContain('1 file of bytes that nothing knows')
    expect(existsSync(orphan)).toBe(false)
    expect(leftOf(desk)).toMatchObject({ results: 2, blobs: 2 })
  })
})

describe('magnific prune that is killed', () => {
  const moments: KillMoment[] = [
    { change: 1, phase: 'before' },
    ...[1, 2, 3, 4].map((change): KillMoment => ({ change, phase: 'after' })),
  ]
  it.each(moments)('leaves the whole result or none: $phase change $change', async (moment) => {
    const desk = await openDesk()
    const { emulator, project, order, next, magnific } = desk
    await next().buy(order)
    const cache = project.path('.magnific')
    makeOld(cache)
    const args = ['prune', '--older-than', '90d', '--yes']
    expect(await killAt(moment, desk, ...args)).toBe(true)
    expect((await magnific('verify', '--offline')).code).toBe(0)
    const isThere = existsSync(next().context.records.path(order.fingerprint))
    cpSync(cache, project.path('copy'), { recursive: true, preserveTimestamps: true })

    expect((await shipAnew(desk)).from).toBe(isThere ? 'cached' : 'paid')
    expect(postsTo(emulator)).toBe(isThere ? 1 : 2)

    rmSync(cache, { recursive: true })
    mkdirSync(cache)
    cpSync(project.path('copy'), cache, { recursive: true, preserveTimestamps: true })
    expect((await magnific(...args)).code).toBe(0)
    expect(leftOf(desk)).toEqual(none)
  })

  it('has no more moments than these', async () => {
    const desk = await openDesk()
    await desk.next().buy(desk.order)
    const args = ['prune', '--older-than', '90d', '--yes']
    expect(await killAt({ change: 5, phase: 'before' }, desk, ...args)).toBe(false)
    expect(leftOf(desk)).toEqual(none)
  })

  it('is no worse than a build that begins again beside it', async () => {
    const desk = await openDesk()
    await desk.next().buy(desk.order)
    const args = ['prune', '--older-than', '90d', '--yes']
    const [, shipped] = await Promise.all([
      desk.magnific(...args),
      shipAnew(desk).catch((error: unknown) => error),
    ])
    // A build may have been about to read what was removed; the next one is right.
    expect(shipped).toBeDefined()
    expect(readFileSync((await shipAnew(desk)).file).length).toBeGreaterThan(0)
    expect(postsTo(desk.emulator)).toBeLessThanOrEqual(2)
  })
})
