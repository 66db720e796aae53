import { describe, expect, it, onTestFinished } from 'vitest'
import type { CacheOption } from '../../src/core/options.ts'
import type { Emulator } from '../../src/emulator/index.ts'
import { startEmulator } from '../helpers/emulator.ts'
import { errorOf } from '../helpers/errors.ts'
import { makePng } from '../helpers/images.ts'
import { createMemoryStore } from '../helpers/memory-store.ts'
import type { MemoryStore } from '../helpers/memory-store.ts'
import { tmpProject } from '../helpers/project.ts'
import type { Project } from '../helpers/project.ts'
import { redisPath, startRedis, warnWithoutRedis } from '../helpers/redis-server.ts'
import { makeKeys } from '../helpers/signing.ts'
import { openUpscaler } from '../helpers/upscalers.ts'
import type { OpenUpscaler } from '../helpers/upscalers.ts'

warnWithoutRedis()

async function drawProject(): Promise<Project> {
  return tmpProject({
    'one.png': await makePng({ seed: 1 }),
    'two.png': await makePng({ seed: 2 }),
  })
}

/** A plugin instance: all of one project share a root, a cache directory and this process. */
function open({ url: baseUrl }: Emulator, project: Project, cache: CacheOption): OpenUpscaler {
  const dir = project.path('.magnific')
  const upscaler = openUpscaler(project, { baseUrl, cache: { dir, timeout: 20_000, ...cache } })
  onTestFinished(async () => upscaler.end())
  return upscaler
}

/** Another machine buys one of the pictures. */
async function buyElsewhere(emulator: Emulator, cache: CacheOption): Promise<void> {
  const machine = open(emulator, await drawProject(), cache)
  await machine.get('one.png')
  await machine.end()
}

function keysLike(store: MemoryStore, part: string): string[] {
  return [...store.values.keys()].filter((key) => key.includes(part))
}

describe('plugin instances of one process with one cache directory', () => {
  it('each take what they may: one that asks for signatures refuses what the one before it took', async () => {
    const emulator = await startEmulator()
    const { remote, claim } = createMemoryStore()
    await buyElsewhere(emulator, { remote, claim })
    const project = await drawProject()
    const trusting = open(emulator, project, { remote, claim })
    const [{ publicKey }, other] = [makeKeys(), makeKeys()]
    const careful = open(emulator, project, { remote, claim, signing: { publicKey } })
    const odd = open(emulator, project, { remote, claim, signing: other })
    // It opens the store, and leaves the other picture where it is.
    await trusting.get('two.png')
    for (const each of [careful, odd]) {
      const error = await errorOf(async () => each.get('one.png'))
      expect(error.code).toBe('REMOTE_REFUSED')
      expect(error.message).toContain('it is not signed')
    }
    expect((await trusting.get('one.png')).from).toBe('cached')
    expect(emulator.tasks).toHaveLength(2)
  })

  it('each write what they may: what one buys is shared, though the one before it only reads', async () => {
    const emulator = await startEmulator()
    const store = createMemoryStore()
    const { remote, claim } = store
    const project = await drawProject()
    const reader = open(emulator, project, { remote, claim, readOnly: true })
    expect((await errorOf(async () => reader.get('one.png'))).code).toBe('NOT_CACHED')
    const writer = open(emulator, project, { remote, claim })
    expect((await writer.get('one.png')).from).toBe('paid')
    await writer.end()
    expect(keysLike(store, 'v1/results/')).toHaveLength(1)
    expect(keysLike(store, '/0001/task').length).toBeGreaterThan(0)

    const elsewhere = open(emulator, await drawProject(), { remote, claim })
    expect((await elsewhere.get('one.png')).from).toBe('cached')
    expect(emulator.tasks).toHaveLength(1)
  })

  it.skipIf(redisPath === undefined)('each ask the store that they name', async () => {
    const emulator = await startEmulator()
    const { url } = await startRedis()
    await buyElsewhere(emulator, { remote: `${url}/0` })
    const project = await drawProject()
    const [five, zero] = [`${url}/5`, `${url}/0`].map((remote) =>
      open(emulator, project, { remote, readOnly: true }),
    )
    const [missed, found] = await Promise.all([
      errorOf(async () => five?.get('one.png')),
      zero?.get('one.png'),
    ])
    expect(missed.code).toBe('NOT_CACHED')
    expect(found?.from).toBe('cached')
    expect(emulator.tasks).toHaveLength(1)
  })
})
