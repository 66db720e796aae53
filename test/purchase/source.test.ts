import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import type { Emulator } from '../../src/emulator/index.ts'
import { namesIn } from '../helpers/cache.ts'
import { startEmulator } from '../helpers/emulator.ts'
import { errorOf } from '../helpers/errors.ts'
import { makePng, makeWebp } from '../helpers/images.ts'
import { makeTurnedJpeg } from '../helpers/odd-images.ts'
import { tmpProject } from '../helpers/project.ts'
import { abandoned, openShop, readAttempts } from '../helpers/shop.ts'

describe('a picture that changes between hashing and sending', () => {
  /** Buys a picture that is meddled with: after it was inspected, or after it was made ready to be sent. */
  async function buyChanging(
    source: Buffer,
    change: (file: string) => void,
    moment: 'inspected' | 'prepared' = 'inspected',
  ): Promise<{ emulator: Emulator; error: unknown; attempts: object }> {
    const emulator = await startEmulator()
    const project = tmpProject({ 'hero.png': source })
    const file = project.path('hero.png')
    const readNewest = async (): Promise<undefined> => change(file) as undefined
    const shop = openShop(project, {
      baseUrl: emulator.url,
      // What the API lists is asked for between the preparation and the submission.
      ...(moment === 'inspected'
        ? { beforeBuying: () => change(file) }
        : { taskList: () => ({ readNewest, readSince: readNewest }) }),
    })
    const order = shop.order(file)
    const error = await shop.buy(order).then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    await emulator.until(() => emulator.calls.every(({ over }) => over))
    expect(namesIn(shop.layout.tmp)).toEqual([])
    return { emulator, error, attempts: readAttempts(shop, order) }
  }

  const sizes = { width: 200, height: 160 }

  const changes: [string, (file: string) => void][] = [
    ['in one byte', (file) => writeFileSync(file, swapLastByte(readFileSync(file)))],
    ['and is shorter', (file) => writeFileSync(file, readFileSync(file).subarray(0, -100))],
    ['and is empty', (file) => writeFileSync(file, '')],
    [
      'and is longer',
      (file) => writeFileSync(file, Buffer.concat([readFileSync(file), Buffer.alloc(100_000)])),
    ],
    ['and is gone', (file) => rmSync(file)],
  ]
  const changed = {
    code: 'SOURCE_CHANGED',
    message: expect.stringContaining('Nothing was charged') as string,
  }

  it.each(changes)('%s is not tried to be bought', async (_, change) => {
    const { emulator, error, attempts } = await buyChanging(await makePng(sizes), change)
    expect(emulator.tasks).toHaveLength(0)
    expect(Object.values(attempts).flatMap(Object.keys)).toEqual([])
    expect(error).toMatchObject(changed)
  })

  it.each(changes)('%s while it is being sent is not bought', async (_, change) => {
    const { emulator, error, attempts } = await buyChanging(
      await makePng(sizes),
      change,
      'prepared',
    )
    expect(emulator.tasks).toHaveLength(0)
    expect(attempts).toEqual({ '0001': abandoned })
    expect(error).toMatchObject(changed)
  })

  it.each(changes)('%s once another file was made of it is bought as it was', async (_, change) => {
    const webp = await makeWebp(sizes)
    const { emulator, error, attempts } = await buyChanging(webp, change, 'prepared')
    expect(error).toBeUndefined()
    expect(emulator.tasks).toHaveLength(1)
    expect(Object.keys(attempts)).toEqual(['0001'])
  })

  it('and is another picture altogether is not bought', async () => {
    const other = await makePng({ ...sizes, seed: 2 })
    const { emulator, error, attempts } = await buyChanging(
      await makePng(sizes),
      (file) => {
        writeFileSync(`${file}.new`, other)
        renameSync(`${file}.new`, file)
      },
      'prepared',
    )
    expect(emulator.tasks).toHaveLength(0)
    expect(attempts).toEqual({ '0001': abandoned })
    expect(error).toMatchObject({ code: 'SOURCE_CHANGED' })
  })

  it('and is turned upright for the API is not bought either', async () => {
    const other = await makeTurnedJpeg(200, 160, 8)
    const { emulator, error } = await buyChanging(await makeTurnedJpeg(200, 160, 6), (file) =>
      writeFileSync(file, other),
    )
    expect(emulator.tasks).toHaveLength(0)
    expect(error).toMatchObject({ code: 'SOURCE_CHANGED' })
  })

  it('is bought by the next build as what it is then', async () => {
    const emulator = await startEmulator()
    const project = tmpProject({ 'hero.png': await makePng(sizes) })
    const file = project.path('hero.png')
    const other = await makePng({ ...sizes, seed: 2 })
    const shop = openShop(project, {
      baseUrl: emulator.url,
      beforeBuying: () => writeFileSync(file, other),
    })
    expect((await errorOf(async () => shop.buy(shop.order(file)))).code).toBe('SOURCE_CHANGED')
    const next = openShop(project, { baseUrl: emulator.url })
    const { record } = await next.buy(next.order(file))
    expect(emulator.tasks).toHaveLength(1)
    expect(record.source.sha256).toBe(emulator.tasks[0]?.source.sha256)
  })
})

