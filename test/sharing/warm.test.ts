import { describe, expect, it } from 'vitest'
import { startEmulator } from '../helpers/emulator.ts'
import {
  drawPictures,
  expectBoughtOnce,
  expectShipped,
  fastOptions,
  setUpMachines,
} from '../helpers/machines.ts'
import type { Machine } from '../helpers/machines.ts'
import { remoteStores, warnWithoutStores } from '../helpers/remote-stores.ts'

warnWithoutStores()

/** All of it takes minutes. */
const images = process.env['EVERY_FAULT'] === undefined ? 12 : 100

describe.each(remoteStores)(
  'a machine whose images another one has bought, with $name',
  (store) => {
    it.skipIf(!store.isThere)(
      'calls the API not once, and needs no key',
      { timeout: 300_000 },
      async () => {
        const [emulator, { url }] = await Promise.all([startEmulator(), store.startServer()])
        const pictures = await drawPictures(images)
        const { apiKey, ...options } = fastOptions(emulator, { remote: url })
        const machines = setUpMachines(2, pictures, options)
        const [buyer, other] = machines as [Machine, Machine]
        const cold = await buyer.build({ apiKey })
        expect(cold.code, cold.output).toBe(0)
        expectBoughtOnce(emulator, pictures)
        const calls = emulator.calls.length
        for (const lost of [undefined, 'v1/variants', 'v1/results', 'v1/blobs']) {
          other.forget(...(lost === undefined ? [] : [lost, 'v1/variants', 'v1/memo.json']))
          const { code, output } = await other.build()
          expect(code, output).toBe(0)
          expect(output).toContain(`${images} images`)
          expect(output).toContain('nothing paid')
          expect(emulator.calls).toHaveLength(calls)
        }
        await expectShipped(machines, emulator, pictures)
      },
    )
  },
)
