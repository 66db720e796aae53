import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { Emulator } from '../../src/emulator/index.ts'
import { startEmulator } from '../helpers/emulator.ts'
import { startLethalProxy } from '../helpers/lethal-proxy.ts'
import type { LethalProxy } from '../helpers/lethal-proxy.ts'
import {
  drawPictures,
  expectBoughtOnce,
  expectNoneTwice,
  expectShipped,
  fastOptions,
  hash,
  setUpMachines,
} from '../helpers/machines.ts'
import type { Machine, MachineBuild } from '../helpers/machines.ts'
import { redisPath, startRedis, warnWithoutRedis } from '../helpers/redis-server.ts'
import { seededRandom } from '../helpers/simulated-api.ts'

warnWithoutRedis()

/** All of it takes minutes. */
const isThorough = process.env['EVERY_FAULT'] !== undefined
/** Without the API's list, each image that was being sent is a question to a person. */
const isPatient = process.env['EVERY_LIE'] !== undefined
const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))
const killAtChange = new URL('../helpers/kill-at-change.js', import.meta.url).href
/** So often a machine is started again at the most. */
const patience = 100

/** What a machine dies of. */
type Fate =
  | { by: 'command'; nth: number; phase: 'before' | 'after' }
  | { by: 'change'; nth: number; phase: 'before' | 'after' }
  | { by: 'task'; nth: number }

/** What whoever is asked does, by what the API's account shows, with `magnific resolve`. */
async function resolveAsAsked(
  output: string,
  emulator: Emulator,
  pictures: Record<string, Buffer>,
  { project }: Machine,
  remote: string,
): Promise<void> {
  const [, name = ''] = /file: .*\/(image-\d+\.png)/.exec(output) ?? []
  const [prefix = ''] = /(?<=resolve )[\da-f]{12,64}\b/.exec(output) ?? []
  const bytes = pictures[`src/${name}`]
  expect([prefix, bytes], output).not.toContain(undefined)
  expect(prefix, output).not.toBe('')
  const calls = [...emulator.calls]
  await emulator.until(() => calls.every(({ over }) => over))
  const task = emulator.tasks.find(({ source }) => source.sha256 === hash(bytes ?? Buffer.of()))?.id
  const way = task === undefined ? ['--void'] : ['--adopt', task]
  const place = ['--cache-dir', project.path('.magnific'), '--remote', remote]
  const env = {
    PATH: process.env['PATH'],
    FREEPIK_API_KEY: 'test-key-of-somebody',
    MAGNIFIC_BASE_URL: emulator.url,
  }
  await new Promise<void>((resolve) => {
    // Where somebody else has settled it meanwhile, it is refused.
    execFile(
      process.execPath,
      [cli, 'resolve', prefix, ...way, ...place],
      { env, cwd: project.dir },
      () => resolve(),
    )
  })
}

async function rage(seed: number, count: number, images: number, list: boolean): Promise<void> {
  const random = seededRandom(seed)
  const draw = (least: number, most: number): number =>
    least + Math.floor(random() * (most - least + 1))
  const [emulator, redis] = await Promise.all([startEmulator({ latency: 50, list }), startRedis()])
  const pictures = await drawPictures(images)
  // Of those that are on their way, each may be a question to a person.
  const options = { ...fastOptions(emulator, {}), concurrency: 8 }
  const machines = setUpMachines(count, pictures, options)
  const running = new Map<Machine, MachineBuild>()
  let kills = 0
  let asked = 0
  let turn = Promise.resolve()

  const drawFate = (): Fate => {
    const phase = random() < 0.5 ? 'before' : 'after'
    const kind = draw(0, 4)
    if (kind < 2) return { by: 'command', nth: draw(1, images * 8), phase }
    if (kind < 4) return { by: 'change', nth: draw(1, images * 9), phase }
    return { by: 'task', nth: draw(1, images - 1) }
  }

  const start = (machine: Machine, proxy: LethalProxy, fate: Fate | undefined): MachineBuild => {
    const cache = { remote: `redis://127.0.0.1:${proxy.port}` }
    proxy.disarm()
    if (fate?.by === 'change') {
      const env = { KILL_AT: String(fate.nth), KILL_PHASE: fate.phase }
      return machine.start({ cache, env, preload: [killAtChange] })
    }
    const build = machine.start({ cache })
    const kill = (): void => void build.process.kill('SIGKILL')
    if (fate?.by === 'command') proxy.arm(fate.nth, fate.phase, kill)
    if (fate?.by === 'task') {
      const isOver = (): boolean => build.process.exitCode !== null
      emulator
        .until(() => isOver() || emulator.tasks.length >= fate.nth, 120_000)
        .then(kill, () => {})
    }
    return build
  }

  const buildUntilDone = async (machine: Machine, fates: Fate[]): Promise<void> => {
    const proxy = await startLethalProxy(redis.port, 'magnific:claims:')
    for (let round = 0; round < patience; round++) {
      const build = start(machine, proxy, fates.shift())
      running.set(machine, build)
      const { code, signal, output } = await build.ended
      expectNoneTwice(emulator)
      if (code === 0) return
      if (signal === 'SIGKILL') {
        kills++
        continue
      }
      expect(output).toContain('SUBMIT_AMBIGUOUS')
      asked++
      const url = redis.url
      turn = turn.then(async () => resolveAsAsked(output, emulator, pictures, machine, url))
      await turn
    }
    throw new Error(`${machine.name} is not done after ${patience} builds.`)
  }

  await Promise.all(
    machines.map(async (machine) =>
      buildUntilDone(machine, [drawFate(), drawFate(), drawFate()].slice(0, draw(1, 3))),
    ),
  )
  expect(kills, 'machines that were killed').toBeGreaterThan(0)
  expectBoughtOnce(emulator, pictures)
  await expectShipped(machines, emulator, pictures)
  if (process.env['TELL_FIGURES']) {
    process.stderr.write(
      `seed ${seed}: ${count} machines × ${images} images, ${kills} kills, a person asked ${asked} times, ${emulator.tasks.length} tasks\n`,
    )
  }
}

describe.skipIf(redisPath === undefined)('machines that are killed and start again', () => {
  it.each(isPatient ? [1, 2, 3, 4, 5, 6, 7, 8] : isThorough ? [1, 3, 5, 7] : [1])(
    'buy each image once all the same (seed %i)',
    { timeout: 300_000 },
    async (seed) => rage(seed, isThorough ? 4 : 3, isThorough ? 100 : 20, seed % 2 === 1),
  )
})
