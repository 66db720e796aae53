import { rmSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buyAll } from '../../src/cli/buy.ts'
import { runExport } from '../../src/cli/export.ts'
import { runImport } from '../../src/cli/import.ts'
import { runPrune } from '../../src/cli/prune.ts'
import { runPush } from '../../src/cli/push.ts'
import { runResolve } from '../../src/cli/resolve.ts'
import { runRetry } from '../../src/cli/retry.ts'
import { runStatus } from '../../src/cli/status.ts'
import { runVerify } from '../../src/cli/verify.ts'
import { createPlanner } from '../../src/planner.ts'
import { createSeal } from '../../src/store/remote/seal.ts'
import { build } from '../helpers/build.ts'
import { makeOld } from '../helpers/cache.ts'
import { leavePending, openDesk, shortOf } from '../helpers/cli.ts'
import type { Desk } from '../helpers/cli.ts'
import { command, lookInto } from '../helpers/commands.ts'
import type { Surroundings } from '../helpers/commands.ts'
import { postsTo } from '../helpers/emulator.ts'
import { createEnds } from '../helpers/ends.ts'
import { makePng } from '../helpers/images.ts'
import { tmpProject } from '../helpers/project.ts'
import type { Project } from '../helpers/project.ts'
import { redisPath, startRedis, warnWithoutRedis } from '../helpers/redis-server.ts'
import { describeOwner, leaveAttempt } from '../helpers/shop.ts'
import { makeKeys } from '../helpers/signing.ts'
import type { Keys } from '../helpers/signing.ts'
import { forgetProcess, openUpscaler } from '../helpers/upscalers.ts'

warnWithoutRedis()

const query = 'magnific=2x&hdr=3'

/** A desk, and what its commands need to share. */
interface SharedDesk extends Desk {
  remote: string
  /** With this desk's API. */
  surroundings: Surroundings
  /** A machine with the same pictures and an empty cache. */
  other(): Project
  /** A build of what is on the disk and shared alone. @returns where the picture is from, or the code of an error */
  ship(project: Project, signing?: Partial<Keys>, name?: string): Promise<string>
}

