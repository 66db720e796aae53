import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openDesk, shortOf } from '../helpers/cli.ts'
import { errorOf } from '../helpers/errors.ts'
import { attemptFolder } from '../helpers/shop.ts'

/** Folders as well: an attempt that nobody has begun is one. */
function namesBelow(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' }).toSorted((a, b) =>
    a.localeCompare(b),
  )
}

describe('magnific status', () => {
  it('says that nothing was attempted where nothing was', async () => {
    const { magnific, project } = await openDesk()
    const { code, stdout } = await magnific('status')
    expect(code).toBe(0)
    expect(stdout).toBe(`Nothing was attempted yet in ${project.path('.magnific')}.\n`)
  })

  it('names what is ambiguous with its file and time, and the ways on', async () => {
    const { order, next, magnific } = await openDesk({ status: 500, accept: true })
    await errorOf(async () => next().buy(order))
    const { stdout } = await magnific('status')
    expect(stdout).toContain(
      `${shortOf(order)}  ambiguous   src/hero.png?magnific=2x&hdr=3  2026-01-01T00:00:00.000Z  ~€0.10  (local)`,
    )
    expect(stdout).toContain(`magnific resolve ${shortOf(order)} --adopt <task id>, or --void`)
    expect(stdout).toContain('1 ambiguous  in ')
  })

  it('tells programs the same', async () => {
    const { order, next, magnific, emulator } = await openDesk({ outcome: 'FAILED', error: 'No.' })
    await errorOf(async () => next().buy(order))
    const { attempts, totals } = JSON.parse((await magnific('status', '--json')).stdout) as {
      attempts: object[]
      totals: object
    }
    expect(totals).toEqual({ failed: 1 })
    expect(attempts).toEqual([
      expect.objectContaining({
        fingerprint: order.fingerprint,
        state: 'failed',
        file: 'src/hero.png',
        task: emulator.tasks[0]?.id,
        params: { scale_factor: '2x', hdr: 3 },
        estimate: 0.1,
      }),
    ])
  })

  it('marks what was not bought from Magnific', async () => {
    const { order, next, magnific } = await openDesk({ status: 500 })
    await errorOf(async () => next().buy(order))
    expect((await magnific('status')).stdout).toMatch(/ {2}~€0\.10 {2}\(local\)\n/)
    const { attempts } = JSON.parse((await magnific('status', '--json')).stdout) as {
      attempts: object[]
    }
    expect(attempts).toEqual([expect.objectContaining({ service: 'local' })])
    const owner = join(attemptFolder(next(), order), 'owner')
    const parsed = JSON.parse(readFileSync(owner, 'utf8')) as { subject: object }
    const official = { ...parsed, subject: { ...parsed.subject, service: 'magnific' } }
    writeFileSync(owner, JSON.stringify(official))
    expect((await magnific('status')).stdout).toMatch(/ {2}~€0\.10\n/)
  })

  it.each(['', '{', '{"subject":null}', '{"subject":{}}', '<<<<<<< ours\n'])(
    'tells what is ambiguous also where its owner cannot be read: %j',
    async (owner) => {
      const { order, next, magnific } = await openDesk({ status: 500 })
      await errorOf(async () => next().buy(order))
      writeFileSync(join(attemptFolder(next(), order), 'owner'), owner)
      const { code, stdout, stderr } = await magnific('status')
      expect([code, stderr]).toEqual([0, ''])
      expect(stdout).toContain(`${shortOf(order)}  ambiguous   unknown file`)
    },
  )
})

describe('a cache of which the results alone are kept', () => {
  it.each([
    [['status'], 0, '1 completed  in '],
    [['status', '--json'], 0, '"completed": 1'],
    [['retry'], 0, 'Nothing has failed.'],
  ])('is not written to by %j', async (args, code, says) => {
    const { project, order, next, magnific } = await openDesk()
    await next().buy(order)
    rmSync(project.path('.magnific/v1/journal'), { recursive: true })
    const before = namesBelow(project.path('.magnific'))
    const ran = await magnific(...args)
    expect(ran.code).toBe(code)
    expect(ran.stdout).toContain(says)
    const one = await magnific('retry', shortOf(order))
    expect([one.code, one.stdout]).toEqual([1, ''])
    expect(one.stderr).toContain('has not failed: it is completed')
    expect(namesBelow(project.path('.magnific'))).toEqual(before)
  })
})
