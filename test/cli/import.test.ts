import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Order } from '../../src/purchase/order.ts'
import { makeTar, readTar } from '../helpers/archives.ts'
import type { Entry } from '../helpers/archives.ts'
import { namesIn } from '../helpers/cache.ts'
import { readTree } from '../helpers/canary.ts'
import { killAt, leavePending, openDesk, shipAnew } from '../helpers/cli.ts'
import type { Desk, KillMoment } from '../helpers/cli.ts'
import { postsTo } from '../helpers/emulator.ts'
import { errorOf } from '../helpers/errors.ts'
import { makePng } from '../helpers/images.ts'
import { leaveAttempt, readAttempts } from '../helpers/shop.ts'

/** What a cache with two results exports, their orders, and their sources. */
let exported: { entries: Entry[]; orders: Order[]; other: Buffer }

beforeAll(async () => {
  const other = await makePng({ width: 180, height: 160, seed: 2 })
  const ends: (() => void | Promise<void>)[] = []
  const here = await openDesk({}, (end) => void ends.push(end))
  const { project, order, next } = here
  const file = project.write('src/other.png', other)
  const orders = [order, next().order(file)].toSorted((a, b) =>
    a.fingerprint < b.fingerprint ? -1 : 1,
  )
  for (const each of orders) await next().buy(each)
  await here.magnific('export', project.path('cache.tar'))
  exported = { entries: await readTar(project.path('cache.tar')), orders, other }
  for (const end of ends.toReversed()) await end()
})

/** A desk at which none of them is. */
async function receive(): Promise<Desk & { entries: Entry[]; archive: string; orders: Order[] }> {
  const desk = await openDesk()
  const { entries, orders, other } = exported
  desk.project.write('src/other.png', other)
  return { ...desk, orders, archive: desk.project.path('cache.tar'), entries }
}

