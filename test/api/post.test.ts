import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { postImage, PostError } from '../../src/api/post.ts'
import type { ImageBody, PostOptions, RawAnswer } from '../../src/api/post.ts'
import { bodyOf, createCountedBody } from '../helpers/bodies.ts'
import { failLookups, findClosedPort, startHttpServer, startTcpServer } from '../helpers/servers.ts'
import type { TcpServer } from '../helpers/servers.ts'

const megabyte = 1024 * 1024
const accepted = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}'

async function post(
  url: string,
  image: ImageBody,
  options: Partial<PostOptions> = {},
): Promise<RawAnswer> {
  return postImage(new URL('/v1/ai/image-upscaler', url), {
    headers: { 'x-freepik-api-key': 'test-key' },
    head: '{',
    image,
    beforeLastByte: async () => {},
    signal: undefined,
    idleTimeout: 10_000,
    ...options,
  })
}

/** The error of a POST that got no answer. */
async function postError(work: Promise<unknown>): Promise<PostError> {
  const error = await failureOf(work)
  expect(error).toBeInstanceOf(PostError)
  return error as PostError
}

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
}

describe('the body that arrives', () => {
  const boundaries = [49_149, 49_150, 49_151, 49_152, 49_153, 65_535, 65_536, 65_537, 131_071]

  it.each([...Array.from({ length: 11 }, (_, bytes) => bytes), ...boundaries, 131_072, 131_073])(
    'is the JSON with the base64 of %i bytes, under its exact length',
    async (bytes) => {
      const server = await startHttpServer(() => ({ body: '{}' }))
      const image = createHash('shake256', { outputLength: bytes }).update('image').digest()
      for (const pieceSize of bytes < 100 ? [1, 2, 3, 4, 100] : [4097, 65_535, 65_536]) {
        await post(server.url, bodyOf(image, pieceSize), { head: '{"scale_factor":"4x",' })
        const { body, headers } = server.requests.at(-1) ?? { body: '', headers: {} }
        expect(body).toBe(`{"scale_factor":"4x","image":"${image.toString('base64')}"}`)
        expect(JSON.parse(body)).toEqual({
          scale_factor: '4x',
          image: image.toString('base64'),
        })
        expect(headers['content-length']).toBe(String(body.length))
        expect(headers['content-type']).toBe('application/json')
        expect(headers['transfer-encoding']).toBeUndefined()
      }
    },
  )

  it.each([1, 2, 4, 4097])(
    'is right though each %i bytes are read over the ones before',
    async (pieceSize) => {
      const server = await startHttpServer(() => ({ body: '{}' }))
      const image = createHash('shake256', { outputLength: 10_001 }).update('image').digest()
      const buffer = Buffer.alloc(pieceSize)
      const open = async function* (): AsyncGenerator<Buffer> {
        for (let at = 0; at < image.length; at += pieceSize) {
          yield buffer.subarray(0, image.copy(buffer, 0, at))
          buffer.fill(0)
        }
      }
      await post(server.url, { bytes: image.length, open })
      expect(server.requests[0]?.body).toBe(`{"image":"${image.toString('base64')}"}`)
    },
  )

  it('has its length in bytes where the head is not ASCII', async () => {
    const server = await startHttpServer(() => ({ body: '{}' }))
    const prompt = 'ein Fuchs 🦊 im Grün'
    const head = `${JSON.stringify({ prompt }).slice(0, -1)},`
    await post(server.url, bodyOf(Buffer.from('abc')), { head })
    const body = JSON.stringify({ prompt, image: 'YWJj' })
    expect(server.requests[0]?.body).toBe(body)
    expect(server.requests[0]?.headers['content-length']).toBe(String(Buffer.byteLength(body)))
  })

  it('ends where it says: no byte follows on the wire', async () => {
    const server = await startTcpServer((connection) => {
      if (connection.missing() <= 0) connection.socket.end(accepted)
    })
    await post(server.url, bodyOf(Buffer.from('abcd')))
    await server.until(() => server.connections[0]?.closed)
    expect(server.connections).toHaveLength(1)
    expect(server.connections[0]?.body().toString()).toBe('{"image":"YWJjZA=="}')
    expect(missingAt(server)).toBe(0)
  })

  it('of 20 MB is streamed, and the same to the last bit', async () => {
    const image = createHash('shake256', { outputLength: 20 * megabyte })
      .update('20')
      .digest()
    const hash = createHash('sha256')
    let bytes = 0
    const server = createServer((request, response) => {
      request.on('data', (chunk: Buffer) => {
        hash.update(chunk)
        bytes += chunk.length
      })
      request.on('end', () => response.end('{}'))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    await post(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, bodyOf(image))
    const whole = `{"image":"${image.toString('base64')}"}`
    expect(bytes).toBe(whole.length)
    expect(hash.digest('hex')).toBe(createHash('sha256').update(whole).digest('hex'))
  })

  it('is taken from the disk no faster than the server reads, so that it is never held', async () => {
    const size = 96 * megabyte
    const image = createCountedBody(size)
    let received = 0
    let ahead = 0
    let memory = 0
    const before = process.memoryUsage()
    const server = createServer((request, response) => {
      request.on('data', (chunk: Buffer) => {
        received += chunk.length
        ahead = Math.max(ahead, (image.taken / 3) * 4 - received)
        const { external, heapUsed } = process.memoryUsage()
        memory = Math.max(memory, external + heapUsed - before.external - before.heapUsed)
      })
      request.on('end', () => response.end('{}'))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    await post(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, image)
    expect(received).toBe((size / 3) * 4 + '{"image":""}'.length)
    // What is under way lies in the buffers of the kernel, whose sizes are the machine's.
    expect(ahead).toBeLessThan(48 * megabyte)
    expect(memory).toBeLessThan(96 * megabyte)
  })

  it('waits for a server that does not read', async () => {
    const image = createCountedBody(256 * megabyte)
    const server = await startTcpServer(({ socket }) => void socket.pause())
    const work = postError(post(server.url, image, { idleTimeout: 200 }))
    expect((await work).committed).toBe(false)
    expect(image.taken).toBeLessThan(64 * megabyte)
    expect(image.closed).toBe(true)
  })
})

/** Bytes of the first request's body that have not arrived; `NaN` before its head has. */
function missingAt({ connections: [connection] }: TcpServer): number {
  return connection?.missing() ?? Number.NaN
}

describe('the last byte', () => {
  it.each([0, 1, 2, 3, 1000, 65_536, 3 * megabyte])(
    'of %i bytes is held back while everything else has arrived, until beforeLastByte resolves',
    async (bytes) => {
      const server = await startTcpServer((connection) => {
        if (connection.missing() === 0) connection.socket.end(accepted)
      })
      let missing = Number.NaN
      const answer = await post(server.url, createCountedBody(bytes), {
        beforeLastByte: async () => {
          await server.until(() => missingAt(server) <= 1)
          for (let turns = 0; turns < 20; turns++) await turn()
          missing = missingAt(server)
        },
      })
      expect(missing).toBe(1)
      expect(answer).toEqual({ status: 200, retryAfter: undefined, body: '{}' })
      expect(missingAt(server)).toBe(0)
      expect(server.connections[0].body().at(-1)).toBe('}'.charCodeAt(0))
    },
  )

  it.each([0, 100, 3 * megabyte])(
    'of %i bytes is never sent when beforeLastByte throws, and its error is passed on as it is',
    async (bytes) => {
      const server = await startTcpServer()
      const refusal = new Error('Not this one.')
      const work = post(server.url, createCountedBody(bytes), {
        beforeLastByte: async () => {
          await server.until(() => missingAt(server) <= 1)
          throw refusal
        },
      })
      await expect(work).rejects.toBe(refusal)
      await server.until(() => server.connections[0]?.closed)
      expect(missingAt(server)).toBe(1)
    },
  )

  it('is never sent when the image cannot be read to its end', async () => {
    const server = await startTcpServer()
    const broken = new Error('EIO')
    const image: ImageBody = {
      bytes: 6,
      open: async function* () {
        yield Buffer.from('abc')
        await server.until(() => server.connections[0]?.body().includes('YWJj'))
        throw broken
      },
    }
    const beforeLastByte = vi.fn<() => Promise<void>>(async () => {})
    await expect(post(server.url, image, { beforeLastByte })).rejects.toBe(broken)
    await server.until(() => server.connections[0]?.closed)
    expect(beforeLastByte).not.toHaveBeenCalled()
  })

  it.each(['shorter', 'longer'] as const)(
    'is never sent, nor any other that completes the request, when the image turns out %s than it said',
    async (how) => {
      const server = await startTcpServer((connection) => {
        if (connection.missing() <= 0) connection.socket.end(accepted)
      })
      const image = { ...bodyOf(Buffer.alloc(3000)), bytes: how === 'shorter' ? 6000 : 1500 }
      const work = post(server.url, image, {
        idleTimeout: 500,
        beforeLastByte: async () => {
          await server.until(() => !Number.isNaN(missingAt(server)))
          for (let turns = 0; turns < 20; turns++) await turn()
          throw new Error('It is not what it was.')
        },
      })
      await work.catch(() => {})
      await server.until(() => server.connections[0]?.closed)
      expect(missingAt(server)).toBeGreaterThan(0)
    },
  )

  it('is not decided on before there is a connection, however small the image', async () => {
    const beforeLastByte = vi.fn<() => Promise<void>>(async () => {})
    failLookups(100)
    const work = post('http://api.example', bodyOf(Buffer.from('tiny')), { beforeLastByte })
    expect((await postError(work)).committed).toBe(false)
    expect(beforeLastByte).not.toHaveBeenCalled()
  })

  it('is not decided on where nobody listens', async () => {
    const beforeLastByte = vi.fn<() => Promise<void>>(async () => {})
    const work = post(`http://127.0.0.1:${await findClosedPort()}`, bodyOf(Buffer.from('tiny')), {
      beforeLastByte,
    })
    const error = await postError(work)
    expect(error.message).toContain('ECONNREFUSED')
    expect(error.committed).toBe(false)
    expect(beforeLastByte).not.toHaveBeenCalled()
  })
})

describe('an early refusal', () => {
  const refusal =
    'HTTP/1.1 401 Unauthorized\r\ncontent-length: 29\r\nretry-after: 7\r\n\r\n{"message":"Invalid API key"}'

  it('is returned before the whole body is sent, and nothing is committed', async () => {
    const server = await startTcpServer((connection) => {
      if (connection.socket.bytesWritten === 0) connection.socket.write(refusal)
    })
    const beforeLastByte = vi.fn<() => Promise<void>>(async () => {})
    const image = createCountedBody(1024 * megabyte)
    const answer = await post(server.url, image, { beforeLastByte })
    expect(answer).toEqual({
      status: 401,
      retryAfter: '7',
      body: '{"message":"Invalid API key"}',
    })
    expect(beforeLastByte).not.toHaveBeenCalled()
    expect(image.closed).toBe(true)
    expect(image.taken).toBeLessThan(256 * megabyte)
    await server.until(() => server.connections[0]?.closed)
  })

  it('is returned also where the server stops reading', async () => {
    const server = await startTcpServer(({ socket }) => {
      socket.pause()
      if (socket.bytesWritten === 0) socket.write(refusal)
    })
    const answer = await post(server.url, createCountedBody(256 * megabyte))
    expect(answer.status).toBe(401)
  })

  it.each([
    ['half of it', refusal.slice(0, -9)],
    ['nonsense', 'HTTP/1.1 401 Unauthorized\r\ntransfer-encoding: chunked\r\n\r\nno chunk\r\n'],
  ])('is an uncommitted failure when %s comes and then the connection breaks', async (_, text) => {
    const server = await startTcpServer(({ socket }) => {
      if (socket.bytesWritten === 0) socket.write(text)
    })
    const image = createCountedBody(1024 * megabyte)
    const failure = failureOf(post(server.url, image))
    // The client lets go of the image when it has seen the answer begin.
    while (!image.closed) await turn()
    server.connections[0]?.socket.resetAndDestroy()
    const error = await failure
    expect(error).toBeInstanceOf(PostError)
    expect((error as PostError).committed).toBe(false)
  })
})

describe('a POST without an answer', () => {
  it('is uncommitted when the connection is cut before the last byte', async () => {
    const server = await startTcpServer((connection) => {
      if (connection.missing() < 80 * megabyte) connection.socket.resetAndDestroy()
    })
    const beforeLastByte = vi.fn<() => Promise<void>>(async () => {})
    const error = await postError(
      post(server.url, createCountedBody(64 * megabyte), { beforeLastByte }),
    )
    expect(error.committed).toBe(false)
    expect(beforeLastByte).not.toHaveBeenCalled()
  })

  it.each([
    ['nothing', ''],
    ['half a head', accepted.slice(0, 20)],
    ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
  ])('is committed when the connection is cut after the last byte and %s', async (_, text) => {
    const server = await startTcpServer((connection) => {
      if (connection.missing() === 0) connection.socket.end(text)
    })
    const error = await postError(post(server.url, bodyOf(Buffer.from('image'))))
    expect(error.committed).toBe(true)
    expect(error.cause).toBeInstanceOf(Error)
  })

  // It may hold the id of a task that is paid for.
  it('has an answer all the same where the connection is cut in the middle of it', async () => {
    const server = await startTcpServer((connection) => {
      if (connection.missing() === 0) connection.socket.end(accepted.slice(0, -1))
    })
    const { status, body } = await post(server.url, bodyOf(Buffer.from('image')))
    expect([status, accepted.endsWith(`${body}${accepted.at(-1)}`)]).toEqual([200, true])
  })

  it('is given up when the server says nothing for too long: committed after the last byte', async () => {
    const server = await startTcpServer()
    const work = post(server.url, bodyOf(Buffer.from('image')), { idleTimeout: 100 })
    const error = await postError(work)
    expect(error.committed).toBe(true)
    expect(error.message).toBe(`No word from ${new URL(server.url).host} for 0.1 s.`)
    await server.until(() => server.connections[0]?.closed)
  })

  it.each([
    ['its head', 'HTTP/1.1 200 OK\r\nx-padding: '],
    ['spaces', 'HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n'],
  ])('is not waited for any longer while %s trickles', async (what, start) => {
    const server = await startTcpServer((connection) => {
      const { socket } = connection
      if (connection.missing() !== 0) return
      socket.write(start)
      const trickle = setInterval(() => socket.write(what === 'spaces' ? ' ' : 'x'), 10)
      socket.on('close', () => clearInterval(trickle))
    })
    const startedAt = performance.now()
    const work = post(server.url, bodyOf(Buffer.from('image')), { idleTimeout: 200 })
    if (what === 'spaces') {
      // What came is an answer that nobody understands.
      const { status, body } = await work
      expect([status, body.trim()]).toEqual([200, ''])
    } else {
      const error = await postError(work)
      expect([error.committed, error.message]).toEqual([true, 'The answer takes too long.'])
    }
    expect(performance.now() - startedAt).toBeLessThan(5000)
    await server.until(() => server.connections[0]?.closed)
  })

  it('has an answer all the same where the task came, and its end trickles', async () => {
    const text = '{"data":{"task_id":"046b6c7f","status":"CREATED","generated":[]}}'
    const server = await startTcpServer((connection) => {
      const { socket } = connection
      if (connection.missing() !== 0) return
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n${text}`)
      const trickle = setInterval(() => socket.write(' '), 10)
      socket.on('close', () => clearInterval(trickle))
    })
    const answer = await post(server.url, bodyOf(Buffer.from('image')), { idleTimeout: 200 })
    expect([answer.status, answer.body.trim()]).toEqual([200, text])
    await server.until(() => server.connections[0]?.closed)
  })

  it('is given up when the answer has no end in sight', async () => {
    const server = await startHttpServer((_, response) => {
      response.writeHead(200)
      const chunk = Buffer.alloc(megabyte, ' ')
      const write = (): void => {
        while (!response.destroyed && response.write(chunk)) {}
      }
      response.on('drain', write)
      write()
    })
    const error = await postError(post(server.url, bodyOf(Buffer.from('image'))))
    expect(error.committed).toBe(true)
    expect(error.message).toContain('1 MiB')
  })

  it('is broken off when it is aborted before the last byte', async () => {
    const server = await startTcpServer()
    const controller = new AbortController()
    const work = post(server.url, createCountedBody(256 * megabyte), { signal: controller.signal })
    await server.until(() => missingAt(server) > 0)
    const reason = new Error('The build is over.')
    controller.abort(reason)
    await expect(work).rejects.toBe(reason)
    await server.until(() => server.connections[0]?.closed)
  })
})

describe('an answer', () => {
  it('comes back as it is, whatever its status', async () => {
    for (const status of [200, 400, 401, 429, 500, 503]) {
      const server = await startHttpServer(() => ({
        status,
        headers: { 'retry-after': '12' },
        body: 'wörtlich',
      }))
      const answer = await post(server.url, bodyOf(Buffer.from('image')))
      expect(answer).toEqual({ status, retryAfter: '12', body: 'wörtlich' })
    }
  })

  it.each([301, 302, 303, 307, 308])('of %i is not followed', async (status) => {
    const elsewhere = await startHttpServer(() => ({ body: '{}' }))
    const server = await startHttpServer(() => ({ status, headers: { location: elsewhere.url } }))
    expect((await post(server.url, bodyOf(Buffer.from('image')))).status).toBe(status)
    expect(elsewhere.requests).toHaveLength(0)
  })

  it('comes over a connection of its own each time', async () => {
    const server = await startTcpServer((connection) => {
      if (connection.missing() === 0) {
        connection.socket.write(accepted.replace('connection: close\r\n', ''))
      }
    })
    for (let times = 0; times < 2; times++) await post(server.url, bodyOf(Buffer.from('image')))
    expect(server.connections).toHaveLength(2)
  })
})
