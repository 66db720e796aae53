import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { openPort } from '../../../src/store/remote/open-port.ts'
import type { Claims, RemotePort } from '../../../src/store/remote/port.ts'
import { createEnds } from '../../helpers/ends.ts'
import { remoteStores, warnWithoutStores } from '../../helpers/remote-stores.ts'
import type { RemoteServer } from '../../helpers/remote-stores.ts'

const root = import.meta.dirname

warnWithoutStores()

/** As long as what is kept at once may be. */
const longText = randomBytes(384 * 1024).toString('base64')

describe.each(remoteStores)('$name', ({ isThere, startServer, ways }) => {
  describe.skipIf(!isThere).each(Object.entries(ways))('as %s', (_, way) => {
    const ends = createEnds()
    let server: RemoteServer

    beforeAll(async () => {
      server = await startServer(ends.onEnd)
    })
    afterAll(ends.end)

    /** A port that is closed when the test ends. */
    async function open(): Promise<RemotePort & { claims: Claims }> {
      const port = await openPort(way(server.url), { root })
      onTestFinished(async () => port.close())
      const { claims } = port
      if (!claims) throw new Error('There are no claims.')
      return { ...port, claims }
    }

    it('gives back a text of 512 KiB as it was set', async () => {
      expect(longText).toHaveLength(512 * 1024)
      await (await open()).set('long', longText)
      expect((await (await open()).get('long')) === longText).toBe(true)
    })

    it('gives back what was set last', async () => {
      const port = await open()
      await port.set('twice', 'one')
      await port.set('twice', 'two: "ä\n{}')
      expect(await port.get('twice')).toBe('two: "ä\n{}')
    })

    it('says of what was never set that there is none', async () => {
      const port = await open()
      expect(await port.get('nothing')).toBeUndefined()
      expect(await port.claims.read('nothing')).toBeUndefined()
    })

    it('lets one of many that claim the same key at once win, and tells all of them who', async () => {
      const ports = await Promise.all([open(), open(), open(), open(), open()])
      const texts = Array.from({ length: 50 }, (_each, index) => `of runner ${index}`)
      const standing = await Promise.all(
        texts.map(async (text, index) => ports[index % 5].claims.create('contested', text)),
      )
      const [winner] = standing
      expect(texts).toContain(winner)
      expect(new Set(standing)).toEqual(new Set([winner]))
      expect(await (await open()).claims.read('contested')).toBe(winner)
    })

    it('lets every key be claimed by whoever comes first, and never again', async () => {
      const [one, other] = [await open(), await open()]
      const key = 'k'.repeat(200)
      expect(await one.claims.create(key, 'first')).toBe('first')
      expect(await other.claims.create(key, 'second')).toBe('first')
      expect(await one.claims.create(key, 'third')).toBe('first')
      expect(await other.claims.read(key)).toBe('first')
      expect(await other.claims.create(`${key.slice(1)}2`, 'else')).toBe('else')
    })

    it('has a claim replaced by who knows better, whether one stands there or not', async () => {
      const [one, other] = [await open(), await open()]
      await one.claims.create('void', 'first')
      await other.claims.replace('void', 'second')
      await other.claims.replace('never claimed', 'third')
      expect(await one.claims.read('void')).toBe('second')
      expect(await one.claims.create('void', 'late')).toBe('second')
      expect(await one.claims.create('never claimed', 'late')).toBe('third')
    })

    it('keeps claims and values of the same key apart', async () => {
      const port = await open()
      await port.set('same', 'value')
      expect(await port.claims.create('same', 'claim')).toBe('claim')
      expect(await port.get('same')).toBe('value')
      await port.set('same', 'other value')
      expect(await port.claims.read('same')).toBe('claim')
    })

    it('can be opened anew when it was closed, and others stay open meanwhile', async () => {
      const [one, other] = [await open(), await open()]
      await one.set('before', 'closing')
      expect(await other.get('before')).toBe('closing')
      await one.close()
      expect(await other.get('before')).toBe('closing')
      expect(await (await open()).get('before')).toBe('closing')
    })

    it('does not share its store with that of another namespace or table', async () => {
      const port = await open()
      await port.set('mine', 'value')
      await port.claims.create('mine', 'claim')
      for (const other of Object.values(ways).filter((each) => each !== way)) {
        const stranger = await openPort(other(server.url), { root })
        onTestFinished(async () => stranger.close())
        if (isSamePlace(port.name, stranger.name)) continue
        expect(await stranger.get('mine')).toBeUndefined()
        expect(await stranger.claims?.read('mine')).toBeUndefined()
      }
    })

    it('has no weakness that anybody knows of', async () => {
      expect(await (await open()).findWeakness()).toBeUndefined()
    })

    it('is closed as often as anybody likes', async () => {
      const port = await open()
      await port.get('key')
      await Promise.all([port.close(), port.close()])
      await expect(port.close()).resolves.toBeUndefined()
    })
  })
})

/** A URL and an adapter without a namespace mean the same keys of Redis. */
function isSamePlace(one: string, other: string): boolean {
  const isPlain = (name: string): boolean => name.startsWith('redis:') || name === 'a KeyvRedis'
  return isPlain(one) && isPlain(other)
}