/** The part of a cache that outlives a build. */
function keptOf({ project }: Pick<Desk, 'project'>): Record<string, string> {
  const tree = readTree(project.path('.magnific'))
  return Object.fromEntries(
    Object.entries(tree).filter(([path]) => /^v1\/(?:results|blobs|journal)\//.test(path)),
  )
}

function treeOf(entries: readonly Entry[]): Record<string, string> {
  return Object.fromEntries(
    entries.map(({ path, content = '' }) => [path, Buffer.from(content).toString('latin1')]),
  )
}

const fingerprint = `ab${'12'.repeat(31)}`
const blob = `v1/blobs/ab/${fingerprint}`

/** A pax header that gives the next entry another path. */
function renameNext(path: string): Entry {
  const text = ` path=${path}\n`
  const length = text.length + String(text.length + 2).length
  return { path: 'PaxHeader/x', type: 'ExtendedHeader', content: `${length}${text}` }
}

describe('magnific import, of what strangers wrote', () => {
  const outside = '../../../../escaped'
  const hostile: [string, Entry[], string][] = [
    [
      'a symbolic link',
      [{ path: blob, type: 'SymbolicLink', linkpath: '/etc/passwd' }],
      'it is no file (SymbolicLink)',
    ],
    [
      'a hard link',
      [{ path: blob, type: 'Link', linkpath: 'package.json' }],
      'it is no file (Link)',
    ],
    ['a pipe', [{ path: blob, type: 'FIFO' }], 'it is no file (FIFO)'],
    ['a device', [{ path: blob, type: 'CharacterDevice' }], 'it is no file (CharacterDevice)'],
    ['a way out', [{ path: outside, content: 'x' }], 'a cache has no such file'],
    [
      'a way out of a good place',
      [{ path: `v1/blobs/ab/../../../${outside}`, content: 'x' }],
      'a cache has no such file',
    ],
    [
      'an absolute path',
      [{ path: '/tmp/magnific-escaped', content: 'x' }],
      'a cache has no such file',
    ],
    ['another path in front', [{ path: `./${blob}`, content: 'x' }], 'a cache has no such file'],
    [
      'a path in a header of its own',
      [renameNext(outside), { path: blob, content: 'x' }],
      'a cache has no such file',
    ],
    ['a memo', [{ path: 'v1/memo.json', content: '{}' }], 'a cache has no such file'],
    [
      'a variant',
      [{ path: `v1/variants/ab/${fingerprint}/hero.png`, content: 'x' }],
      'a cache has no such file',
    ],
    ['a .gitignore', [{ path: '.gitignore', content: '' }], 'a cache has no such file'],
    [
      'bytes of another hash',
      [{ path: blob, content: 'x' }],
      'its bytes are not what its name says',
    ],
    [
      'a text as large as no record',
      [{ path: `v1/results/ab/${fingerprint}.json`, content: Buffer.alloc(1_000_001) }],
      'it is larger than 1000000 bytes',
    ],
    [
      'a record of nothing',
      [{ path: `v1/results/ab/${fingerprint}.json`, content: '{}' }],
      'it cannot be read',
    ],
    [
      'a task that is none',
      [{ path: `v1/journal/ab/${fingerprint}/0001/task`, content: 'a b' }],
      'its task cannot be read',
    ],
    [
      'a decision that is none',
      [{ path: `v1/journal/ab/${fingerprint}/0001/decided`, content: '<<<<' }],
      'its decision cannot be read',
    ],
    [
      'an outcome that is none',
      [{ path: `v1/journal/ab/${fingerprint}/0001/outcome`, content: '{"kind":"x"}' }],
      'its outcome cannot be read',
    ],
    [
      'an owner that is none',
      [{ path: `v1/journal/ab/${fingerprint}/0001/owner`, content: '{}' }],
      'its owner cannot be read',
    ],
  ]
  it.each(hostile)('refuses %s, and takes the rest', async (_, bad, why) => {
    const desk = await receive()
    const { project, archive, entries, magnific } = desk
    // Before the rest, unless nothing is read after it.
    const isLast = why.startsWith('it is larger')
    writeFileSync(archive, makeTar(isLast ? [...entries, ...bad] : [...bad, ...entries]))
    const { code, stdout, stderr } = await magnific('import', archive)
    expect(code).toBe(1)
    expect(stdout).toContain(`refused, ${why}`)
    expect(stdout).toContain('imported 2 results, 1 refused  in ')
    expect(stderr).toContain('was not taken over as a whole')
    expect(keptOf(desk)).toEqual(treeOf(entries))
    expect(namesIn(project.path('.magnific/v1/tmp'))).toEqual([])
    expect(existsSync('/tmp/magnific-escaped')).toBe(false)
    for (let dir = archive; dir !== dirname(dir); dir = dirname(dir)) {
      expect(existsSync(join(dir, 'escaped'))).toBe(false)
    }
    expect((await shipAnew(desk)).from).toBe('cached')
  })

  it('takes the first of what is there twice', async () => {
    const desk = await receive()
    const { archive, entries, magnific } = desk
    const twice = entries.map((entry) => ({ ...entry, content: 'another' }))
    writeFileSync(archive, makeTar([...entries, ...twice]))
    const { code, stdout } = await magnific('import', archive)
    expect(code).toBe(1)
    expect(stdout).toContain('refused, it is there twice')
    expect(keptOf(desk)).toEqual(treeOf(entries))
  })

  it('does not read on where an entry is larger than anything in a cache', async () => {
    const desk = await receive()
    const { archive, entries, magnific } = desk
    const [first] = desk.orders
    const rest = entries.filter(({ path }) => !path.includes(first?.fingerprint ?? ''))
    const good = entries.slice(0, 7)
    // Ten gigabytes that are not there: whoever waited for them would say that the archive is cut off.
    const huge = { path: blob, size: 10_000_000_000 }
    writeFileSync(archive, makeTar([...good, huge, ...rest]))
    const { code, stdout } = await magnific('import', archive)
    expect(code).toBe(1)
    expect(stdout).toContain(
      `It was not read to its end: "${blob}" is larger than anything in a cache.`,
    )
    expect(stdout).toContain('imported 1 result, 1 refused')
    expect(keptOf(desk)).toEqual(treeOf(good))
  })

  it('is not impressed by a bomb', async () => {
    const desk = await receive()
    const { archive, entries, magnific } = desk
    const zeros = { path: blob, content: Buffer.alloc(150_000_000) }
    const others = Array.from({ length: 2000 }, (_, index) => ({ path: `x/${index}` }))
    for (const bomb of [[zeros], others]) {
      writeFileSync(archive, gzipSync(makeTar([...entries, ...bomb])))
      expect(statSync(archive).size).toBeLessThan(2_000_000)
      const { code } = await magnific('import', archive)
      expect(code).toBe(1)
      expect(keptOf(desk)).toEqual(treeOf(entries))
    }
    // Nothing after its end is read.
    writeFileSync(archive, gzipSync(Buffer.concat([makeTar(entries), Buffer.alloc(200_000_000)])))
    expect((await magnific('import', archive)).stdout).toContain('imported 0 results, 2 already')
  })

  it.each([
    ['bytes that are no picture', '<!doctype html>'],
    ['a picture of another size', ''],
  ])('refuses a record of %s', async (_, text) => {
    const desk = await receive()
    const { archive, entries, magnific } = desk
    const content = text === '' ? await makePng({ width: 10, height: 10 }) : Buffer.from(text)
    const sha256 = createHash('sha256').update(content).digest('hex')
    const record = entries.findLast(({ path }) => path.endsWith('.json'))
    const json = String(record?.content).replace(/("result": \{\s+"sha256": ")\w+/, `$1${sha256}`)
    const path = record?.path ?? ''
    const forged = [
      { path: `v1/blobs/${sha256.slice(0, 2)}/${sha256}`, content },
      { path, content: json },
    ]
    writeFileSync(archive, makeTar([...entries.slice(0, 7), ...forged]))
    const { code, stdout } = await magnific('import', archive)
    expect(code).toBe(1)
    expect(stdout).toContain('refused, its bytes are not the picture that it tells of')
    expect(keptOf(desk)).toEqual(treeOf(entries.slice(0, 7)))
  })

  it('refuses a record without its bytes, and what is under the name of another image', async () => {
    const desk = await receive()
    const { archive, entries, orders, magnific } = desk
    const [first, second] = orders as [Order, Order]
    const record = entries.find(({ path }) => path.endsWith('.json')) ?? { path: '' }
    const rename = (path: string): string =>
      path
        .replaceAll(first.fingerprint, second.fingerprint)
        .replace(
          `/${first.fingerprint.slice(0, 2)}/${second.fingerprint}`,
          `/${second.fingerprint.slice(0, 2)}/${second.fingerprint}`,
        )
    const moved = entries
      .filter(({ path }) => path.includes(first.fingerprint))
      .map((entry) => ({ ...entry, path: rename(entry.path) }))
    writeFileSync(archive, makeTar([record, ...moved]))
    const { stdout } = await magnific('import', archive)
    expect(stdout).toContain('refused, its bytes are neither in the archive nor here')
    expect(stdout).toContain('refused, it is of another image')
    expect(stdout).toContain('refused, it is the record of another image')
    expect(keptOf(desk)).toEqual({})
  })

  it.each([['cache.tar'], ['cache.tgz']])(
    'takes what was whole of one that is cut off: %s',
    async (name) => {
      const desk = await receive()
      const { project, entries, magnific } = desk
      const whole = makeTar(entries)
      const first = makeTar(entries.slice(0, 7), { isOpen: true }).length
      for (const cut of [first, first + 100, first + 512, first + 5000, whole.length - 1024]) {
        rmSync(project.path('.magnific'), { recursive: true, force: true })
        const file = project.path(name)
        const bytes = whole.subarray(0, cut)
        if (name === 'cache.tar') writeFileSync(file, bytes)
        else writeFileSync(file, gzipSync(whole, { level: 0 }).subarray(0, cut + 100))
        const { code, stdout } = await magnific('import', file)
        expect(code).toBe(1)
        expect(stdout).toMatch(/It was not read to its end|it is cut off/)
        const expected = cut === whole.length - 1024 ? 2 : 1
        expect(stdout).toContain(`imported ${expected} result`)
        expect((await magnific('verify', '--offline')).code).toBe(0)
      }
    },
  )

  it.each([
    ['empty', Buffer.alloc(0)],
    ['a text', Buffer.from('hello '.repeat(1000))],
    ['a picture', undefined],
    ['packed twice', gzipSync(gzipSync(makeTar([])))],
    ['packed in another way', Buffer.from('28b52ffd00000000', 'hex')],
  ])('says that it is no archive: %s', async (_, bytes) => {
    const { archive, magnific } = await receive()
    writeFileSync(archive, bytes ?? (await makePng()))
    const { code, stdout } = await magnific('import', archive)
    expect(code).toBe(1)
    expect(stdout).toContain('imported 0 results')
  })

  it('says that there is none', async () => {
    const { magnific } = await openDesk()
    const { code, stderr } = await magnific('import', 'nothing.tar')
    expect(code).toBe(1)
    expect(stderr).toContain('nothing.tar cannot be imported: ENOENT')
  })
})

describe('magnific import, beside what is here', () => {
  it('leaves alone what is here, and says so', async () => {
    const desk = await receive()
    const { archive, entries, magnific } = desk
    writeFileSync(archive, makeTar(entries))
    await magnific('import', archive)
    const again = await magnific('import', archive)
    expect([again.code, again.stdout]).toEqual([
      0,
      `imported 0 results, 2 already there  in ${desk.project.path('.magnific')}\n`,
    ])
    expect(keptOf(desk)).toEqual(treeOf(entries))
  })

  it('never alters a result that was bought here as well, nor its journal', async () => {
    const desk = await receive()
    const { archive, entries, order, next, magnific } = desk
    await next().buy(order)
    const before = keptOf(desk)
    writeFileSync(archive, makeTar(entries))
    const { code, stdout } = await magnific('import', archive)
    expect(code).toBe(0)
    expect(stdout).toContain('imported 1 result, 1 already there')
    expect(keptOf(desk)).toMatchObject(before)
    expect(Object.keys(readAttempts(next(), order))).toEqual(['0001', '0002'])
    expect((await shipAnew(desk)).from).toBe('cached')
    await magnific('import', archive)
    expect(Object.keys(readAttempts(next(), order))).toEqual(['0001', '0002'])
  })

  it('gives an attempt that was paid for the next number, where its own is taken', async () => {
    const desk = await receive()
    const { emulator, archive, entries, order, next, magnific } = desk
    leaveAttempt(next(), order, { decided: 'abandon 2026-01-01T00:00:00.000Z 1 here\n' })
    const journal = entries.filter(
      ({ path }) => path.includes('/journal/') && !path.endsWith('outcome'),
    )
    writeFileSync(archive, makeTar(journal))
    expect((await magnific('import', archive)).stdout).toContain('imported 0 results, 2 pending')
    const attempts = readAttempts(next(), order)
    expect(Object.keys(attempts)).toEqual(['0001', '0002'])
    expect(attempts['0001']).toEqual({ decided: expect.stringMatching(/^abandon /) as string })
    expect(Object.keys(attempts['0002'] ?? {})).toEqual(['decided', 'owner', 'response', 'task'])
    await magnific('import', archive)
    expect(Object.keys(readAttempts(next(), order))).toHaveLength(2)
    // It is a task of another account: it is asked about, and not bought again.
    expect((await errorOf(async () => shipAnew(desk))).code).toBe('TASK_UNKNOWN')
    expect(postsTo(emulator)).toBe(0)
  })

  it('does not hide a task that is known here behind an answer that was lost elsewhere', async () => {
    const desk = await receive()
    const { emulator, archive, entries, order, next, magnific } = desk
    await leavePending(desk)
    const lost = entries.filter(({ path }) => /\/0001\/(?:owner|decided)$/.test(path))
    writeFileSync(archive, makeTar(lost))
    expect((await magnific('import', archive)).code).toBe(0)
    expect(Object.keys(readAttempts(next(), order))).toEqual(['0001'])
    expect((await shipAnew(desk)).from).toBe('resumed')
    expect(postsTo(emulator)).toBe(1)
  })

  it('settles what is ambiguous here, where the same attempt is known elsewhere', async () => {
    const desk = await receive()
    const { archive, entries, order, next, magnific } = desk
    const own = entries.filter(
      ({ path }) => path.includes(`/journal/`) && path.includes(order.fingerprint),
    )
    const files = Object.fromEntries(
      own
        .filter(({ path }) => /\/(?:owner|decided)$/.test(path))
        .map(({ path, content }) => [basename(path), String(content)]),
    )
    leaveAttempt(next(), order, files)
    writeFileSync(archive, makeTar(entries))
    expect((await magnific('import', archive)).stdout).toContain('imported 2 results')
    expect(Object.keys(readAttempts(next(), order))).toEqual(['0001'])
    expect(keptOf(desk)).toEqual(treeOf(entries))
  })

  it('heals a result whose bytes are gone', async () => {
    const desk = await receive()
    const { project, archive, entries, magnific } = desk
    writeFileSync(archive, makeTar(entries))
    await magnific('import', archive)
    rmSync(project.path('.magnific/v1/blobs'), { recursive: true })
    expect((await magnific('import', archive)).stdout).toContain('imported 2 results  in ')
    expect(keptOf(desk)).toEqual(treeOf(entries))
  })

  it('may run twice at once, and beside a build', async () => {
    const desk = await receive()
    const { emulator, archive, entries, magnific } = desk
    writeFileSync(archive, makeTar(entries))
    const [one, another] = await Promise.all([
      magnific('import', archive),
      magnific('import', archive),
      shipAnew(desk),
    ])
    expect([one.code, another.code]).toEqual([0, 0])
    expect(keptOf(desk)).toMatchObject(treeOf(entries.filter(({ path }) => path.includes('blobs'))))
    expect((await shipAnew(desk)).from).toBe('cached')
    expect(postsTo(emulator)).toBeLessThanOrEqual(1)
    expect((await magnific('verify', '--offline')).code).toBe(0)
  })

  it('creates a cache where there is none, with what keeps git out of the rest', async () => {
    const { project, archive, entries, magnific } = await receive()
    writeFileSync(archive, makeTar(entries))
    expect(existsSync(project.path('.magnific'))).toBe(false)
    await magnific('import', archive)
    expect(readFileSync(project.path('.magnific/.gitignore'), 'utf8')).toContain('/v1/variants/')
  })

  it('tells programs the same', async () => {
    const { project, archive, entries, magnific } = await receive()
    writeFileSync(archive, makeTar([...entries, { path: 'x' }]))
    expect(JSON.parse((await magnific('import', archive, '--json')).stdout)).toEqual({
      cacheDir: project.path('.magnific'),
      file: archive,
      results: 2,
      there: 0,
      attempts: 0,
      refused: [{ path: 'x', why: 'a cache has no such file' }],
      cut: null,
    })
  })
})

describe('magnific import that is killed', () => {
  const moments = Array.from({ length: 15 }, (_, index): KillMoment => ({
    change: index + 1,
    phase: 'after',
  }))
  const tried = process.env['EVERY_FAULT'] ? moments : moments.filter((_, index) => index % 4 === 1)
  it.each(tried)('is completed by the next one: $phase change $change', async (moment) => {
    const desk = await receive()
    const { emulator, archive, entries, magnific } = desk
    writeFileSync(archive, makeTar(entries))
    expect(await killAt(moment, desk, 'import', archive)).toBe(true)
    expect((await magnific('import', archive)).code).toBe(0)
    expect(keptOf(desk)).toEqual(treeOf(entries))
    expect((await shipAnew(desk)).from).toBe('cached')
    expect(emulator.calls).toHaveLength(0)
  })

  it('has no more moments than these', async () => {
    const desk = await receive()
    writeFileSync(desk.archive, makeTar(desk.entries))
    const beyond: KillMoment = { change: moments.length + 1, phase: 'before' }
    expect(await killAt(beyond, desk, 'import', desk.archive)).toBe(false)
    expect(keptOf(desk)).toEqual(treeOf(desk.entries))
  })
})
