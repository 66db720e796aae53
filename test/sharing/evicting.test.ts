import KeyvRedis from '@keyv/redis'
import { describe, expect, it, onTestFinished } from 'vitest'
import { postsTo, startEmulator } from '../helpers/emulator.ts'
import { drawPictures } from '../helpers/machines.ts'
import { tmpProject } from '../helpers/project.ts'
import { redisPath, startRedis, warnWithoutRedis } from '../helpers/redis-server.ts'
import { seededRandom } from '../helpers/simulated-api.ts'
import { openUpscaler } from '../helpers/upscalers.ts'
import type { OpenUpscaler } from '../helpers/upscalers.ts'

warnWithoutRedis()

const images = 12

interface RedisClient {
  keys(pattern: string): Promise<string[]>
  del(keys: string[]): Promise<number>
}

describe.skipIf(redisPath === undefined)('a store that forgets results', () => {
  it.each([
    ['some manifests', 'magnific:v1/results/*', 0.5],
    ['all manifests', 'magnific:v1/results/*', 1],
    ['some pieces', 'magnific:v1/blobs/*', 0.5],
    ['all pieces', 'magnific:v1/blobs/*', 1],
    ['some of all values', 'magnific:v1/*', 0.5],
    ['all values', 'magnific:v1/*', 1],
  ])(
    '%s, and no claims, is made whole by the next machine, which buys nothing',
    async (...given) => {
      const [, pattern, share] = given
      const [emulator, { url }] = await Promise.all([startEmulator(), startRedis()])
      const redis = new KeyvRedis(url)
      onTestFinished(async () => redis.disconnect(true))
      const client = (await redis.getClient()) as unknown as RedisClient
      const pictures = await drawPictures(images)
      const names = Object.keys(pictures)
      /** The next machine. */
      const build = async (): Promise<OpenUpscaler> => {
        const project = tmpProject(pictures)
        const upscaler = openUpscaler(project, {
          baseUrl: emulator.url,
          ratePerMinute: 100_000,
          cache: { dir: project.path('.magnific'), remote: url },
        })
        await Promise.all(names.map(async (name) => upscaler.get(name)))
        await upscaler.end()
        return upscaler
      }
      await build()
      expect(postsTo(emulator)).toBe(images)
      const whole = (await client.keys('*')).toSorted()

      const random = seededRandom(5)
      const lost = (await client.keys(pattern)).filter(() => random() < share)
      expect(lost.length).toBeGreaterThan(0)
      await client.del(lost)
      await build()
      expect(postsTo(emulator)).toBe(images)
      expect(await client.keys('*')).toEqual(expect.arrayContaining(whole.filter(isOfResults)))

      const calls = emulator.calls.length
      const { log } = await build()
      expect(emulator.calls).toHaveLength(calls)
      expect(log.join('\n')).not.toContain('damaged')
    },
  )

  it('that forgets the claims as well is not asked by whoever has the images, or knows their tasks', async () => {
    const [emulator, { url }] = await Promise.all([startEmulator(), startRedis()])
    const redis = new KeyvRedis(url)
    onTestFinished(async () => redis.disconnect(true))
    const client = (await redis.getClient()) as unknown as RedisClient
    const project = tmpProject(await drawPictures(1))
    const open = (): OpenUpscaler =>
      openUpscaler(project, {
        baseUrl: emulator.url,
        cache: { dir: project.path('.magnific'), remote: url },
      })
    const first = open()
    await first.get('src/image-0.png')
    await first.end()
    await client.del(await client.keys('*'))
    const second = open()
    await second.get('src/image-0.png')
    await second.end()
    expect(postsTo(emulator)).toBe(1)
  })
})

/** What is there of results, and not how they came about. */
function isOfResults(key: string): boolean {
  return /^magnific:v1\/(?:results|blobs)\//.test(key)
}
