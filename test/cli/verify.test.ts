import {
  copyFileSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Order } from '../../src/purchase/order.ts'
import { createMemo } from '../../src/store/memo.ts'
import { infoPath } from '../../src/store/variants.ts'
import { flipBit, namesIn } from '../helpers/cache.ts'
import { leavePending, openDesk, shipAnew, shortOf } from '../helpers/cli.ts'
import type { Desk } from '../helpers/cli.ts'
import { postsTo } from '../helpers/emulator.ts'
import { makePng } from '../helpers/images.ts'
import { attemptFolder } from '../helpers/shop.ts'

/** A desk at which results were bought. */
interface Stocked extends Desk {
  orders: Order[]
  blobs: string[]
  records: string[]
  /** How many calls the API has seen since. */
  calls: () => number
}

async function stock(count = 1): Promise<Stocked> {
  const desk = await openDesk()
  const { emulator, project, order, next } = desk
  const orders = [order]
  for (let seed = 2; seed <= count; seed++) {
    const file = project.write(`src/${seed}.png`, await makePng({ width: 180, height: 160, seed }))
    orders.push(next().order(file))
  }
  const { context } = next()
  const blobs: string[] = []
  for (const each of orders) blobs.push((await next().buy(each)).file)
  const records = orders.map(({ fingerprint }) => context.records.path(fingerprint))
  const bought = emulator.calls.length
  return { ...desk, orders, blobs, records, calls: () => emulator.calls.length - bought }
}

/** A result that is wholly there again: a build ships it and asks nobody. */
async function expectShipped(desk: Stocked): Promise<void> {
  const calls = desk.emulator.calls.length
  expect((await shipAnew(desk)).from).toBe('cached')
  expect(desk.emulator.calls).toHaveLength(calls)
  expect(postsTo(desk.emulator)).toBe(desk.orders.length)
}

const damages: [string, (file: string) => void][] = [
  ['a flipped bit', flipBit],
  ['a short file', (file) => truncateSync(file, statSync(file).size - 1)],
  ['an empty file', (file) => writeFileSync(file, '')],
]

