import { createHash } from 'node:crypto'
import { describe, expect, it, vi } from 'vitest'
import { createClient } from '../../src/api/client.ts'
import type { Client, Submission } from '../../src/api/client.ts'
import { downloadResult } from '../../src/api/download.ts'
import { createPace } from '../../src/api/pace.ts'
import type { Pace } from '../../src/api/pace.ts'
import { PostError } from '../../src/api/post.ts'
import { parseTaskList, parseTaskState } from '../../src/api/wire.ts'
import { bodyOf, createCountedBody } from '../helpers/bodies.ts'
import { canary, expectNoKey } from '../helpers/canary.ts'
import { simulateClock } from '../helpers/clock.ts'
import { startEmulator } from '../helpers/emulator.ts'
import { makePng } from '../helpers/images.ts'
import { resolveToLoopback, startHttpServer, startTcpServer } from '../helpers/servers.ts'
import type { SeenRequest } from '../helpers/servers.ts'

const endpoint = '/v1/ai/image-upscaler'
const megabyte = 1024 * 1024

function clientOf(baseUrl: string, apiKey = canary): Client {
  return createClient({ baseUrl, apiKey })
}

/** Submits a small picture, unless told otherwise. */
async function submit(
  client: Client,
  submission: Partial<Submission> = {},
): ReturnType<Client['submit']> {
  return client.submit({
    image: bodyOf(await makePng()),
    params: {},
    beforeLastByte: async () => {},
    ...submission,
  })
}

/** The error that some work ends with. */
async function failureOf(work: Promise<unknown>): Promise<Error> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(Error)
  return error as Error
}

/** Where the key was sent in a request, by header. */
function keyHeaders({ headers }: Pick<SeenRequest, 'headers'>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(headers).filter(
      ([name, value]) => name.endsWith('-api-key') || String(value).includes(canary),
    ),
  )
}

describe('submitting', () => {
  it('sends only what was said, and the image', async () => {
    const emulator = await startEmulator()
    const png = await makePng()
    const params = { scale_factor: '4x', prompt: 'a "fox" 🦊', hdr: -3, filter_nsfw: true } as const
    const answer = await submit(clientOf(emulator.url), { image: bodyOf(png, 1000), params })
    expect(answer.status).toBe(200)
    expect(emulator.tasks).toHaveLength(1)
    expect(emulator.tasks[0]?.params).toEqual(params)
    expect(emulator.tasks[0]?.source.sha256).toBe(createHash('sha256').update(png).digest('hex'))
    expect(emulator.calls.map(({ method, url }) => `${method} ${url}`)).toEqual([
      `POST ${endpoint}`,
    ])
    expect(parseTaskState(answer.body)).toMatchObject({ task: emulator.tasks[0]?.id })
  })

  it('sends no field at all where none was said', async () => {
    const emulator = await startEmulator()
    await submit(clientOf(emulator.url))
    expect(emulator.tasks[0]?.params).toEqual({})
  })

  it('buys nothing when beforeLastByte throws, however often it is tried', async () => {
    const emulator = await startEmulator()
    const refusal = new Error('Not now.')
    for (let times = 1; times <= 3; times++) {
      const beforeLastByte = async (): Promise<void> => {
        await emulator.until(() => emulator.calls.length === times)
        throw refusal
      }
      await expect(submit(clientOf(emulator.url), { beforeLastByte })).rejects.toBe(refusal)
    }
    await emulator.until(() => emulator.calls.every(({ over }) => over))
    expect(emulator.calls).toHaveLength(3)
    expect(emulator.tasks).toHaveLength(0)
  })

  it.each([401, 413, 429, 503])(
    'returns a %i that comes before the body is read, and commits nothing',
    async (status) => {
      const emulator = await startEmulator({ faults: [{ route: 'submit', early: true, status }] })
      const beforeLastByte = vi.fn<() => Promise<void>>(async () => {})
      const image = createCountedBody(200 * megabyte)
      const answer = await submit(clientOf(emulator.url), { image, beforeLastByte })
      expect(answer.status).toBe(status)
      expect(beforeLastByte).not.toHaveBeenCalled()
      expect(emulator.tasks).toHaveLength(0)
    },
  )

  it.each([
    ['before-read', false],
    ['mid-request', false],
    ['after-request', true],
  ] as const)(
    'ends in a PostError when the socket is cut %s: committed is %s',
    async (cut, committed) => {
      const emulator = await startEmulator({
        faults: [{ route: 'submit', cut }],
        bodyLimit: 2 ** 40,
      })
      // A large one where it breaks on the way, so that it cannot have gone by then.
      const image = committed ? bodyOf(await makePng()) : createCountedBody(96 * megabyte)
      const error = await failureOf(submit(clientOf(emulator.url), { image }))
      expect(error).toBeInstanceOf(PostError)
      expect((error as PostError).committed).toBe(committed)
      expect(emulator.tasks).toHaveLength(0)
    },
  )
})

