// A process with a port to a shared store: it writes and reads, says `ready`, and does what it is told.
import { once } from 'node:events'
import { openPort } from '../../src/store/remote/open-port.ts'
import { postgresWays, redisWays } from './remote-ways.ts'

const [, , url = '', way = '', then = ''] = process.argv
const ways = url.startsWith('redis') ? redisWays : postgresWays
const root = import.meta.dirname
const port = await openPort(ways[way]?.(url) ?? '', { root })
await port.set('key', 'value')
await port.claims?.create('key', 'claim')
console.log(`ready ${await port.get('key')} ${await port.claims?.read('key')}`)

if (then === 'close') await port.close()
if (then === 'wait') {
  await once(process.stdin, 'data')
  await port.set('key', 'later value')
  console.log(`later ${await port.get('key')}`)
  await port.close()
  process.stdin.destroy()
}
