import { describe, expect, it } from 'vitest'
import { startEmulator } from '../helpers/emulator.ts'
import {
  drawPictures,
  expectBoughtOnce,
  expectShipped,
  fastOptions,
  setUpMachines,
} from '../helpers/machines.ts'
import { postgresPath, startPostgres, warnWithoutPostgres } from '../helpers/postgres-server.ts'
import { redisPath, startRedis, warnWithoutRedis } from '../helpers/redis-server.ts'

warnWithoutRedis()
warnWithoutPostgres()

/** All of it takes minutes. */
const isThorough = process.env['EVERY_FAULT'] !== undefined
const images = isThorough ? 100 : 16
const timeout = isThorough ? 600_000 : 60_000
const stores = [
  {
    name: 'Redis',
    isThere: redisPath !== undefined,
    start: startRedis,
    counts: isThorough ? [2, 4, 8] : [3],
  },
  {
    name: 'PostgreSQL',
    isThere: postgresPath !== undefined,
    start: startPostgres,
    counts: isThorough ? [2, 4, 8] : [2],
  },
]

describe.each(stores)('$name, shared by machines that want the same images', (store) => {
  describe.skipIf(!store.isThere)('at once', () => {
    it.each(store.counts)('%i machines buy each image once', { timeout }, async (count) => {
      const [emulator, { url }] = await Promise.all([
        startEmulator({ latency: 300 }),
        store.start(),
      ])
      const pictures = await drawPictures(images)
      const machines = setUpMachines(count, pictures, fastOptions(emulator, { remote: url }))
      const ended = await Promise.all(machines.map(async ({ build }) => build()))
      for (const { code, output } of ended) expect(code, output).toBe(0)
      expectBoughtOnce(emulator, pictures)
      await expectShipped(machines, emulator, pictures)
    })
  })
})
