import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { openPort } from '../../../src/store/remote/open-port.ts'
import type { RemotePort } from '../../../src/store/remote/port.ts'
import { createEnds } from '../../helpers/ends.ts'
import { remoteStores, warnWithoutStores } from '../../helpers/remote-stores.ts'
import type { RemoteServer } from '../../helpers/remote-stores.ts'
import { startProxy } from '../../helpers/tcp-proxy.ts'
import type { TcpProxy } from '../../helpers/tcp-proxy.ts'

const root = import.meta.dirname

warnWithoutStores()

describe.each(remoteStores)('$name', ({ isThere, startServer, ways }) => {
  describe.skipIf(!isThere).each(Object.entries(ways))('as %s', (name, way) => {
    const ends = createEnds()
    let server: RemoteServer

    beforeAll(async () => {
      server = await startServer(ends.onEnd)
    })
    afterAll(ends.end)

    /** A port behind a network of its own, and a value and a claim that are there. */
    async function open(): Promise<{ port: RemotePort; proxy: TcpProxy }> {
      const direct = await openPort(way(server.url), { root })
      await direct.set('value', 'stands')
      await direct.claims?.create('claim', 'stands')
      await direct.close()
      const proxy = await startProxy(server.port)
      const port = await openPort(way(server.url.replace(`:${server.port}`, `:${proxy.port}`)), {
        root,
      })
      onTestFinished(async () => port.close())
      return { port, proxy }
    }

    /** All that can be asked, answered. */
    async function ask(port: RemotePort): Promise<PromiseSettledResult<unknown>[]> {
      return Promise.allSettled([
        port.get('value'),
        port.claims?.read('claim'),
        port.claims?.create('claim', 'too late'),
        port.set('other', 'value'),
      ])
    }

    it('never takes a value for absent that cannot be reached at first, and reaches it later', async () => {
      const { port, proxy } = await open()
      await proxy.cut()
      const answers = ask(port)
      await proxy.heal()
      expectNoLies(await answers)
      await expectBack(port)
    })

    it('never takes a value for absent that cannot be reached any more, and reaches it again', async () => {
      const { port, proxy } = await open()
      expect(await port.get('value')).toBe('stands')
      await proxy.cut()
      const answers = ask(port)
      await proxy.heal()
      expectNoLies(await answers)
      await expectBack(port)
    })

    it('fails what waits for an answer when the connection breaks', async () => {
      const { port, proxy } = await open()
      expect(await port.get('value')).toBe('stands')
      proxy.hang()
      const answers = ask(port)
      await proxy.heal()
      expectNoLies(await answers)
      await expectBack(port)
    })

    it.each(['before it is connected', 'afterwards'])(
      'is closed although the server hangs, %s',
      async (when) => {
        const { port, proxy } = await open()
        if (when === 'afterwards') await port.get('value')
        proxy.hang()
        const answers = ask(port)
        await expect.poll(() => proxy.swallowed()).toBeGreaterThan(0)
        await port.close()
        for (const { status } of await answers) expect(status).toBe('rejected')
        await expect.poll(() => proxy.connections()).toBe(0)
      },
    )

    it('takes the time that the network takes', async () => {
      const { port, proxy } = await open()
      await port.get('value')
      proxy.setDelay(150)
      const began = performance.now()
      expect(await port.get('value')).toBe('stands')
      expect(performance.now() - began).toBeGreaterThan(145)
    })

    it.runIf(name === 'a URL')('fails at once where nobody listens', async () => {
      const { port, proxy } = await open()
      await proxy.cut()
      for (const { status } of await ask(port)) expect(status).toBe('rejected')
      for (const { status } of await ask(port)) expect(status).toBe('rejected')
      expect(await port.findWeakness()).toBeUndefined()
    })

    it.runIf(name === 'a URL')('uses a server at once that crashed and is back', async () => {
      const port = await openPort(way(server.url), { root })
      onTestFinished(async () => port.close())
      await port.set('key', 'value')
      await server.stop()
      for (const { status } of await ask(port)) expect(status).toBe('rejected')
      await server.start()
      await port.set('key', 'new value')
      expect(await port.get('key')).toBe('new value')
      expect(await port.claims?.create('new', 'claim')).toBe('claim')
    })
  })
})

/** Whoever is told anything is told the truth. */
function expectNoLies(answers: readonly PromiseSettledResult<unknown>[]): void {
  const [value, claim, created] = answers
  for (const answer of [value, claim, created]) {
    if (answer.status === 'fulfilled') expect(answer.value).toBe('stands')
  }
}

async function expectBack(port: RemotePort): Promise<void> {
  await expect.poll(async () => port.get('value').catch(() => 'failed')).toBe('stands')
  expect(await port.claims?.create('claim', 'late')).toBe('stands')
}
