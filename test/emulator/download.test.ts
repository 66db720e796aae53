import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { at, get, KEY, makeImage, makeResult, startEmulator } from './helpers.ts'

async function download(url: string): Promise<Buffer> {
  return Buffer.from(await (await fetch(url)).arrayBuffer())
}

describe('a result', () => {
  it.each(['2x', '4x', '8x', '16x'])('has exactly the size of %s', async (scale) => {
    const emulator = await startEmulator({ latency: Infinity })
    const image = (await makeImage(13, 7)).toString('base64')
    const { url } = await makeResult(emulator, { image, scale_factor: scale })
    const factor = Number.parseInt(scale)
    expect(await sharp(await download(url)).metadata()).toMatchObject({
      format: 'png',
      width: 13 * factor,
      height: 7 * factor,
      channels: 3,
      isPalette: false,
    })
  })

  it('shows the source', async () => {
    const emulator = await startEmulator({ latency: Infinity })
    const image = await makeImage(40, 40)
    const { url } = await makeResult(emulator, { image: image.toString('base64') })
    const back = await sharp(await download(url))
      .resize(40, 40)
      .raw()
      .toBuffer()
    const pixels = await sharp(image).raw().toBuffer()
    let worst = 0
    for (const [i, value] of pixels.entries())
      worst = Math.max(worst, Math.abs(value - at(back, i)))
    expect(worst).toBeLessThan(24)
  })

  it('is PNG under a URL that ends in .jpg, and says so in its type', async () => {
    const emulator = await startEmulator({ latency: Infinity })
    const { url } = await makeResult(emulator)
    expect(new URL(url).pathname).toMatch(/\.jpg$/)
    const response = await fetch(url)
    expect(response.headers.get('content-type')).toBe('image/png')
    const bytes = Buffer.from(await response.arrayBuffer())
    expect(Number(response.headers.get('content-length'))).toBe(bytes.length)
    expect(bytes.subarray(0, 4).toString('hex')).toBe('89504e47')
  })

  it.each(['jpeg', 'webp'] as const)('can be %s', async (resultFormat) => {
    const emulator = await startEmulator({ latency: Infinity, resultFormat, alpha: 'keep' })
    const { url } = await makeResult(emulator)
    expect((await sharp(await download(url)).metadata()).format).toBe(resultFormat)
  })

  it.each([
    ['drop', 3],
    ['keep', 4],
  ] as const)('with alpha: %s has %i channels', async (alpha, channels) => {
    const emulator = await startEmulator({ latency: Infinity, alpha })
    const clear = { width: 8, height: 8, channels: 4, background: '#fff0' } as const
    const image = (await sharp({ create: clear }).png().toBuffer()).toString('base64')
    const { url } = await makeResult(emulator, { image })
    const { data, info } = await sharp(await download(url))
      .raw()
      .toBuffer({ resolveWithObject: true })
    expect(info.channels).toBe(channels)
    // transparent white is laid on black
    expect(data[alpha === 'drop' ? 0 : 3]).toBe(0)
  })

  it('of a grey sixteen-bit source is eight-bit RGB, without its metadata', async () => {
    const emulator = await startEmulator({ latency: Infinity })
    const image = await sharp(await makeImage(9, 5))
      .toColourspace('grey16')
      .withMetadata({ orientation: 6 })
      .png()
      .toBuffer()
    const { url } = await makeResult(emulator, { image: image.toString('base64') })
    const metadata = await sharp(await download(url)).metadata()
    // the orientation is not applied either: still wider than high
    expect(metadata).toMatchObject({
      depth: 'uchar',
      space: 'srgb',
      channels: 3,
      width: 18,
      height: 10,
    })
    expect(metadata.exif).toBeUndefined()
    expect(metadata.orientation).toBeUndefined()
  })

  it('is the same bytes each time, also to simultaneous downloads', async () => {
    const emulator = await startEmulator({ latency: Infinity })
    const { url } = await makeResult(emulator)
    const [first, second] = await Promise.all([download(url), download(url)])
    expect(first.equals(second)).toBe(true)
    expect((await download(url)).equals(first)).toBe(true)
  })

  it('answers HEAD with the length alone', async () => {
    const emulator = await startEmulator({ latency: Infinity })
    const { url } = await makeResult(emulator)
    const head = await fetch(url, { method: 'HEAD' })
    expect(Number(head.headers.get('content-length'))).toBe((await download(url)).length)
    expect((await fetch(url, { method: 'PUT' })).status).toBe(405)
  })
})

describe('a download URL', () => {
  it('needs no key, and what headers came is written down', async () => {
    const emulator = await startEmulator({ latency: Infinity })
    const { id, url } = await makeResult(emulator)
    await fetch(url)
    await fetch(url, { headers: KEY })
    await emulator.until(() => emulator.calls.slice(-2).every(({ answered }) => answered))
    const [clean, leaky] = emulator.calls.filter(({ route }) => route === 'download')
    expect(clean).toMatchObject({ status: 200, taskId: id, answered: true })
    expect(clean?.headers).not.toHaveProperty('x-freepik-api-key')
    expect(leaky?.headers).toHaveProperty('x-freepik-api-key', 'test-key')
  })

  it('expires by the clock, and a new poll gives a fresh one', async () => {
    let now = 1_700_000_000_000
    const emulator = await startEmulator({ latency: Infinity, urlLifetime: 250, now: () => now })
    const { id, url } = await makeResult(emulator)
    now += 249
    expect((await fetch(url)).status).toBe(200)
    now += 1
    expect((await fetch(url)).status).toBe(403)
    const fresh: string = (await get(emulator, `/${id}`)).json.data.generated[0]
    expect((await fetch(fresh)).status).toBe(200)
  })

  it('expires at once by expireUrls()', async () => {
    const emulator = await startEmulator({ latency: Infinity })
    const { id, url } = await makeResult(emulator)
    emulator.expireUrls()
    expect((await fetch(url)).status).toBe(403)
    const fresh: string = (await get(emulator, `/${id}`)).json.data.generated[0]
    expect((await fetch(fresh)).status).toBe(200)
  })

  it('is 403 without its token, with a later expiry, or for another task', async () => {
    const emulator = await startEmulator({ latency: Infinity })
    const { id, url } = await makeResult(emulator)
    const other = await makeResult(emulator)
    const bad = [
      at(url.split('?'), 0),
      url.replace(/exp=(\d+)/, (_, seconds: string) => `exp=${Number(seconds) + 1}`),
      url.replace(/hmac=./, (start) => `hmac=${start.endsWith('0') ? '1' : '0'}`),
      other.url.replace(other.id, id),
      url.replace('~', ''),
    ]
    for (const each of bad) {
      expect(each).not.toBe(url)
      expect((await fetch(each)).status).toBe(403)
    }
  })

  it('can be of another origin, which knows nothing of the API', async () => {
    const emulator = await startEmulator({ latency: Infinity, downloadHost: 'separate' })
    const { url } = await makeResult(emulator)
    expect(new URL(url).origin).toBe(emulator.downloadUrl)
    expect(emulator.downloadUrl).not.toBe(emulator.url)
    expect((await fetch(url)).status).toBe(200)
    expect(emulator.calls.at(-1)).toMatchObject({ listener: 'downloads', route: 'download' })
    expect((await fetch(url.replace(emulator.downloadUrl, emulator.url))).status).toBe(404)
    const api = `${emulator.downloadUrl}/v1/ai/image-upscaler`
    expect((await fetch(api, { headers: KEY })).status).toBe(404)
  })
})
