import KeyvRedis from '@keyv/redis'
import { Keyv } from 'keyv'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { ClaimFunction, RemoteOption } from '../../../src/core/remote-option.ts'
import { openPort } from '../../../src/store/remote/open-port.ts'
import type { RemotePort } from '../../../src/store/remote/port.ts'
import { redisPath, startRedis, warnWithoutRedis } from '../../helpers/redis-server.ts'

warnWithoutRedis()

/** A port that is closed when the test ends. */
async function open(remote: RemoteOption, claim?: ClaimFunction): Promise<RemotePort> {
  const port = await openPort(remote, { root: import.meta.dirname, claim })
  onTestFinished(async () => port.close())
  return port
}

describe.skipIf(redisPath === undefined)('a Redis', () => {
  it.each([
    ['allkeys-lru', '20mb', /^its maxmemory-policy is allkeys-lru, so that it drops /],
    ['allkeys-random', '20mb', /^its maxmemory-policy is allkeys-random, /],
    ['allkeys-lru', '0', undefined],
    ['volatile-lru', '20mb', undefined],
    ['noeviction', '20mb', undefined],
  ])('that has %s and %s of memory is known for what it drops', async (policy, limit, weakness) => {
    const { url } = await startRedis(onTestFinished, {
      'maxmemory-policy': policy,
      maxmemory: limit,
    })
    for (const remote of [url, new KeyvRedis(url), new Keyv(new KeyvRedis(url))]) {
      const found = await (await open(remote)).findWeakness()
      if (weakness) expect(found).toMatch(weakness)
      else expect(found).toBeUndefined()
    }
  })

  it.each([
    [['-info'], /allkeys-lru/],
    [['-config'], /allkeys-lru/],
    [['-info', '-config'], undefined],
  ])('is asked for its weakness by what is allowed: %j', async (rules, weakness) => {
    const { url } = await startRedis(onTestFinished, {
      'maxmemory-policy': 'allkeys-lru',
      maxmemory: '20mb',
      user: ['app', 'on', '>secret', '~*', '&*', '+@all', ...rules],
    })
    const port = await open(url.replace('//', '//app:secret@'))
    await port.set('key', 'value')
    const found = await port.findWeakness()
    if (weakness) expect(found).toMatch(weakness)
    else expect(found).toBeUndefined()
  })

  it('never has its password shown', async () => {
    const { url } = await startRedis(onTestFinished, { requirepass: 'hidden' })
    const right = await open(url.replace('//', '//:hidden@'))
    await right.set('key', 'value')
    const wrong = await open(url.replace('//', '//default:wrong-secret@'))
    for (const call of [wrong.get('key'), wrong.set('key', ''), wrong.claims?.create('key', '')]) {
      await expect(call).rejects.toThrow(/^(?!.*(?:hidden|wrong-secret|default)).*WRONGPASS/)
    }
    expect([right.name, wrong.name]).toEqual([url, url])
    await right.close()
    await expect(right.get('key')).rejects.toThrow(`The connection to ${url} is closed.`)
  })

  it('keeps apart what is in its databases', async () => {
    const { url } = await startRedis()
    const [first, third] = [await open(url), await open(`${url}/3`)]
    await third.set('key', 'value')
    await third.claims?.create('key', 'claim')
    expect(await first.get('key')).toBeUndefined()
    expect(await first.claims?.read('key')).toBeUndefined()
    expect(third.name).toBe(`${url}/3`)
  })

  it('may be called a Valkey', async () => {
    const { url } = await startRedis()
    const port = await open(url.replace('redis:', 'valkey:'))
    await port.set('key', 'value')
    expect(await port.get('key')).toBe('value')
    expect(port.name).toBe(url.replace('redis:', 'valkey:'))
  })

  it('has claims as plain texts under keys of their own, in the namespace of the store', async () => {
    const { url } = await startRedis()
    await (await open(url)).claims?.create('key', 'plain')
    const keyv = new Keyv(new KeyvRedis(url), { namespace: 'site' })
    await (await open(keyv)).claims?.create('key', 'in a namespace')
    const reader = new KeyvRedis<string>(url)
    onTestFinished(async () => reader.disconnect())
    expect(await reader.get('magnific:claims:key')).toBe('plain')
    expect(await reader.get('site::magnific:claims:key')).toBe('in a namespace')
  })

  it('leaves claims to a function where one is given', async () => {
    const { url } = await startRedis()
    const port = await open(url, async (key) => `${key} by function`)
    expect(await port.claims?.create('key', 'text')).toBe('magnific:claims:key by function')
    const other = await open(url, async () => 'unasked')
    expect(await other.claims?.read('key')).toBe('magnific:claims:key by function')
    expect(await (await open(url)).claims?.read('key')).toBeUndefined()
  })

  it('answers when it is no longer paused', async () => {
    const server = await startRedis()
    const [port, other] = [await open(server.url), await open((await startRedis()).url)]
    for (const each of [port, other]) await each.set('key', 'value')
    server.pause()
    const answers = Promise.all([port.get('key'), port.claims?.create('key', 'claim')])
    const others = other.get('key').then(() => 'the other one')
    expect(await Promise.race([answers, others])).toBe('the other one')
    server.resume()
    expect(await answers).toEqual(['value', 'claim'])
  })

  it('is connected to once, however much is asked at once at first', async () => {
    const { url } = await startRedis()
    const port = await open(url)
    await Promise.all(Array.from({ length: 20 }, async (_, n) => port.set(`key ${n}`, 'value')))
    const watcher = new KeyvRedis(url)
    onTestFinished(async () => watcher.disconnect())
    const client = (await watcher.getClient()) as { sendCommand(args: string[]): Promise<unknown> }
    const clients = String(await client.sendCommand(['CLIENT', 'LIST', 'TYPE', 'normal']))
    expect(clients.trim().split('\n')).toHaveLength(2)
  })
})
