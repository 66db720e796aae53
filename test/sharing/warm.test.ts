import { describe, expect, it } from 'vitest'
import { startEmulator } from '../helpers/emulator.ts'
import {
  drawPictures,
  expectBoughtOnce,
  expectShipped,
  fastOptions,
  setUpMachines,
} from '../helpers/machines.ts'
import { listLoadedScripts } from '../helpers/loaded-scripts.ts'
import type { Machine } from '../helpers/machines.ts'
import { remoteStores, warnWithoutStores } from '../helpers/remote-stores.ts'

warnWithoutStores()

/** The pixels library, and what buying takes: whoever only fetches looks at hashes and headers. */
function listHeavy(coverage: string): string[] {
  const heavy = /\/node_modules\/sharp\/|\/dist\/(?:orders|inspect)-/
  return listLoadedScripts(coverage).filter((url) => heavy.test(url))
}

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
        const loadedCold = buyer.project.path('loaded')
        const env = { NODE_V8_COVERAGE: loadedCold }
        const cold = await buyer.build({ apiKey, env })
        expect(cold.code, cold.output).toBe(0)
        expect(listHeavy(loadedCold)).not.toEqual([])
        expectBoughtOnce(emulator, pictures)
        const calls = emulator.calls.length
        for (const lost of [undefined, 'v1/variants', 'v1/results', 'v1/blobs']) {
          other.forget(...(lost === undefined ? [] : [lost, 'v1/variants', 'v1/memo.json']))
          const loaded = other.project.path(`loaded-${lost?.slice('v1/'.length) ?? 'everything'}`)
          const { code, output } = await other.build({ env: { NODE_V8_COVERAGE: loaded } })
          expect(code, output).toBe(0)
          expect(listHeavy(loaded)).toEqual([])
          expect(output).toContain(`${images} images`)
          expect(output).toContain('nothing paid')
          expect(emulator.calls).toHaveLength(calls)
        }
        await expectShipped(machines, emulator, pictures)
      },
    )
  },
)
