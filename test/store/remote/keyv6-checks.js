// What `keyv6.js` runs on a Node that strips types: `node keyv6-checks.js <folder with the packages>`. It ends by itself, or
// a connection was left open.
import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, join } from 'node:path'
import { openPort } from '../../../src/store/remote/open-port.ts'
import { createChildServer, findServerPort } from '../../helpers/child-server.ts'

const [, , folder] = process.argv
const require = createRequire(join(folder, 'package.json'))
const versionOf = (name) =>
  JSON.parse(readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8')).version

const { Keyv } = require('keyv')
const root = import.meta.dirname
const text = 'x'.repeat(512 * 1024)

async function checkValues(store) {
  const port = await openPort(store, { root })
  await port.set('key', text)
  ok((await port.get('key')) === text)
  equal(await port.get('nothing'), undefined)
  equal(await port.findWeakness(), undefined)
  await port.close()
  return port.name
}

async function checkClaims(createStore) {
  const stores = Array.from({ length: 5 }, createStore)
  const ports = await Promise.all(stores.map(async (store) => openPort(store, { root })))
  const texts = Array.from({ length: 50 }, (_, index) => `of runner ${index}`)
  const standing = await Promise.all(
    texts.map(async (each, index) => ports[index % 5].claims.create('contested', each)),
  )
  equal(new Set(standing).size, 1)
  ok(texts.includes(standing[0]))
  equal(await ports[0].claims.read('contested'), standing[0])
  equal(await ports[0].claims.read('nothing'), undefined)
  await Promise.all(ports.map(async (port) => port.close()))
}

/** Keyv 6 says of what it can't read that there is none. */
async function checkFailures() {
  const failing = {
    get: async (key) => {
      if (key.endsWith('bad')) throw new Error('on fire')
    },
    set: async () => {
      throw new Error('read-only')
    },
    has: async () => false,
    delete: async () => true,
    clear: async () => {},
  }
  const port = await openPort(new Keyv({ store: failing }), { root })
  const keys = ['bad', 'absent', 'also bad', 'also absent']
  const answers = await Promise.allSettled(keys.map(async (key) => port.get(key)))
  const states = ['rejected', 'fulfilled', 'rejected', 'fulfilled']
  deepEqual(
    answers.map(({ status }) => status),
    states,
  )
  await rejects(port.get('bad'), /on fire/)
  await rejects(port.set('key', 'value'), /read-only/)
  await port.close()
}

async function checkRedis(KeyvRedis, server, url) {
  const name = await checkValues(new Keyv(new KeyvRedis(url), { namespace: 'site' }))
  equal(name, 'a Keyv with KeyvRedis')
  const createStore = () => new Keyv(new KeyvRedis(url), { namespace: 'claimed' })
  await checkClaims(createStore)
  const port = await openPort(
    new Keyv(new KeyvRedis({ url, socket: { reconnectStrategy: false } })),
    { root },
  )
  await port.set('key', 'value')
  await server.stop()
  await rejects(port.get('key'))
  await rejects(port.set('key', 'value'))
  await rejects(port.claims.create('key', 'text'))
  await server.start()
  await port.set('key', 'value again')
  equal(await port.get('key'), 'value again')
  await port.close()
}

equal(await checkValues(new Keyv()), 'a Keyv with Map')
await checkFailures()
const done = ['a Map']

const hasRedis = (process.env.PATH ?? '')
  .split(delimiter)
  .some((each) => existsSync(join(each, 'redis-server')))
if (hasRedis) {
  const port = String(await findServerPort())
  const args = ['--bind', '127.0.0.1', '--port', port, '--save', '']
  const server = createChildServer('redis-server', args, (output) =>
    output.includes('Ready to accept connections'),
  )
  await server.start()
  try {
    for (const name of ['@keyv/redis', 'keyv-redis5']) {
      const { default: KeyvRedis } = require(name)
      await checkRedis(KeyvRedis, server, `redis://127.0.0.1:${port}`)
      done.push(`@keyv/redis ${versionOf(name)}`)
    }
  } finally {
    await server.stop()
  }
} else {
  process.stderr.write('\nSKIPPED: Keyv 6 with Redis. No redis-server was found in $PATH.\n\n')
}
console.log(`Keyv ${versionOf('keyv')} on Node ${process.version}: ${done.join(', ')}`)