describe('magnific verify', () => {
  it('finds nothing wrong with what is whole, asks nobody, and tells the memo', async () => {
    const desk = await stock(2)
    const { project, magnific, calls, blobs } = desk
    expect((await magnific('verify')).stdout).toBe(`2 results  in ${project.path('.magnific')}\n`)
    expect(calls()).toBe(0)
    const memo = createMemo(desk.next().layout)
    expect(blobs.map((file) => memo.find(file))).toEqual(blobs.map((file) => file.slice(-64)))
  })

  it.each(damages)(
    'fetches bytes again that are damaged, also where the memo trusts them: %s',
    async (_, damage) => {
      const desk = await stock()
      const { emulator, project, order, next, magnific } = desk
      const [blob = ''] = desk.blobs
      const paid = readFileSync(blob)
      damage(blob)
      const memo = createMemo(next().layout)
      memo.remember(blob, blob.slice(-64))
      memo.save()
      const { code, stdout } = await magnific('verify')
      expect(code).toBe(0)
      expect(stdout).toContain(
        `${shortOf(order)}  repaired    src/hero.png  its bytes were gone or damaged, and were fetched again (task ${emulator.tasks[0]?.id})`,
      )
      expect(stdout).toContain('1 result · 1 repaired · 1 set aside  in ')
      expect(readFileSync(blob).equals(paid)).toBe(true)
      expect(namesIn(project.path('.magnific/v1/quarantine'))).toHaveLength(1)
      await expectShipped(desk)
    },
  )

  it.each([
    ['--offline', true, 'Nothing is asked of the API with --offline.'],
    ['no key', false, 'There is no API key.'],
  ])('tells what could be repaired: %s', async (_, hasKey, says) => {
    const { emulator, project, blobs, magnific, calls } = await stock()
    rmSync(blobs[0] ?? '')
    if (!hasKey) project.write('.env.local', `MAGNIFIC_BASE_URL=${emulator.url}\n`)
    const { code, stdout } = await magnific('verify', ...(hasKey ? ['--offline'] : []))
    expect(code).toBe(1)
    expect(stdout).toContain(`can be fetched again by task ${emulator.tasks[0]?.id}. ${says}`)
    expect(stdout).toContain('1 result · 1 not repaired  in ')
    expect(calls()).toBe(0)
  })

  it('asks nobody but the service that a result was bought from', async () => {
    const { blobs, magnificWith, calls } = await stock()
    rmSync(blobs[0] ?? '')
    const elsewhere = { MAGNIFIC_BASE_URL: 'https://api.magnific.com' }
    const { code, stdout } = await magnificWith(elsewhere, 'verify')
    expect(code).toBe(1)
    expect(stdout).toContain('It was bought from local, and this would ask magnific.')
    expect(calls()).toBe(0)
  })

  it('puts bytes in their place that lie under the name of others, without a call', async () => {
    const desk = await stock(2)
    const [one = '', other = ''] = desk.blobs
    const swap = `${one}.swap`
    renameSync(one, swap)
    renameSync(other, one)
    renameSync(swap, other)
    const { code, stdout } = await desk.magnific('verify')
    expect(code).toBe(0)
    expect(stdout).toContain('2 results · 2 repaired · 2 set aside')
    expect(desk.calls()).toBe(0)
    await expectShipped(desk)
  })

  it.each(['x.bak', 'f'.repeat(64)])('finds bytes that were renamed: %s', async (name) => {
    const desk = await stock()
    const [blob = ''] = desk.blobs
    renameSync(blob, join(dirname(blob), name))
    const { code, stdout } = await desk.magnific('verify')
    expect(code).toBe(0)
    expect(stdout).toContain('its bytes were found under another name')
    expect(desk.calls()).toBe(0)
    await expectShipped(desk)
  })

  it('records the hash of what comes back, where the API makes other bytes of a task', async () => {
    const desk = await stock()
    const { emulator, order, next, magnific } = desk
    rmSync(desk.blobs[0] ?? '')
    emulator.setFaults([{ route: 'download', content: 'wrong-size' }])
    const before = await next().context.records.find(order.fingerprint)
    expect((await magnific('verify')).code).toBe(0)
    const after = await next().context.records.find(order.fingerprint)
    expect(after?.result.sha256).not.toBe(before?.result.sha256)
    expect(after?.source).toEqual(before?.source)
    expect(next().context.blobs.verify(after?.result.sha256 ?? '')).toBeDefined()
    expect((await magnific('verify')).code).toBe(0)
    await expectShipped(desk)
  })

  it('keeps nothing that is no whole image', async () => {
    const { emulator, project, blobs, magnific } = await stock()
    rmSync(blobs[0] ?? '')
    emulator.setFaults([{ route: 'download', content: 'corrupt' }])
    const { code, stdout } = await magnific('verify')
    expect(code).toBe(1)
    expect(stdout).toContain('1 result · 1 not repaired  in ')
    expect(namesIn(dirname(blobs[0] ?? ''))).toEqual([])
    expect(namesIn(project.path('.magnific/v1/tmp'))).toEqual([])
  })

  it('tells what is lost for good: the API has forgotten the task', async () => {
    const { emulator, order, blobs, magnific } = await stock()
    flipBit(blobs[0] ?? '')
    emulator.setFaults([{ route: 'status', status: 404 }])
    const { code, stdout, stderr } = await magnific('verify')
    expect(code).toBe(1)
    expect(stdout).toContain(`${shortOf(order)}  lost        src/hero.png`)
    expect(stdout).toContain(`magnific resolve ${shortOf(order)} --void`)
    expect(stdout).toContain('1 result · 1 lost · 1 set aside  in ')
    expect(stderr).toContain('One thing is not as it was')
    expect(postsTo(emulator)).toBe(1)
  })
})

