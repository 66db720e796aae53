import sharp from 'sharp'
import { expect, it } from 'vitest'
import type { DownloadFault, Emulator } from '../../src/emulator/index.ts'
import { makeResult, startEmulator } from './helpers.ts'

/** One faulty download, then a good one of the same URL. */
async function startFaulty(
  content: DownloadFault['content'],
): Promise<{ emulator: Emulator; url: string; good: () => Promise<Buffer> }> {
  const emulator = await startEmulator({
    latency: Infinity,
    faults: [{ route: 'download', times: 1, ...(content ? { content } : {}) }],
  })
  const { url } = await makeResult(emulator)
  const good = async () => Buffer.from(await (await fetch(url)).arrayBuffer())
  return { emulator, url, good }
}

it('breaks off under the full Content-Length', async () => {
  const { emulator, url, good } = await startFaulty('truncated')
  const response = await fetch(url)
  expect(response.status).toBe(200)
  await expect(response.arrayBuffer()).rejects.toThrow('terminated')
  const bytes = await good()
  expect(Number(response.headers.get('content-length'))).toBe(bytes.length)
  await emulator.until(() => emulator.calls.at(-1)?.answered === true)
  expect(emulator.calls.at(-2)).toMatchObject({ route: 'download', status: 200, answered: false })
})

it('is half the bytes under an honest Content-Length', async () => {
  const { url, good } = await startFaulty('short')
  const half = Buffer.from(await (await fetch(url)).arrayBuffer())
  const whole = await good()
  expect(half.equals(whole.subarray(0, Math.floor(whole.length / 2)))).toBe(true)
})

it('is an HTML page with status 200', async () => {
  const { url } = await startFaulty('html')
  const response = await fetch(url)
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('text/html')
  expect(await response.text()).toContain('<html>')
})

it('is corrupt: the same length, not to be decoded', async () => {
  const { url, good } = await startFaulty('corrupt')
  const bad = Buffer.from(await (await fetch(url)).arrayBuffer())
  const whole = await good()
  expect(bad.length).toBe(whole.length)
  expect(bad.equals(whole)).toBe(false)
  await expect(sharp(bad).raw().toBuffer()).rejects.toThrow()
  await expect(sharp(whole).raw().toBuffer()).resolves.toBeDefined()
})

it('is one pixel off', async () => {
  const { url } = await startFaulty('wrong-size')
  const bytes = Buffer.from(await (await fetch(url)).arrayBuffer())
  expect(await sharp(bytes).metadata()).toMatchObject({ width: 47, height: 31 })
})

it('is over the largest size that the API gives', async () => {
  const { url } = await startFaulty('oversized')
  const bytes = Buffer.from(await (await fetch(url)).arrayBuffer())
  const { width, height } = await sharp(bytes).metadata()
  expect(width * height).toBeGreaterThan(25_300_000)
})

it('never ends, until the client leaves', async () => {
  const { emulator, url } = await startFaulty('endless')
  const leave = new AbortController()
  const response = await fetch(url, { signal: leave.signal })
  expect(response.headers.get('content-length')).toBeNull()
  let received = 0
  await expect(async () => {
    for await (const chunk of response.body!) {
      received += chunk.length
      if (received > 4_000_000) leave.abort()
    }
  }).rejects.toThrow('aborted')
  expect(received).toBeGreaterThan(4_000_000)
  expect(emulator.calls.at(-1)?.answered).toBe(false)
})
