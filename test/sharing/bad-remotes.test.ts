import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { Emulator } from '../../src/emulator/index.ts'
import { startEmulator } from '../helpers/emulator.ts'
import {
  drawPictures,
  expectBoughtOnce,
  expectNoneTwice,
  expectShipped,
  fastOptions,
  setUpMachines,
} from '../helpers/machines.ts'
import type { Ended, Machine, MachineOptions } from '../helpers/machines.ts'
import { redisPath, startRedis, warnWithoutRedis } from '../helpers/redis-server.ts'
import { startProxy } from '../helpers/tcp-proxy.ts'
import type { TcpProxy } from '../helpers/tcp-proxy.ts'

warnWithoutRedis()

/** All of it takes minutes. */
const isThorough = process.env['EVERY_FAULT'] !== undefined
const images = isThorough ? 20 : 6
/** Whoever waits for what was lost waits for minutes, as long as an answer may take. */
const isPatient = process.env['EVERY_LIE'] !== undefined
const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))
const run = promisify(execFile)

/** What a network does to a store. */
const networks: Record<string, (proxy: TcpProxy) => unknown> = {
  'that is dead': async (proxy) => proxy.cut(),
  'that lags by 5 s': (proxy) => proxy.setDelay(5000),
  'that hangs': (proxy) => proxy.hang(),
}

interface Scene {
  emulator: Emulator
  url: string
  proxy: TcpProxy
  pictures: Record<string, Buffer>
  machines: Machine[]
}

async function setUp(count: number, cache: MachineOptions['cache'] = {}): Promise<Scene> {
  const [emulator, { port, url }] = await Promise.all([
    startEmulator({ latency: 100 }),
    startRedis(),
  ])
  const proxy = await startProxy(port)
  const pictures = await drawPictures(images)
  const remote = `redis://127.0.0.1:${proxy.port}`
  const options = fastOptions(emulator, { remote, ...cache })
  return { emulator, url, proxy, pictures, machines: setUpMachines(count, pictures, options) }
}

/** What is said of the store beside the error of a build. */
function countWarnings(output: string): number {
  return output.split('What is here is used; what is not here is not bought').length - 1
}

/** What a person does who reads that others do not know of what was bought. */
async function pushAsAsked({ output }: Ended, { project }: Machine, remote: string): Promise<void> {
  if (!output.includes('magnific push')) return
  const env = { PATH: process.env['PATH'] }
  const place = ['--cache-dir', project.path('.magnific'), '--remote', remote]
  await run(process.execPath, [cli, 'push', ...place], { env, cwd: project.dir })
}

describe.skipIf(redisPath === undefined)('a build with a shared cache', () => {
  describe.each(Object.entries(networks).slice(0, isThorough ? undefined : 1))(
    '%s',
    (_, worsen) => {
      it('buys nothing, says so once and what to do, and goes on with previews where it may', async () => {
        const { emulator, proxy, machines } = await setUp(1)
        const [machine] = machines as [Machine]
        await worsen(proxy)
        const { code, output } = await machine.build()
        expect(code).not.toBe(0)
        expect(output).toContain('REMOTE_FAILED')
        expect(output).toContain(
          'Mend it and build again, or build with MAGNIFIC_CACHE_REMOTE=false',
        )
        expect(countWarnings(output), output).toBe(1)
        const preview = await machine.build({ onMiss: 'preview' })
        expect(preview.code, preview.output).toBe(0)
        expect(preview.output).toContain(`${images} images`)
        expect(countWarnings(preview.output), preview.output).toBe(1)
        expect(emulator.calls).toHaveLength(0)
      })

      it('needs it for nothing that is here', async () => {
        const { emulator, proxy, pictures, machines } = await setUp(1)
        const [machine] = machines as [Machine]
        const cold = await machine.build()
        expect(cold.code, cold.output).toBe(0)
        const calls = emulator.calls.length
        await worsen(proxy)
        for (const lost of [['memo.json'], ['memo.json', 'variants'], ['journal', 'variants']]) {
          machine.forget(...lost.map((name) => `v1/${name}`))
          const { code, output } = await machine.build()
          expect(code, output).toBe(0)
          expect(output).not.toContain('shared cache')
          await expectShipped(machines, emulator, pictures)
        }
        expect(emulator.calls.filter(({ route }) => route === 'submit')).toHaveLength(images)
        expect(calls).toBeGreaterThan(0)
      })
    },
  )

  // Whoever waits for an owner that could not say that it gave up waits for a minute.
  const halfway = isPatient ? Object.entries(networks) : []
  describe.each(halfway)('%s halfway, and is well again later', (_, worsen) => {
    it('buys each image once', { timeout: 300_000 }, async () => {
      const { emulator, proxy, pictures, machines, url } = await setUp(2)
      let healing: Promise<void> | undefined
      const heal = async (): Promise<void> => {
        proxy.setDelay(0)
        await proxy.heal()
      }
      // Whoever fails mends it and builds again, while others wait for what was begun.
      const buildUntilDone = async (machine: Machine): Promise<void> => {
        for (let round = 0; round < 5; round++) {
          const ended = await machine.build()
          expectNoneTwice(emulator)
          if (ended.code === 0) return
          expect(ended.output).toContain('REMOTE_FAILED')
          expect(countWarnings(ended.output), ended.output).toBeLessThanOrEqual(1)
          await (healing ??= heal())
          await pushAsAsked(ended, machine, url)
        }
        throw new Error(`${machine.name} is not done after 5 builds.`)
      }
      const done = Promise.all(machines.map(buildUntilDone))
      await emulator.until(() => emulator.tasks.length >= images / 4, 50_000)
      await worsen(proxy)
      await done
      expectBoughtOnce(emulator, pictures)
      await expectShipped(machines, emulator, pictures)
    })
  })
})

/** What a store may do to values. */
const lies = {
  'cuts values off': { cuts: 0.1 },
  'answers with what belongs to other keys': { mixes: 0.1 },
  'drops a third of the writes': { drops: 1 / 3 },
}

describe.skipIf(redisPath === undefined || !isPatient)(
  'a store in code, with a claim in code',
  () => {
    it.each(Object.entries(lies))(
      'that %s makes nobody buy twice, and everybody has everything once it is well',
      { timeout: 600_000 },
      async (_, lie) => {
        const [emulator, { url }] = await Promise.all([
          startEmulator({ latency: 100 }),
          startRedis(),
        ])
        const pictures = await drawPictures(images)
        const machines = setUpMachines(3, pictures, fastOptions(emulator, {}))
        for (let round = 0; round < 3; round++) {
          const builds = machines.map(({ start }, index) =>
            start({ cache: { remote: { url, seed: round * 10 + index, ...lie } } }),
          )
          // Who waits for what was lost may wait long.
          await Promise.race(builds.map(async ({ ended }) => ended))
          for (const { process } of builds) process.kill('SIGKILL')
          await Promise.all(builds.map(async ({ ended }) => ended))
          expectNoneTwice(emulator)
        }
        const well = { cache: { remote: { url, seed: 1 } } }
        const ended = await Promise.all(machines.map(async ({ build }) => build(well)))
        expectNoneTwice(emulator)
        // One that was killed as it sent leaves what only a person can know.
        const failed = ended.filter(({ code }) => code !== 0)
        for (const { output } of failed) expect(output).toContain('magnific resolve')
        if (failed.length > 0) return
        expectBoughtOnce(emulator, pictures)
        await expectShipped(machines, emulator, pictures)
      },
    )
  },
)