describe('magnific verify, of records', () => {
  const spoilt: [string, (text: string) => string][] = [
    ['no JSON', () => '{"version":1'],
    ['nothing', () => ''],
    ['a conflict', (text) => `<<<<<<< ours\n{\n=======\n${text}`],
    ['another image', (text) => text.replace(/"hdr": 3/, '"hdr": 4')],
    ['another fingerprint', (text) => text.replace('"fingerprint": "', '"fingerprint": "f')],
  ]
  it.each(spoilt)('writes one anew from the journal and the bytes: %s', async (_, spoil) => {
    const desk = await stock()
    const [record = ''] = desk.records
    const before = readFileSync(record, 'utf8')
    writeFileSync(record, spoil(before))
    const { code, stdout } = await desk.magnific('verify', '--offline')
    expect(code).toBe(0)
    expect(stdout).toContain('its record was lost, and is written anew')
    expect(stdout).toContain('1 result · 1 repaired · 1 set aside  in ')
    expect(JSON.parse(readFileSync(record, 'utf8'))).toEqual({ ...JSON.parse(before), seconds: 0 })
    await expectShipped(desk)
  })

  it('does so where the source is gone as well', async () => {
    const desk = await stock()
    const { project, magnific, records } = desk
    rmSync(records[0] ?? '')
    renameSync(project.path('src/hero.png'), project.path('hero.png'))
    expect((await magnific('verify')).code).toBe(0)
    renameSync(project.path('hero.png'), project.path('src/hero.png'))
    await expectShipped(desk)
  })

  it('takes the side of a conflict whose bytes are here, where the journal knows nothing', async () => {
    const desk = await stock()
    const { project, records, magnific } = desk
    const [record = ''] = records
    const text = readFileSync(record, 'utf8')
    const theirs = text.replace(/("result": \{\s+"sha256": ")\w+/, `$1${'0'.repeat(64)}`)
    writeFileSync(record, `<<<<<<< ours\n${theirs}=======\n${text}>>>>>>> theirs\n`)
    rmSync(project.path('.magnific/v1/journal'), { recursive: true })
    const { code, stdout } = await magnific('verify')
    expect(code).toBe(0)
    expect(stdout).toContain('its record: it was left in conflict by git')
    expect(readFileSync(record, 'utf8')).toBe(text)
    expect(desk.calls()).toBe(0)
    await expectShipped(desk)
  })

  it('tells that one is lost of which nothing else knows', async () => {
    const { project, order, records, magnific } = await stock()
    writeFileSync(records[0] ?? '', '{')
    rmSync(project.path('.magnific/v1/journal'), { recursive: true })
    const { code, stdout } = await magnific('verify')
    expect(code).toBe(1)
    expect(stdout).toContain(`${shortOf(order)}  lost`)
    expect(stdout).toContain('1 result · 1 lost')
  })

  it('puts those right that lie under the name of another', async () => {
    const desk = await stock(2)
    const [one = '', other = ''] = desk.records
    const texts = [readFileSync(one, 'utf8'), readFileSync(other, 'utf8')]
    copyFileSync(other, one)
    renameSync(other, join(dirname(other), 'record.json.bak'))
    const { code, stdout } = await desk.magnific('verify')
    expect(code).toBe(0)
    expect(stdout).toContain('record.json.bak: does not belong here')
    expect(JSON.parse(readFileSync(one, 'utf8'))).toEqual({
      ...JSON.parse(texts[0] ?? ''),
      seconds: 0,
    })
    expect(readFileSync(other, 'utf8')).toBe(texts[1])
    await expectShipped(desk)
  })
})

describe('magnific verify, of the journal', () => {
  it.each(['outcome', 'task'])('writes a %s anew that cannot be read', async (name) => {
    const desk = await stock()
    const { order, next, magnific } = desk
    const folder = attemptFolder(next(), order)
    const before = readFileSync(join(folder, name), 'utf8')
    writeFileSync(join(folder, name), '<<<<<<< ours\n')
    // The answer would tell the task as well.
    rmSync(join(folder, 'response'))
    if (name === 'outcome') writeFileSync(join(folder, 'response'), 'HTTP 0\n\n')
    const { code, stdout } = await magnific('verify')
    expect(code).toBe(0)
    expect(stdout).toContain(`v1/journal/${order.fingerprint.slice(0, 2)}/`)
    expect(stdout).toContain(`the journal's ${name} cannot be read`)
    expect(stdout).toContain('1 repaired')
    expect(readFileSync(join(folder, name), 'utf8')).toBe(before)
  })

  it('tells of a record that is not of the task that the journal knows', async () => {
    const desk = await stock()
    const [record = ''] = desk.records
    const text = readFileSync(record, 'utf8')
    writeFileSync(record, text.replace(/"task": "[^"]+"/, '"task": "another"'))
    const { code, stdout } = await desk.magnific('verify')
    expect(code).toBe(0)
    expect(stdout).toContain('it is the result of task another, and the journal knows it as')
  })

  it('lets alone what is pending, and says so', async () => {
    const desk = await openDesk()
    await leavePending(desk)
    const calls = desk.emulator.calls.length
    expect((await desk.magnific('verify')).stdout).toContain('0 results · 1 pending')
    expect(desk.emulator.calls).toHaveLength(calls)
  })
})

describe('magnific verify, of what is free', () => {
  it.each<[string, (file: string) => void]>([
    ...damages,
    ['no figures beside it', (file) => rmSync(infoPath(file))],
  ])('removes a bad variant, which the next build makes again: %s', async (_, damage) => {
    const desk = await stock()
    const { file } = await shipAnew(desk)
    const good = readFileSync(file)
    damage(file)
    const { code, stdout } = await desk.magnific('verify')
    expect(code).toBe(0)
    expect(stdout).toContain('1 result · 1 bad variant removed  in ')
    expect(namesIn(dirname(file))).toEqual([])
    await expectShipped(desk)
    expect(readFileSync(file).equals(good)).toBe(true)
  })

  it('tells of files that do not belong, and leaves them alone', async () => {
    const { project, magnific } = await stock()
    const names = ['v1/blobs/notes.txt', 'v1/journal/ab/todo', 'v1/old/x', 'README', 'v1/results/y']
    for (const name of names) project.write(`.magnific/${name}`, 'hello')
    project.write('.magnific/v1/blobs/.DS_Store', '')
    const { code, stdout } = await magnific('verify', '--json')
    expect(code).toBe(0)
    const { strays } = JSON.parse(stdout) as { strays: string[] }
    expect(strays.toSorted()).toEqual(names.toSorted())
    for (const name of names) expect(statSync(project.path('.magnific', name)).size).toBe(5)
  })

  it('tells programs the same', async () => {
    const { project, order, blobs, magnific } = await stock()
    rmSync(blobs[0] ?? '')
    expect(JSON.parse((await magnific('verify', '--json')).stdout)).toEqual({
      cacheDir: project.path('.magnific'),
      results: 1,
      pending: 0,
      repaired: [
        expect.objectContaining({ fingerprint: order.fingerprint, file: 'src/hero.png' }) as object,
      ],
      unrepaired: [],
      lost: [],
      odd: [],
      setAside: [],
      strays: [],
      variants: { checked: 0, removed: [] },
    })
  })
})

describe('what Git LFS has not fetched', () => {
  it('is told, and left where it is', async () => {
    const { project, order, next, magnific } = await openDesk()
    await next().buy(order)
    const [blob = ''] = project.list('.magnific/v1/blobs')
    const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n'
    writeFileSync(blob, pointer)
    const { code, stdout } = await magnific('verify', '--offline')
    expect(code).toBe(1)
    expect(stdout).toContain('git lfs pull')
    expect(readFileSync(blob, 'utf8')).toBe(pointer)
  })
})