describe('asking for a status', () => {
  it('reads what the emulator says in every state, in both shapes', async () => {
    for (const shape of ['data', 'bare'] as const) {
      const emulator = await startEmulator({ latency: Infinity, shape })
      const client = clientOf(emulator.url)
      const id = parseTaskState((await submit(client)).body)?.task ?? ''
      const read = async (): Promise<unknown> => parseTaskState((await client.getStatus(id)).body)
      expect(await read()).toMatchObject({ task: id, status: 'pending', generated: [] })
      emulator.complete()
      expect(await read()).toMatchObject({
        status: 'completed',
        generated: [expect.stringContaining(`/results/${id}`)],
      })
    }
  })

  it('asks for the task and nothing else, whatever is in its id', async () => {
    const server = await startHttpServer(() => ({ body: '{}' }))
    await clientOf(server.url).getStatus('../../v2/a?b#c%2F')
    expect(server.requests[0]?.url).toBe(`${endpoint}/..%2F..%2Fv2%2Fa%3Fb%23c%252F`)
  })

  it('gives status, Retry-After and text as they come', async () => {
    const server = await startHttpServer(() => ({
      status: 429,
      headers: { 'retry-after': '9' },
      body: 'slowly',
    }))
    const answer = await clientOf(server.url).getStatus('task')
    expect(answer).toEqual({ status: 429, retryAfter: '9', body: 'slowly' })
  })

  it('can be aborted while the server is silent, with the reason of the signal', async () => {
    const server = await startHttpServer(() => {})
    const controller = new AbortController()
    const failure = failureOf(clientOf(server.url).getStatus('task', controller.signal))
    await server.until(() => server.requests.length === 1)
    const reason = new Error('The build is over.')
    controller.abort(reason)
    expect(await failure).toBe(reason)
  })
})

describe('asking for the list', () => {
  /** Submits so many pictures, one after the other. */
  async function submitMany(client: Client, count: number): Promise<void> {
    for (let times = 0; times < count; times++) await submit(client)
  }

  it.each(['data', 'bare'] as const)(
    'reads every task page by page, the newest first, in the shape %s',
    async (shape) => {
      const emulator = await startEmulator({ latency: Infinity, shape })
      const client = clientOf(emulator.url)
      await submitMany(client, 22)
      emulator.complete(emulator.tasks[21]?.id)
      const pages = []
      for (const page of [1, 2, 3]) {
        const answer = await client.listTasks(page)
        expect(answer.status).toBe(200)
        pages.push(parseTaskList(answer.body) ?? [])
      }
      expect(pages.map(({ length }) => length)).toEqual([20, 2, 0])
      expect(pages.flat().map(({ task }) => task)).toEqual(
        emulator.tasks.map(({ id }) => id).toReversed(),
      )
      expect(pages.flat().map(({ status }) => status)).toEqual([
        'completed',
        ...Array.from({ length: 21 }, () => 'pending'),
      ])
      expect(pages[0]?.[0]?.generated).toEqual([
        expect.stringContaining(emulator.tasks[21]?.id ?? ''),
      ])
    },
  )

  it('asks for the page and nothing else', async () => {
    const server = await startHttpServer(() => ({ body: '{}' }))
    await clientOf(server.url).listTasks(7)
    expect(server.requests.map(({ method, url, body }) => [method, url, body])).toEqual([
      ['GET', `${endpoint}?page=7`, ''],
    ])
  })

  it('does not see a task that the API lists late', async () => {
    let now = Date.now()
    const emulator = await startEmulator({ list: { lag: 5000 }, now: () => now })
    const client = clientOf(emulator.url)
    await submit(client)
    const read = async (): Promise<unknown> => parseTaskList((await client.listTasks(1)).body)
    expect(await read()).toEqual([])
    now += 5000
    expect(await read()).toMatchObject([{ task: emulator.tasks[0]?.id }])
  })

  it('takes a 404 for an answer, and finds no list in it', async () => {
    const emulator = await startEmulator({ list: false })
    const answer = await clientOf(emulator.url).listTasks(1)
    expect(answer.status).toBe(404)
    expect(parseTaskList(answer.body)).toBeUndefined()
  })

  it('gives status, Retry-After and text as they come', async () => {
    const server = await startHttpServer(() => ({
      status: 429,
      headers: { 'retry-after': '9' },
      body: 'slowly',
    }))
    const answer = await clientOf(server.url).listTasks(1)
    expect(answer).toEqual({ status: 429, retryAfter: '9', body: 'slowly' })
  })

  it('can be aborted while the server is silent, with the reason of the signal', async () => {
    const server = await startHttpServer(() => {})
    const controller = new AbortController()
    const failure = failureOf(clientOf(server.url).listTasks(1, controller.signal))
    await server.until(() => server.requests.length === 1)
    const reason = new Error('The build is over.')
    controller.abort(reason)
    expect(await failure).toBe(reason)
  })
})