describe.skipIf(redisPath === undefined)('with a shared cache', () => {
  const { onEnd, end } = createEnds()
  let url = ''
  let database = 0
  beforeAll(async () => {
    ;({ url } = await startRedis(onEnd))
  })
  afterAll(end)

  async function setUp(...effect: Parameters<typeof openDesk>): Promise<SharedDesk> {
    const desk = await openDesk(...effect)
    const { emulator, project } = desk
    const remote = `${url}/${database++}`
    const png = await makePng({ width: 180, height: 160, seed: 7 })
    project.write('src/new.png', png)
    return {
      ...desk,
      remote,
      surroundings: { emulator, remote },
      other: () => tmpProject({ 'src/hero.png': project.read('src/hero.png'), 'src/new.png': png }),
      ship: async (where, signing, name = 'hero.png') => {
        forgetProcess(where)
        const cache = { dir: where.path('.magnific'), remote, timeout: 20_000, signing }
        const upscaler = openUpscaler(where, { baseUrl: emulator.url, cache })
        try {
          return (await upscaler.get(`src/${name}`, query)).from
        } catch (error) {
          return (error as { code: string }).code
        } finally {
          await upscaler.end()
        }
      },
    }
  }

  it('resume brings home what was paid for, also to the others', async () => {
    const desk = await setUp()
    const { emulator, magnific, remote, ship, other } = desk
    await leavePending(desk)
    const { code, stdout, stderr } = await magnific('resume', '--remote', remote)
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toContain('1 fetched')
    const calls = emulator.calls.length
    expect(await ship(other())).toBe('cached')
    expect(emulator.calls).toHaveLength(calls)
  })

  it('verify fetches anew what is gone here, and status tells of it', async () => {
    const { emulator, project, order, next, surroundings } = await setUp()
    const { file } = await next().buy(order)
    rmSync(file)
    const said = await command(project, surroundings, async (workspace, now) =>
      runVerify(workspace, {}, now),
    )
    expect(said).toContain('1 result · 1 repaired')
    expect(await command(project, surroundings, runStatus)).toContain('1 completed')
    expect(emulator.tasks).toHaveLength(1)
  })

  it('verify takes what is gone here from the others, and asks the API nothing', async () => {
    const { emulator, project, ship, surroundings } = await setUp()
    expect(await ship(project)).toBe('paid')
    const blobs = project.list('.magnific/v1/blobs')
    for (const file of blobs) rmSync(file)
    const calls = emulator.calls.length
    const said = await command(project, surroundings, async (workspace, now) =>
      runVerify(workspace, {}, now),
    )
    expect(said).toContain('1 result · 1 repaired')
    expect(said).toContain('were taken from the shared cache')
    expect(project.list('.magnific/v1/blobs')).toEqual(blobs)
    expect(emulator.calls).toHaveLength(calls)
  })

  it('upscale brings here what other machines have, without a key and without a question', async () => {
    const { emulator, project, ship, other, remote, magnificWith } = await setUp()
    expect(await ship(other())).toBe('paid')
    project.write('src/main.js', `import './hero.png?${query}'\n`)
    project.write('magnific.config.mjs', `export default { cache: { remote: '${remote}' } }\n`)
    const calls = emulator.calls.length
    const { code, stdout, stderr } = await magnificWith({ FREEPIK_API_KEY: '' }, 'upscale')
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toContain('1 image · 1 cached (1 from the shared cache) · nothing paid')
    expect(emulator.calls).toHaveLength(calls)
    // Afterwards it is here.
    expect((await magnificWith({}, 'plan', '--remote=false')).stdout).toContain('1 cached')
  })

  it('prune removes attempts that cost nothing', async () => {
    const { project, order, next, surroundings } = await setUp()
    const old = '2026-01-01T00:00:00.000Z'
    const owner = (await describeOwner(next(), order)).replace(/"at":"[^"]+"/, `"at":"${old}"`)
    for (const number of [1, 2]) {
      const files = { owner, decided: `abandon ${old} 1 here\n` }
      makeOld(leaveAttempt(next(), order, files, number))
    }
    const said = await command(project, surroundings, async (workspace, now) =>
      runPrune(workspace, { yes: true }, now, async () => {
        throw new Error('Nobody asks for what is referenced.')
      }),
    )
    expect(said).toContain('Removed 1 attempt that cost nothing')
  })

  it('retry lets any of the machines submit anew', async () => {
    const { emulator, project, surroundings, ship, other } = await setUp({
      outcome: 'FAILED',
      times: 1,
    })
    const two = other()
    expect(await ship(project)).toBe('TASK_FAILED')
    expect(await ship(two)).toBe('TASK_FAILED')
    expect(postsTo(emulator)).toBe(1)
    const said = await command(project, surroundings, async (workspace, now) =>
      runRetry(workspace, [], now),
    )
    expect(said).toContain('src/hero.png\nThe next build submits them once more')
    expect(await ship(two)).toBe('paid')
    // What another machine has had retried is not told of once more.
    const again = await command(project, surroundings, async (workspace, now) =>
      runRetry(workspace, [], now),
    )
    expect(again).toBe('Nothing has failed.')
    expect(await ship(project)).toBe('cached')
  })

  it('export writes what is here, import takes it over, and push brings it to the others', async () => {
    const { emulator, project, order, next, surroundings, ship, other } = await setUp()
    await next().buy(order)
    const archive = project.path('cache.tgz')
    expect(
      await command(project, surroundings, async (workspace) => runExport(workspace, archive, {})),
    ).toContain('exported 1 result')
    const two = other()
    expect(
      await command(two, surroundings, async (workspace, now) =>
        runImport(workspace, archive, now),
      ),
    ).toContain('imported 1 result')
    expect(await command(two, surroundings, runPush)).toContain('1 pushed')
    const calls = emulator.calls.length
    expect(await ship(other())).toBe('cached')
    expect(emulator.calls).toHaveLength(calls)
  })

  describe('of a machine that may not write', () => {
    const { publicKey } = makeKeys()

    it.each<[string, string, Record<string, string>]>([
      ['is told to read only', 'readOnly: true, ', {}],
      ['has the public key alone', '', { MAGNIFIC_PUBLIC_KEY: publicKey }],
    ])('since it %s, upscale buys nothing', async (_, setting, env) => {
      const { emulator, project, remote, magnificWith } = await setUp()
      project.write('src/main.js', `import './hero.png?${query}'\n`)
      const config = `export default { cache: { ${setting}remote: '${remote}' } }\n`
      project.write('magnific.config.mjs', config)
      const { code, stderr } = await magnificWith(env, 'upscale', '--yes')
      expect(code).toBe(1)
      expect(stderr).toContain('Nothing is bought with a cache that is read only')
      expect(postsTo(emulator)).toBe(0)
    })

    it('upscale buys nothing while another machine does either', async () => {
      const { emulator, project, remote, ship, other, magnificWith } = await setUp({
        delay: 20_000,
      })
      const buyer = other()
      const bought = ship(buyer)
      await expect.poll(() => postsTo(emulator)).toBe(1)
      project.write('magnific.config.mjs', 'export default { cache: { readOnly: true } }\n')
      const { code, stderr } = await magnificWith(
        {},
        'upscale',
        'hero.png',
        '--hdr=3',
        '--out=big.png',
        '--yes',
        `--remote=${remote}`,
      )
      expect(code).toBe(1)
      expect(stderr).toContain('a cache that is read only buys nothing')
      expect(postsTo(emulator)).toBe(1)
      await emulator.close()
      await bought
    })

    it('nothing is bought in spite of that', async () => {
      const { emulator, project, surroundings } = await setUp()
      const file = project.path('src/hero.png')
      const said = await command(project, { ...surroundings, publicKey }, async (workspace) => {
        const planner = createPlanner(workspace.options, {
          info: workspace.warn,
          warn: workspace.warn,
        })
        const planned = await planner.plan([
          { specifier: file, query, importer: file, file, reached: true, line: 1 },
        ])
        const bought = await buyAll(workspace, planned, {}, workspace.warn)
        expect(bought.map(({ error }) => error)).toMatchObject([{ code: 'NOT_CACHED' }])
      })
      expect(said).not.toContain('paid for')
      expect(postsTo(emulator)).toBe(0)
    })

    it("a build that says onMiss: 'upscale' lists what is missing, and buys nothing", async () => {
      const { emulator, project, remote } = await setUp()
      project.write('src/main.js', `import hero from './hero.png?${query}'\nconsole.log(hero)\n`)
      const cache = { dir: project.path('.magnific'), remote, readOnly: true }
      const { error } = await build('rollup', project, {
        options: { apiKey: 'x', baseUrl: emulator.url, onMiss: 'upscale', cache },
      })
      expect(error).toMatch(
        /1 image is neither here nor in the shared cache .*a cache that is read only buys nothing/,
      )
      expect(error).toMatch(/src\/hero\.png\?magnific=2x&hdr=3 +400×320/)
      expect(postsTo(emulator)).toBe(0)
    })
  })

  describe('push', () => {
    it('signs anew, also with another key, and what is bought afterwards is signed', async () => {
      const { emulator, project, surroundings, remote, ship, other } = await setUp()
      expect(await ship(project)).toBe('paid')
      const redis = await lookInto(remote)
      // A purchase takes longer than this one: its owner shows that it is alive.
      const [owner = ''] = await redis.keys('*v1/journal/*/0001/owner')
      const key = owner.slice(owner.indexOf('v1/'))
      const sealed = createSeal(undefined).seal(`${key}/beat`, String(Date.now()))
      await redis.set(`magnific:${key}/beat`, sealed)
      let name = 'new.png'
      for (const keys of [makeKeys(), makeKeys()]) {
        const reader = { publicKey: keys.publicKey }
        expect(await ship(other(), reader)).toBe('REMOTE_REFUSED')
        expect(await command(project, { ...surroundings, ...keys }, runPush)).toContain(' pushed')
        expect(await ship(other(), reader)).toBe('cached')
        await redis.del(await redis.keys('*v1/results/*'))
        // The journal tells of it, too.
        expect(await ship(other(), keys)).toBe('resumed')
        expect(await ship(project, keys, name)).toBe(name === 'new.png' ? 'paid' : 'cached')
        expect(await ship(other(), reader, name)).toBe('cached')
        name = 'hero.png'
      }
      expect(emulator.tasks).toHaveLength(2)
    })

    it.each([
      [
        'cut',
        async (text: string | null): Promise<string> => Promise.resolve(text?.slice(9) ?? ''),
      ],
      ['lost', undefined],
    ])('writes a piece anew that was %s', async (_, damage) => {
      const { emulator, project, surroundings, remote, ship, other } = await setUp()
      expect(await ship(project)).toBe('paid')
      const redis = await lookInto(remote)
      const [piece = ''] = await redis.keys('*v1/blobs/*')
      const right = await redis.get(piece)
      if (damage) await redis.set(piece, await damage(right))
      else await redis.del([piece])
      expect(await command(project, surroundings, runPush)).toContain('1 pushed')
      expect(await redis.get(piece)).toBe(right)
      expect(await command(project, surroundings, runPush)).toContain('1 there already')
      const calls = emulator.calls.length
      expect(await ship(other())).toBe('cached')
      expect(emulator.calls).toHaveLength(calls)
    })

    it('leaves out what another machine has voided, and says so', async () => {
      const { project, order, surroundings, remote, ship, other } = await setUp()
      expect(await ship(project)).toBe('paid')
      const redis = await lookInto(remote)
      await redis.del(await redis.keys('*v1/results/*'))
      const two = other()
      await command(two, surroundings, async (workspace, now) => {
        // It hears of the attempt as a build does.
        await workspace.journal.find(order.fingerprint)
        await runResolve(workspace, shortOf(order), { void: true, force: true }, now)
      })
      expect(await command(project, surroundings, runPush)).toContain(
        '0 pushed · 1 left out, which somebody has voided',
      )
      expect(await redis.keys('*v1/results/*')).toEqual([])
    })
  })
})