describe('a picture that EXIF turns', () => {
  it('is sent upright, and kept under the hash of the file', async () => {
    const emulator = await startEmulator()
    const project = tmpProject({ 'hero.jpg': await makeTurnedJpeg(240, 180, 6) })
    const shop = openShop(project, { baseUrl: emulator.url })
    const order = shop.order(project.path('hero.jpg'))
    const { record } = await shop.buy(order)
    expect(emulator.tasks).toHaveLength(1)
    expect(emulator.tasks[0]?.source).toMatchObject({ width: 180, height: 240, format: 'png' })
    expect(record.source).toMatchObject({ sha256: order.sourceHash, width: 180, height: 240 })
    expect(record.result).toMatchObject({ width: 360, height: 480 })
    expect(shop.warnings).toEqual([])
    // Stored with red on the left; shown, and so sent, with red on top.
    const result = sharp(shop.context.blobs.path(record.result.sha256))
    const { data, info } = await result.raw().toBuffer({ resolveWithObject: true })
    const pixel = (x: number, y: number): number[] => [
      ...data.subarray(
        (y * info.width + x) * info.channels,
        (y * info.width + x) * info.channels + 3,
      ),
    ]
    expect(pixel(180, 60)[0]).toBeGreaterThan(200)
    expect(pixel(180, 60)[2]).toBeLessThan(50)
    expect(pixel(180, 420)[0]).toBeLessThan(50)
    expect(pixel(180, 420)[2]).toBeGreaterThan(200)
  })

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('with orientation %i is charged for once', async (turn) => {
    const emulator = await startEmulator()
    const project = tmpProject({ 'hero.jpg': await makeTurnedJpeg(240, 180, turn) })
    const shop = openShop(project, { baseUrl: emulator.url })
    await shop.buy(shop.order(project.path('hero.jpg')))
    const { width, height, format } = emulator.tasks[0].source
    expect([width, height]).toEqual(turn >= 5 ? [180, 240] : [240, 180])
    expect(format).toBe(turn === 1 ? 'jpeg' : 'png')
    expect(emulator.tasks).toHaveLength(1)
    expect(shop.warnings).toEqual([])
  })
})

describe('a picture of some megabytes', () => {
  it('arrives whole', async () => {
    const emulator = await startEmulator()
    const project = tmpProject({ 'hero.png': await makePng({ width: 1500, height: 1000 }) })
    const shop = openShop(project, { baseUrl: emulator.url })
    const order = shop.order(project.path('hero.png'))
    await shop.buy(order)
    expect(emulator.tasks[0]?.source.sha256).toBe(order.sourceHash)
    expect(emulator.tasks[0]?.source.bytes).toBeGreaterThan(4_000_000)
  })
})

/** The same file but for one byte of the trailing CRC. */
function swapLastByte(bytes: Buffer): Buffer {
  const swapped = Buffer.from(bytes)
  swapped.writeUInt8(swapped.readUInt8(swapped.length - 1) ^ 0xff, swapped.length - 1)
  return swapped
}