describe('the key', () => {
  it.each([
    ['api.freepik.com', 'x-freepik-api-key'],
    ['api.magnific.com', 'x-magnific-api-key'],
    ['magnific.example', 'x-freepik-api-key'],
    ['127.0.0.1', 'x-freepik-api-key'],
  ])('is sent to %s as %s', async (host, header) => {
    const server = await startHttpServer(() => ({ body: '{}' }))
    resolveToLoopback(host)
    const client = clientOf(`http://${host}:${server.port}`)
    // Larger than what is buffered, so that nothing is decided on before the connection stands.
    await submit(client, { image: createCountedBody(megabyte) })
    await client.getStatus('task')
    await client.listTasks(1)
    expect(server.requests.map(({ method }) => method)).toEqual(['POST', 'GET', 'GET'])
    for (const request of server.requests) {
      expect(request.headers.host).toBe(`${host}:${server.port}`)
      expect(keyHeaders(request)).toEqual({ [header]: canary })
      expect(request.url + request.body).not.toContain(canary)
    }
  })

  it('is not sent to where results are downloaded from', async () => {
    const emulator = await startEmulator({ downloadHost: 'separate' })
    const client = clientOf(emulator.url)
    const id = parseTaskState((await submit(client)).body)?.task ?? ''
    await emulator.until(() => emulator.tasks[0]?.status === 'COMPLETED')
    const [url = ''] = parseTaskState((await client.getStatus(id)).body)?.generated ?? []
    expect(new URL(url).origin).toBe(emulator.downloadUrl)
    expect(emulator.downloadUrl).not.toBe(emulator.url)
    await download(url)
    const downloads = emulator.calls.filter(({ listener }) => listener === 'downloads')
    expect(downloads.map(({ status }) => status)).toEqual([200])
    expect(keyHeaders(downloads[0] ?? { headers: {} })).toEqual({})
  })

  it('is not sent with a download from the API itself either', async () => {
    const emulator = await startEmulator()
    const client = clientOf(emulator.url)
    const id = parseTaskState((await submit(client)).body)?.task ?? ''
    await emulator.until(() => emulator.tasks[0]?.status === 'COMPLETED')
    const [url = ''] = parseTaskState((await client.getStatus(id)).body)?.generated ?? []
    await download(url)
    const last = emulator.calls.at(-1)
    expect(last?.route).toBe('download')
    expect(keyHeaders(last ?? { headers: {} })).toEqual({})
  })

  it.each([301, 302, 303, 307, 308])(
    'does not follow a redirect of the POST, of a status call or of the list: %i',
    async (status) => {
      const elsewhere = await startHttpServer(() => ({ body: '{}' }))
      const server = await startHttpServer(({ url }) => ({
        status,
        headers: { location: `${elsewhere.url}${url}` },
      }))
      const client = clientOf(server.url)
      expect((await submit(client)).status).toBe(status)
      expect((await client.getStatus('task')).status).toBe(status)
      expect((await client.listTasks(1)).status).toBe(status)
      expect(elsewhere.requests).toHaveLength(0)
    },
  )

  it('does not follow a redirect of a download', async () => {
    const elsewhere = await startHttpServer(() => ({ body: 'bytes' }))
    const server = await startHttpServer(() => ({
      status: 302,
      headers: { location: elsewhere.url },
    }))
    await download(server.url)
    expect(elsewhere.requests).toHaveLength(1)
    for (const request of [...server.requests, ...elsewhere.requests]) {
      expect(keyHeaders(request)).toEqual({})
    }
  })

  it('comes back in no answer, however the server echoes it', async () => {
    const echoes = [
      { message: `Key ${canary} is not valid` },
      { problem: { message: 'Bad', invalid_params: [{ name: canary, reason: canary }] } },
      `<html>${encodeURIComponent(canary)}</html>`,
      Buffer.from(canary).toString('base64'),
      {
        data: { task_id: `task-${canary}`, status: canary, generated: [`https://x/?k=${canary}`] },
      },
    ]
    for (const body of echoes) {
      for (const status of [200, 302, 400, 401, 500]) {
        const server = await startHttpServer(() => ({
          status,
          headers: { location: `/?key=${canary}`, 'x-echo': canary, 'retry-after': canary },
          body,
        }))
        const client = clientOf(server.url)
        const answers = [
          await submit(client),
          await client.getStatus('task'),
          await client.listTasks(1),
        ]
        expect(server.requests).toHaveLength(3)
        for (const answer of answers) expect(answer.status).toBe(status)
        expectNoKey(answers)
      }
    }
  })

  it.each([
    ['no HTTP', `${canary} is what you sent\r\n\r\n`],
    ['a bad header', `HTTP/1.1 400 Bad Request\r\n${canary} echoed\r\n\r\n`],
    ['a bad chunk', `HTTP/1.1 400 Bad\r\ntransfer-encoding: chunked\r\n\r\n${canary}\r\n`],
    ['a cut answer', `HTTP/1.1 400 ${canary}\r\ncontent-length: 99\r\n\r\n{"message":"${canary}`],
  ])('is in no error when the server echoes it in %s', async (_, text) => {
    const server = await startTcpServer((connection) => {
      const { socket } = connection
      if (connection.missing() === 0 && !socket.writableEnded) socket.end(text)
    })
    const client = clientOf(server.url)
    // Either an error, or as much of an answer as came.
    expectNoKey(await submit(client).catch((error: unknown) => error))
    expectNoKey(await failureOf(client.getStatus('task')))
    expectNoKey(await failureOf(client.listTasks(1)))
  })

  it('is in no error when a broken answer comes before the body has gone', async () => {
    const text = `HTTP/1.1 400 Bad\r\ntransfer-encoding: chunked\r\n\r\n${canary}\r\n`
    const server = await startTcpServer(({ socket }) => {
      if (socket.bytesWritten === 0) socket.write(text)
    })
    const image = createCountedBody(200 * megabyte)
    expectNoKey(await failureOf(submit(clientOf(server.url), { image })))
  })
})

