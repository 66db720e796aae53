import { expect, it } from 'vitest'
import type { Emulator } from '../../src/emulator/index.ts'
import { postsTo, startEmulator } from '../helpers/emulator.ts'
import { errorOf } from '../helpers/errors.ts'
import { makePng } from '../helpers/images.ts'
import { createMemoryStore } from '../helpers/memory-store.ts'
import type { MemoryStore } from '../helpers/memory-store.ts'
import { tmpProject } from '../helpers/project.ts'
import { openUpscaler } from '../helpers/upscalers.ts'
import type { OpenUpscaler } from '../helpers/upscalers.ts'

/** A store with a result that a machine has bought, and what opens other machines that have nothing. */
async function setUp(): Promise<{
  emulator: Emulator
  store: MemoryStore
  open: () => OpenUpscaler
}> {
  const emulator = await startEmulator()
  const store = createMemoryStore()
  const png = await makePng({ width: 200, height: 160 })
  const open = (): OpenUpscaler =>
    openUpscaler(tmpProject({ 'hero.png': png }), {
      baseUrl: emulator.url,
      cache: { remote: store.remote, claim: store.claim },
    })
  const buyer = open()
  expect((await buyer.get('hero.png')).from).toBe('paid')
  await buyer.end()
  return { emulator, store, open }
}

/** Lets the store fail so many times when it is asked for what tells of a result. */
function failResults(store: MemoryStore, times: number): void {
  let left = times
  store.onCall = ({ kind, key }, when) => {
    const isMeant = kind === 'get' && when === 'before' && key.includes('v1/results/')
    if (isMeant && left-- > 0) throw new Error('gone for a moment')
  }
}

it('a result that cannot be read for a moment is read once more, before the API is asked for its task', async () => {
  const { emulator, store, open } = await setUp()
  const calls = emulator.calls.length
  const other = open()
  // Each reading tries twice.
  failResults(store, 2)
  expect((await other.get('hero.png')).from).toBe('cached')
  expect(emulator.calls).toHaveLength(calls)
  await other.end()
})

it('a result that cannot be read is neither bought nor asked of the API, and the error says so', async () => {
  const { emulator, store, open } = await setUp()
  const calls = emulator.calls.length
  const other = open()
  failResults(store, 1000)
  const error = await errorOf(async () => other.get('hero.png'))
  expect(error).toMatchObject({ code: 'REMOTE_FAILED' })
  expect(error.message).toContain('gone for a moment. It may hold this image, so that nothing')
  expect(emulator.calls).toHaveLength(calls)
  expect(postsTo(emulator)).toBe(1)
  await other.end()
})
