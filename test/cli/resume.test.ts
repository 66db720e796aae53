import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { leavePending, openDesk, shipAnew, shortOf } from '../helpers/cli.ts'
import { postsTo } from '../helpers/emulator.ts'
import { errorOf } from '../helpers/errors.ts'
import { describeImage, makePng } from '../helpers/images.ts'
import { attemptFolder, readAttempts } from '../helpers/shop.ts'

const size = { width: 200, height: 160 }

describe('magnific resume', () => {
  it('says that nothing is pending where nothing is, and needs no key for it', async () => {
    const { magnific, magnificWith, order, next, project } = await openDesk()
    expect((await magnific('resume')).stdout).toBe(
      `Nothing is pending in ${project.path('.magnific')}.\n`,
    )
    await next().buy(order)
    rmSync(project.path('.env.local'))
    const { code, stderr } = await magnificWith({}, 'resume')
    expect([code, stderr]).toEqual([0, ''])
  })

  it('brings home what a build submitted, and the next build ships it without a call', async () => {
    const desk = await openDesk()
    const { emulator, order, next, magnific } = desk
    const task = await leavePending(desk)
    const { code, stdout, stderr } = await magnific('resume')
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(
      new RegExp(
        String.raw`^${shortOf(order)}  fetched     src/hero\.png  \d+\.\d kB\n1 fetched  in `,
      ),
    )
    expect(readAttempts(next(), order)['0001']?.['outcome']).toContain('"completed"')
    const record = await next().context.records.find(order.fingerprint)
    expect(record).toMatchObject({
      task,
      params: { scale_factor: '2x', hdr: 3 },
      source: { ...size, name: 'hero.png', transparent: false },
      result: { width: 400, height: 320 },
      alpha: 'join',
    })
    const calls = emulator.calls.length
    const { from, file } = await shipAnew(desk)
    expect(from).toBe('cached')
    expect(await describeImage(readFileSync(file))).toMatchObject({ width: 400, height: 320 })
    expect(emulator.calls).toHaveLength(calls)
    expect(postsTo(emulator)).toBe(1)
    expect(emulator.tasks).toHaveLength(1)
  })

  it.each([[false], [true]])(
    'does so where the source is gone: restored, it ships as if it had never been (transparent: %s)',
    async (alpha) => {
      const desk = await openDesk()
      const { emulator, project, next, magnific } = desk
      const source = project.write('src/hero.png', await makePng({ ...size, alpha }))
      const order = next().order(source, 'magnific=2x&hdr=3')
      await leavePending(desk, order)
      renameSync(source, project.path('elsewhere.png'))
      expect((await magnific('resume')).code).toBe(0)
      const record = await next().context.records.find(order.fingerprint)
      expect(record?.source).toEqual({ name: 'hero.png', sha256: order.sourceHash })
      renameSync(project.path('elsewhere.png'), source)
      const { from, file, readInfo } = await shipAnew(desk)
      expect(from).toBe('cached')
      expect(readInfo()?.source).toEqual({ ...size, bytes: readFileSync(source).length })
      // The third byte after a PNG's size says whether it has transparency.
      expect(readFileSync(file).readUInt8(25)).toBe(alpha ? 6 : 2)
      expect(postsTo(emulator)).toBe(1)
    },
  )

  it('keeps the bytes and the outcome where nobody knows what they were made from', async () => {
    const desk = await openDesk()
    const { emulator, order, next, magnific } = desk
    await leavePending(desk)
    writeFileSync(join(attemptFolder(next(), order), 'owner'), '<<<<<<< ours\n')
    expect((await magnific('resume')).code).toBe(0)
    expect(await next().context.records.find(order.fingerprint)).toBeUndefined()
    const calls = emulator.calls.length
    expect((await shipAnew(desk)).from).toBe('cached')
    expect(emulator.calls).toHaveLength(calls)
  })

  it.each([
    ['the bytes', ['blobs']],
    ['the bytes and the journal', ['blobs', 'journal']],
    ['the bytes and the record', ['blobs', 'results']],
  ])('fetches a result again of which %s are gone', async (_, folders) => {
    const desk = await openDesk()
    const { emulator, project, order, next, magnific } = desk
    await next().buy(order)
    for (const folder of folders) rmSync(project.path('.magnific/v1', folder), { recursive: true })
    expect((await magnific('resume')).stdout).toContain('1 fetched')
    const calls = emulator.calls.length
    expect((await shipAnew(desk)).from).toBe('cached')
    expect(emulator.calls).toHaveLength(calls)
    expect(postsTo(emulator)).toBe(1)
  })

  it('writes down what is here already, and asks nobody', async () => {
    const { emulator, order, next, magnific } = await openDesk()
    await next().buy(order)
    rmSync(join(attemptFolder(next(), order), 'outcome'))
    const calls = emulator.calls.length
    expect((await magnific('resume')).stdout).toContain('Nothing is pending')
    expect((await magnific('status')).stdout).toContain('1 completed')
    expect(emulator.calls).toHaveLength(calls)
  })

  it('leaves a result alone that a person has decided against', async () => {
    const desk = await openDesk()
    const { order, next, magnific } = desk
    await leavePending(desk)
    expect((await magnific('resolve', shortOf(order), '--void', '--force')).code).toBe(0)
    expect((await magnific('resume')).stdout).toContain('Nothing is pending')
    expect(await next().context.records.find(order.fingerprint)).toBeUndefined()
  })

  it('does so where its record is left, and the bytes are gone', async () => {
    const desk = await openDesk()
    const { emulator, project, order, next, magnific } = desk
    await next().buy(order)
    rmSync(project.path('.magnific/v1/blobs'), { recursive: true })
    emulator.setFaults([{ route: 'status', status: 404 }])
    expect((await magnific('resolve', shortOf(order), '--void')).code).toBe(0)
    emulator.setFaults([])
    const calls = emulator.calls.length
    expect((await magnific('resume')).stdout).toContain('Nothing is pending')
    expect((await magnific('verify')).code).toBe(0)
    expect(emulator.calls).toHaveLength(calls)
    expect((await shipAnew(desk)).from).toBe('paid')
  })

  it('asks for a key where there is something to fetch', async () => {
    const desk = await openDesk()
    await leavePending(desk)
    desk.project.write('.env.local', `MAGNIFIC_BASE_URL=${desk.emulator.url}\n`)
    const { code, stderr } = await desk.magnific('resume')
    expect(code).toBe(1)
    expect(stderr).toContain('A result is to be fetched, and there is no API key to do it with.')
  })

  it('asks nobody but the service that the result was bought from', async () => {
    const desk = await openDesk()
    const task = await leavePending(desk)
    const calls = desk.emulator.calls.length
    const elsewhere = { MAGNIFIC_BASE_URL: 'https://api.magnific.com' }
    const { code, stdout, stderr } = await desk.magnificWith(elsewhere, 'resume')
    expect(code).toBe(1)
    expect(stdout).toContain(`task ${task}`)
    expect(stdout).toContain('It was bought from local, and this would ask magnific.')
    expect(stderr).toContain('1 of 1 result is not here.')
    expect(desk.emulator.calls).toHaveLength(calls)
  })

  it('ends at its deadline, says what is still pending, and has spent nothing', async () => {
    const { emulator, order, next, magnific } = await openDesk({ outcome: 'STUCK' })
    await errorOf(async () => next().buy(order))
    const { code, stdout } = await magnific('resume', '--deadline', '1')
    expect(code).toBe(1)
    expect(stdout).toContain(`${shortOf(order)}  pending     src/hero.png  task `)
    expect(stdout).toContain('→ magnific resume once more, or build again')
    expect(stdout).toContain('0 fetched · 1 not here  in ')
    expect(postsTo(emulator)).toBe(1)
  })

  it.each(['0', 'soon', '1e9', ''])('refuses a deadline of %j', async (deadline) => {
    const { magnific } = await openDesk()
    const { code, stderr } = await magnific('resume', '--deadline', deadline)
    expect(code).toBe(1)
    expect(stderr).toContain(
      `--deadline must be a number of seconds, more than 0, got "${deadline}".`,
    )
  })

  it('writes down what failed, and what is unknown, with the way on for each', async () => {
    const desk = await openDesk({ outcome: 'FAILED', error: 'No.', times: 1 })
    const { emulator, project, order, next, magnific } = desk
    // The build hears nothing of it.
    emulator.setFaults([
      { route: 'submit', outcome: 'FAILED', error: 'No.', times: 1 },
      { route: 'status', status: 503 },
    ])
    await errorOf(async () => next().buy(order))
    const other = next().order(project.path('src/hero.png'), 'magnific=4x')
    await leavePending(desk, other)
    emulator.setFaults([{ route: 'status', task: 1, status: 404 }])
    const { code, stdout } = await magnific('resume')
    expect(code).toBe(1)
    expect(stdout).toContain(`→ magnific retry ${shortOf(order)}, and build again`)
    expect(stdout).toContain(`magnific resolve ${shortOf(other)} --void`)
    expect(stdout).toContain('0 fetched · 2 not here')
    expect((await magnific('status')).stdout).toContain('1 pending · 1 failed  in ')
    expect(postsTo(emulator)).toBe(2)
  })

  it('tells of what is ambiguous, and leaves it to a person', async () => {
    const { emulator, order, next, magnific } = await openDesk({ status: 500, accept: true })
    await errorOf(async () => next().buy(order))
    const calls = emulator.calls.length
    const { code, stdout } = await magnific('resume')
    expect(code).toBe(0)
    expect(stdout).toContain(`magnific resolve ${shortOf(order)} --adopt <task id>`)
    expect(stdout).toContain('1 ambiguous')
    expect(emulator.calls).toHaveLength(calls)
  })

  it('tells programs the same', async () => {
    const desk = await openDesk()
    const task = await leavePending(desk)
    const { stdout } = await desk.magnific('resume', '--json')
    expect(JSON.parse(stdout)).toEqual({
      cacheDir: desk.project.path('.magnific'),
      fetched: [
        {
          fingerprint: desk.order.fingerprint,
          file: 'src/hero.png',
          task,
          result: expect.objectContaining({ width: 400, height: 320 }) as object,
        },
      ],
      missing: [],
      attempts: [],
    })
  })

  it('may run twice at once, and beside a build', async () => {
    const desk = await openDesk()
    const { emulator, magnific } = desk
    await leavePending(desk)
    const [one, another, shipped] = await Promise.all([
      magnific('resume'),
      magnific('resume'),
      shipAnew(desk),
    ])
    expect([one.code, another.code]).toEqual([0, 0])
    expect(['cached', 'resumed']).toContain(shipped.from)
    expect((await shipAnew(desk)).from).toBe('cached')
    expect(postsTo(emulator)).toBe(1)
  })
})