async function download(url: string): Promise<void> {
  await downloadResult(url, {
    write: async () => {},
    maxBytes: megabyte,
    allowLoopback: true,
    timeout: 60_000,
    redact: (text) => text,
  })
}

describe('the pace', () => {
  it('is asked before every call, and told every answer', async () => {
    const emulator = await startEmulator()
    const log: string[] = []
    let turn = 0
    const pace: Pace = {
      rate: 300,
      enter: async () => {
        log.push(`enter after ${emulator.calls.length} calls`)
        return ++turn
      },
      note: ({ status }, enteredAt) => void log.push(`${enteredAt}: ${status}`),
      readyAt: () => 5,
      lower: () => {},
    }
    const client = createClient({ baseUrl: emulator.url, apiKey: canary, pace })
    expect(client.readyAt()).toBe(5)
    await submit(client)
    await client.getStatus('nobody')
    await client.listTasks(1)
    const calls = [
      'enter after 0 calls, 1: 200',
      'enter after 1 calls, 2: 404',
      'enter after 2 calls, 3: 200',
    ]
    expect(log.join(', ')).toBe(calls.join(', '))
  })

  it('that is never reached sends nothing', async () => {
    const emulator = await startEmulator()
    const reason = new Error('The build ended.')
    const pace = createPace(1, simulateClock())
    await pace.enter()
    const client = createClient({ baseUrl: emulator.url, apiKey: canary, pace })
    const beforeLastByte = vi.fn<() => Promise<void>>()
    const signal = AbortSignal.abort(reason)
    const failures = [
      await failureOf(submit(client, { signal, beforeLastByte })),
      await failureOf(client.getStatus('nobody', signal)),
    ]
    expect(failures).toEqual([reason, reason])
    expect(emulator.calls).toHaveLength(0)
    expect(beforeLastByte).not.toHaveBeenCalled()
  })
})
