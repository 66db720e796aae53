import { createHash } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createClient } from '../../src/api/client.ts'
import { DownloadError, downloadResult } from '../../src/api/download.ts'
import type { DownloadOptions } from '../../src/api/download.ts'
import { createRedact } from '../../src/api/redact.ts'
import { parseTaskState } from '../../src/api/wire.ts'
import type { DownloadFault, Emulator, EmulatorOptions } from '../../src/emulator/index.ts'
import { bodyOf } from '../helpers/bodies.ts'
import { canary, expectNoKey } from '../helpers/canary.ts'
import { startEmulator } from '../helpers/emulator.ts'
import { describeImage, makePng } from '../helpers/images.ts'
import {
  findClosedPort,
  resolveToLoopback,
  startHttpServer,
  startTcpServer,
} from '../helpers/servers.ts'

const megabyte = 1024 * 1024

/** Downloads into memory. */
async function download(url: string, options: Partial<DownloadOptions> = {}): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  await downloadResult(url, {
    write: async (chunk) => void chunks.push(chunk),
    maxBytes: 10 * megabyte,
    allowLoopback: true,
    timeout: 60_000,
    redact: createRedact(canary),
    ...options,
  })
  return Buffer.concat(chunks)
}

/** The error that a download ends with. */
async function failureOf(work: Promise<unknown>): Promise<DownloadError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(DownloadError)
  return error as DownloadError
}

/** An emulator with one finished task, and the URLs of its result: a picture of 120×80. */
async function finishTask(
  fault: Omit<DownloadFault, 'route'> | undefined,
  options: EmulatorOptions = {},
): Promise<{ emulator: Emulator; urls: string[] }> {
  const emulator = await startEmulator(options)
  if (fault) emulator.setFaults([{ route: 'download', ...fault }])
  const client = createClient({ baseUrl: emulator.url, apiKey: canary })
  const image = bodyOf(await makePng())
  const answer = await client.submit({ image, params: {}, beforeLastByte: async () => {} })
  await emulator.until(() => emulator.tasks[0]?.status === 'COMPLETED')
  const { task = '' } = parseTaskState(answer.body) ?? {}
  const urls = parseTaskState((await client.getStatus(task)).body)?.generated ?? []
  return { emulator, urls }
}

