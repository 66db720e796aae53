import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Order } from '../../src/purchase/order.ts'
import { readTar } from '../helpers/archives.ts'
import { flipBit, namesIn } from '../helpers/cache.ts'
import { readTree } from '../helpers/canary.ts'
import { leavePending, openDesk, shipAnew, shortOf } from '../helpers/cli.ts'
import type { Desk } from '../helpers/cli.ts'
import { postsTo } from '../helpers/emulator.ts'
import { errorOf } from '../helpers/errors.ts'
import { makePng } from '../helpers/images.ts'
import { describeOwner, leaveAttempt, voidAttempt } from '../helpers/shop.ts'

/** A desk with two results, sold in the order of their fingerprints. */
async function stock(): Promise<Desk & { orders: Order[]; archive: string }> {
  const desk = await openDesk()
  const { project, order, next } = desk
  const file = project.write('src/other.png', await makePng({ width: 180, height: 160, seed: 2 }))
  const orders = [order, next().order(file)].toSorted((a, b) =>
    a.fingerprint < b.fingerprint ? -1 : 1,
  )
  for (const each of orders) await next().buy(each)
  return { ...desk, orders, archive: project.path('cache.tar') }
}

describe('magnific export', () => {
  it.each(['cache.tar', 'cache.tgz', 'cache.tar.gz'])(
    'writes %s, which another machine imports: its build ships what was paid for here',
    async (name) => {
      const here = await stock()
      await shipAnew(here)
      const file = here.project.path(name)
      const { code, stdout } = await here.magnific('export', `../${name}`)
      expect(code).toBe(0)
      expect(stdout).toMatch(/^exported 2 results \(\d+\.\d kB\) to /)
      expect(readFileSync(file)[0] === 0x1f).toBe(name !== 'cache.tar')
      expect(namesIn(here.project.dir).filter((each) => each.endsWith('.tmp'))).toEqual([])

      const there = await openDesk()
      const imported = await there.magnific('import', file)
      expect([imported.code, imported.stderr]).toEqual([0, ''])
      expect(imported.stdout).toBe(`imported 2 results  in ${there.project.path('.magnific')}\n`)
      expect((await shipAnew(there)).from).toBe('cached')
      expect(there.emulator.calls).toHaveLength(0)
      expect(await there.magnific('verify', '--offline')).toMatchObject({ code: 0 })
      expect(namesIn(there.project.path('.magnific/v1/tmp'))).toEqual([])
    },
  )

  it('writes the same bytes for the same cache, also where it was imported', async () => {
    const here = await stock()
    await here.magnific('export', here.archive)
    const bytes = readFileSync(here.archive)
    const there = await openDesk()
    await there.magnific('import', here.archive)
    for (const desk of [here, there]) {
      const file = desk.project.path('again.tar')
      expect((await desk.magnific('export', file)).code).toBe(0)
      expect(readFileSync(file).equals(bytes)).toBe(true)
    }
  })

  it('holds results, bytes and the journal, one result after the other, and nothing else', async () => {
    const { project, orders, archive, magnific, next } = await stock()
    await shipAnew({ emulator: { url: 'http://127.0.0.1:1' }, project } as Desk)
    project.write('.magnific/v1/quarantine/x', 'x')
    const third = next().order(project.path('src/hero.png'), 'magnific=4x')
    leaveAttempt(next(), third, { owner: await describeOwner(next(), third), decided: 'abandon' })
    await magnific('export', archive)
    const entries = await readTar(archive)
    const partsOf = ({ fingerprint }: Order): string[] => {
      const shard = fingerprint.slice(0, 2)
      const attempt = `v1/journal/${shard}/${fingerprint}/0001`
      const names = ['owner', 'decided', 'response', 'task', 'outcome']
      const record = `v1/results/${shard}/${fingerprint}.json`
      const { result } = JSON.parse(readFileSync(project.path('.magnific', record), 'utf8')) as {
        result: { sha256: string }
      }
      const blob = `v1/blobs/${result.sha256.slice(0, 2)}/${result.sha256}`
      return [blob, ...names.map((name) => `${attempt}/${name}`), record]
    }
    expect(entries.map(({ path }) => path)).toEqual(orders.flatMap(partsOf))
    for (const { path, content, ...entry } of entries) {
      expect(content.equals(readFileSync(project.path('.magnific', path)))).toBe(true)
      expect(entry).toMatchObject({ type: 'File', mode: 0o644, uid: 0, gid: 0, mtime: new Date(0) })
    }
  })

  it.each<[string, (blob: string) => void]>([
    ['damaged', flipBit],
    ['gone', (blob) => rmSync(blob)],
  ])('leaves out what is %s, says so, and touches nothing', async (what, damage) => {
    const { project, orders, archive, magnific, next } = await stock()
    const [first, second] = orders as [Order, Order]
    const record = await next().context.records.find(first.fingerprint)
    damage(next().context.blobs.path(record?.result.sha256 ?? ''))
    const before = readTree(project.path('.magnific'))
    const { code, stdout, stderr } = await magnific('export', archive)
    expect(code).toBe(1)
    expect(stdout).toMatch(
      new RegExp(`${shortOf(first)}  left out    src/\\w+\\.png  its bytes are ${what}`),
    )
    expect(stdout).toContain('exported 1 result, 1 pending or undecided,')
    expect(stderr).toContain('`magnific verify` repairs')
    expect(readTree(project.path('.magnific'))).toEqual(before)
    const paths = (await readTar(archive)).map(({ path }) => path)
    expect(paths.some((path) => path.endsWith(`${first.fingerprint}.json`))).toBe(false)
    expect(paths.some((path) => path.endsWith(`${second.fingerprint}.json`))).toBe(true)
    // Its task is known all the same, and takes it home elsewhere.
    expect(paths.some((path) => path.endsWith(`${first.fingerprint}/0001/task`))).toBe(true)
  })

  it('takes along what is pending, and what a person has decided against', async () => {
    const here = await openDesk()
    await leavePending(here)
    const other = here.next().order(here.project.path('src/hero.png'), 'magnific=4x')
    await here.next().buy(other)
    await voidAttempt(here.next(), other)
    rmSync(here.project.path('.magnific/v1/results'), { recursive: true })
    const archive = here.project.path('cache.tar')
    expect((await here.magnific('export', archive)).stdout).toContain(
      'exported 0 results, 2 pending or undecided,',
    )
    const there = await openDesk()
    const env = { MAGNIFIC_BASE_URL: here.emulator.url }
    expect((await there.magnific('import', archive)).stdout).toContain(
      'imported 0 results, 2 pending or undecided  in ',
    )
    expect((await there.magnificWith(env, 'resume')).stdout).toContain('1 fetched')
    expect((await shipAnew(there)).from).toBe('cached')
    expect(postsTo(here.emulator)).toBe(2)
    expect(there.emulator.calls).toHaveLength(0)
  })

  it('overwrites only when it is forced to', async () => {
    const { archive, magnific } = await stock()
    writeFileSync(archive, 'mine')
    const { code, stderr } = await magnific('export', archive)
    expect(code).toBe(1)
    expect(stderr).toContain('is there already. Add --force to overwrite it.')
    expect(readFileSync(archive, 'utf8')).toBe('mine')
    expect((await magnific('export', archive, '--force')).code).toBe(0)
    expect(await readTar(archive)).toHaveLength(14)
  })

  it.each([
    ['cache.zip', '"cache.zip" is no name for an archive: let it end in .tar, .tgz or .tar.gz.'],
    ['nowhere/cache.tar', 'There is no directory "'],
    ['folder.tar', '"folder.tar" is no file.'],
  ])('refuses %s', async (name, says) => {
    const { project, magnific } = await stock()
    mkdirSync(project.path('src/folder.tar'))
    const { code, stderr } = await magnific('export', name)
    expect(code).toBe(1)
    expect(stderr).toContain(says)
    expect(existsSync(project.path('src', dirname(name), 'cache.zip'))).toBe(false)
  })

  it('leaves no archive behind that is not whole', async () => {
    const { orders, project, archive, next, magnific } = await stock()
    // A journal whose file is a folder: that cannot be read at all.
    const folder = leaveAttempt(next(), orders[1], { decided: 'commit' }, 2)
    rmSync(join(folder, 'decided'))
    mkdirSync(join(folder, 'decided'))
    const { code } = await magnific('export', archive)
    expect(code).not.toBe(0)
    expect(namesIn(project.dir).filter((name) => name.startsWith('cache'))).toEqual([])
  })

  it('tells programs the same', async () => {
    const { project, archive, magnific } = await stock()
    expect(JSON.parse((await magnific('export', archive, '--json')).stdout)).toEqual({
      cacheDir: project.path('.magnific'),
      file: archive,
      bytes: readFileSync(archive).length,
      results: 2,
      attempts: 0,
      leftOut: [],
      damaged: [],
    })
  })
})

it('exports a cache in which an answer was lost, for a person to decide elsewhere', async () => {
  const here = await openDesk({ status: 500, accept: true })
  await errorOf(async () => here.next().buy(here.order))
  const archive = here.project.path('cache.tgz')
  await here.magnific('export', archive)
  const there = await openDesk()
  await there.magnific('import', archive)
  expect((await there.magnific('status')).stdout).toContain(`${shortOf(here.order)}  ambiguous`)
  expect((await errorOf(async () => shipAnew(there))).code).toBe('SUBMIT_AMBIGUOUS')
  expect(postsTo(there.emulator)).toBe(0)
})
