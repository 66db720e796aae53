// Copies all results out of a Redis into files, as plainly as can be: the same values, decoded, written and synced.
// Usage: node run-copy.js <URL> <folder>
import './report-peak.js'
import { mkdirSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import KeyvRedis from '@keyv/redis'

/** As many as the plugin has under way. */
const filesAtOnce = 4
const piecesAtOnce = 6

const [url, folder] = process.argv.slice(2)
mkdirSync(folder, { recursive: true })
const redis = new KeyvRedis(url)
const client = await redis.getClient()
const keys = await client.keys('magnific:v1/results/*')

const copy = async (key) => {
  const manifest = await redis.get(key)
  const { record, pieceBytes } = JSON.parse(manifest.split('\n').slice(4).join('\n'))
  const { sha256, bytes } = record.result
  const file = await open(join(folder, sha256), 'w')
  const count = Math.ceil(bytes / pieceBytes)
  for (let first = 0; first < count; first += piecesAtOnce) {
    const length = Math.min(piecesAtOnce, count - first)
    const pieces = await Promise.all(
      Array.from({ length }, async (_, index) =>
        redis.get(`magnific:v1/blobs/${sha256}/${first + index}`),
      ),
    )
    for (const piece of pieces) await file.write(Buffer.from(piece, 'base64'))
  }
  await file.sync()
  await file.close()
}

const copySome = async () => {
  for (let key = keys.pop(); key !== undefined; key = keys.pop()) await copy(key)
}
await Promise.all(Array.from({ length: filesAtOnce }, copySome))
await redis.disconnect()