describe('a download', () => {
  it.each(['png', 'jpeg', 'webp'] as const)('brings a %s home whole', async (resultFormat) => {
    const { urls } = await finishTask(undefined, { resultFormat })
    const bytes = await download(urls[0] ?? '')
    expect(await describeImage(bytes)).toEqual({ format: resultFormat, width: 120, height: 80 })
  })

  it('brings the same bytes from both URLs of one image, and each time', async () => {
    const { urls } = await finishTask(undefined, { stableUrl: true })
    expect(urls).toHaveLength(2)
    const [first, second, again] = [
      await download(urls[0] ?? ''),
      await download(urls[1] ?? ''),
      await download(urls[0] ?? ''),
    ]
    expect(second).toEqual(first)
    expect(again).toEqual(first)
  })

  it('waits for each piece to be written before it gives the next', async () => {
    const bytes = createHash('shake256', { outputLength: 3 * megabyte })
      .update('x')
      .digest()
    const server = await startHttpServer((_, response) => void response.end(bytes))
    let writing = 0
    let most = 0
    const written: Uint8Array[] = []
    await download(server.url, {
      write: async (chunk) => {
        most = Math.max(most, ++writing)
        await turn()
        written.push(chunk)
        writing--
      },
    })
    expect(most).toBe(1)
    expect(Buffer.concat(written).equals(bytes)).toBe(true)
  })

  it('ends the connection when writing fails', async () => {
    const { emulator, urls } = await finishTask({ content: 'endless' })
    const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
    const write = async (): Promise<void> => {
      throw full
    }
    await expect(download(urls[0] ?? '', { write })).rejects.toBe(full)
    await emulator.until(() => emulator.calls.at(-1)?.over === true, 2000)
  })

  it('follows a redirect, as those of a CDN', async () => {
    const { emulator, urls } = await finishTask(undefined)
    emulator.setFaults([{ route: 'download', times: 1, redirect: urls[0] ?? '' }])
    expect(await describeImage(await download(urls[0] ?? ''))).toMatchObject({ width: 120 })
  })

  it('ends where an abort says, with its reason', async () => {
    const server = await startHttpServer((_, response) => {
      response.writeHead(200, { 'content-length': 100 })
      response.write('half')
    })
    const reason = new Error('The build is over.')
    const controller = new AbortController()
    const work = download(server.url, {
      signal: controller.signal,
      write: async () => controller.abort(reason),
    })
    await expect(work).rejects.toBe(reason)
  })

  it('does not begin after an abort', async () => {
    const server = await startHttpServer(() => ({ body: 'bytes' }))
    const reason = new Error('The build is over.')
    await expect(download(server.url, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(server.requests).toHaveLength(0)
  })
})

describe('a download that does not work', () => {
  it.each([403, 404, 410, 429, 500, 503])('says HTTP %i', async (status) => {
    const { urls } = await finishTask({ status })
    const error = await failureOf(download(urls[0] ?? ''))
    expect(error.status).toBe(status)
    expect(error.message).toBe(`The download answered HTTP ${status}.`)
  })

  it('says 403 when the URL has expired', async () => {
    const { emulator, urls } = await finishTask(undefined)
    emulator.expireUrls()
    expect((await failureOf(download(urls[0] ?? ''))).status).toBe(403)
  })

  it.each<Omit<DownloadFault, 'route'>>([
    { content: 'truncated' },
    { cut: 'mid-response' },
    { cut: 'before-read' },
  ])('breaks off: %j', async (fault) => {
    const { urls } = await finishTask(fault)
    const error = await failureOf(download(urls[0] ?? ''))
    expect(error.message).toBe('The download broke off.')
    expect(error.status).toBeUndefined()
    expect(error.cause).toBeInstanceOf(Error)
  })

  it('breaks off where nobody listens', async () => {
    const error = await failureOf(download(`http://127.0.0.1:${await findClosedPort()}/1.png`))
    expect(error.message).toBe('The download broke off.')
    expect(String(error.cause)).toContain('ECONNREFUSED')
  })

  it('breaks off where redirects lead in a circle', async () => {
    const server = await startHttpServer(() => ({ status: 302, headers: { location: '/' } }))
    expect((await failureOf(download(server.url))).message).toBe(
      'The download was redirected more than 5 times.',
    )
  })

  it('is refused at the first byte too many, also where there is no end', async () => {
    const { emulator, urls } = await finishTask({ content: 'endless' })
    let written = 0
    const error = await failureOf(
      download(urls[0] ?? '', {
        maxBytes: 3 * megabyte,
        write: async (chunk) => void (written += chunk.length),
      }),
    )
    expect(error.message).toContain(`larger than ${3 * megabyte} bytes`)
    expect(written).toBeLessThanOrEqual(3 * megabyte)
    await emulator.until(() => emulator.calls.at(-1)?.over === true)
  })

  it('breaks off after the longest time for all of it, though a byte comes now and then', async () => {
    const server = await startHttpServer((_, response) => {
      const trickle = setInterval(() => response.write('x'), 10)
      response.on('close', () => clearInterval(trickle))
    })
    let written = 0
    const write = async (): Promise<void> => void written++
    const error = await failureOf(download(server.url, { timeout: 200, write }))
    expect(error.cause).toMatchObject({ message: 'It took more than 0.2 s.' })
    expect(written).toBeGreaterThan(2)
  })

  it('is not refused at exactly as many bytes as are allowed', async () => {
    const server = await startHttpServer(() => ({ body: 'x'.repeat(1000) }))
    expect(await download(server.url, { maxBytes: 1000 })).toHaveLength(1000)
    await failureOf(download(server.url, { maxBytes: 999 }))
  })

  it('shows the key nowhere', async () => {
    for (const text of [
      `${canary} is what you sent\r\n\r\n`,
      `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${canary}\r\n`,
    ]) {
      const server = await startTcpServer(({ socket }) => void socket.end(text))
      expectNoKey(await failureOf(download(`${server.url}/?key=${canary}`)))
    }
    expectNoKey(await failureOf(download(`http://foreign.example/?key=${canary}`)))
    expectNoKey(await failureOf(download(canary)))
  })
})

describe('the address of a download', () => {
  it.each([
    'http://ai-statics.freepik.com/1.png',
    'http://192.168.1.1/1.png',
    'http://127.0.0.1.evil.example/1.png',
    'ftp://ai-statics.freepik.com/1.png',
    'file:///etc/passwd',
    'data:image/png;base64,iVBORw0KGgo=',
    'blob:https://a.example/1',
    '//ai-statics.freepik.com/1.png',
    'not an address',
    '',
  ])('is refused without asking anybody: %s', async (url) => {
    const asked = resolveToLoopback('nobody')
    const error = await failureOf(download(url))
    expect(error.message).toContain('not https')
    expect(asked).toEqual([])
  })

  it('is refused on this machine, too, unless the API is on this machine', async () => {
    const server = await startHttpServer(() => ({ body: 'bytes' }))
    await failureOf(download(server.url, { allowLoopback: false }))
    expect(server.requests).toHaveLength(0)
    expect(await download(server.url)).toHaveLength(5)
  })

  it('is refused just the same where a redirect leads to it', async () => {
    const foreign = await startHttpServer(() => ({ body: 'bytes' }))
    resolveToLoopback('cdn.example')
    const location = `http://cdn.example:${foreign.port}/1.png`
    const server = await startHttpServer(() => ({ status: 302, headers: { location } }))
    await failureOf(download(location))
    expect(foreign.requests).toHaveLength(0)
    await failureOf(download(server.url))
    expect(foreign.requests).toHaveLength(0)
  })
})
