import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { estimatePrice } from '../../src/core/estimate.ts'
import { namesIn } from '../helpers/cache.ts'
import { postsTo, startEmulator } from '../helpers/emulator.ts'
import { errorOf } from '../helpers/errors.ts'
import { drawPlain } from '../helpers/odd-images.ts'
import { tmpProject } from '../helpers/project.ts'
import { openShop, readAttempts } from '../helpers/shop.ts'

/** Half of it red, half of it blue: fast to make, and something to see. */
async function makeLarge(width: number, height: number): Promise<Buffer> {
  const red = await drawPlain(width / 2, height, '#f00')
    .png()
    .toBuffer()
  return drawPlain(width, height, '#00f')
    .composite([{ input: red, left: 0, top: 0 }])
    .png({ compressionLevel: 1 })
    .toBuffer()
}

describe("a picture that is too large, with onTooLarge: 'downscale'", () => {
  it('is sent as large as fits, told, priced by what is sent, and paid for once', async () => {
    const emulator = await startEmulator()
    const project = tmpProject({ 'hero.png': await makeLarge(1000, 800) })
    const shop = openShop(project, { baseUrl: emulator.url, onTooLarge: 'downscale' })
    const order = shop.order(project.path('hero.png'), 'magnific=8x')
    const { record, file, estimate } = await shop.buy(order)
    expect(emulator.tasks[0]?.source).toMatchObject({ width: 702, height: 562, format: 'png' })
    expect(record.source).toMatchObject({ sha256: order.sourceHash, width: 1000, height: 800 })
    expect(await sharp(file).metadata()).toMatchObject({ width: 5616, height: 4496 })
    expect(estimate).toBe(estimatePrice(702 * 562, 8))
    expect(shop.warnings).toEqual([
      `${order.file} is 1000×800, which is too large for 8x; it is sent as 702×562, and its upscale will be 5616×4496.`,
    ])
    const { owner = '' } = readAttempts(shop, order)['0001'] ?? {}
    expect(JSON.parse(owner).subject).toMatchObject({ width: 702, height: 562, estimate })
    expect(postsTo(emulator)).toBe(1)
    expect(namesIn(shop.layout.tmp)).toEqual([])
  })

  it('is found again by its picture and its size where the answer is lost', async () => {
    const emulator = await startEmulator({
      faults: [{ route: 'submit', cut: 'after-request', accept: true, times: 1 }],
    })
    const project = tmpProject({ 'hero.png': await makeLarge(700, 800) })
    const shop = openShop(project, { baseUrl: emulator.url, onTooLarge: 'downscale' })
    const order = shop.order(project.path('hero.png'), 'magnific=8x')
    const { record } = await shop.buy(order)
    expect(record.task).toBe(emulator.tasks[0]?.id)
    expect(postsTo(emulator)).toBe(1)
  })

  it('is refused without the option, before anything is sent', async () => {
    const emulator = await startEmulator()
    const project = tmpProject({ 'hero.png': await makeLarge(1000, 800) })
    const shop = openShop(project, { baseUrl: emulator.url })
    const order = shop.order(project.path('hero.png'), 'magnific=8x')
    const error = await errorOf(async () => shop.buy(order))
    expect(error.code).toBe('OUTPUT_TOO_LARGE')
    expect(error.text).toContain("`onTooLarge: 'downscale'` sends it as large as fits")
    expect(emulator.calls).toEqual([])
  })
})

describe('a picture that cannot be made ready', () => {
  it('spends nothing, leaves nothing half done, and is bought when it can', async () => {
    const emulator = await startEmulator()
    const webp = await drawPlain(200, 160).webp().toBuffer()
    const project = tmpProject({ 'hero.png': webp, 'not-a-folder': '' })
    const order = openShop(project, { baseUrl: emulator.url }).order(project.path('hero.png'))
    // Where there is no room for what is in the making.
    const full = openShop(project, { baseUrl: emulator.url, tmp: project.path('not-a-folder') })
    await expect(full.buy(order)).rejects.toThrow(/EEXIST|ENOTDIR/)
    expect(emulator.tasks).toEqual([])
    expect(postsTo(emulator)).toBe(0)
    expect(Object.values(readAttempts(full, order)).flatMap(Object.keys)).toEqual([])
    const next = openShop(project, { baseUrl: emulator.url })
    expect((await next.buy(order)).from).toBe('paid')
    expect(postsTo(emulator)).toBe(1)
  })
})
