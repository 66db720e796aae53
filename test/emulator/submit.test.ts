import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { KEY, makeImage, post, sampleImage, startEmulator, submit } from './helpers.ts'

const encode = (bytes: Buffer) => ({ image: bytes.toString('base64') })

const blank = (width: number, height: number): Promise<Buffer> =>
  sharp({ create: { width, height, channels: 3, background: '#123' } })
    .png()
    .toBuffer()

describe('an accepted task', () => {
  it('is answered with 200, a UUID, CREATED and nothing generated', async () => {
    const emulator = await startEmulator({ latency: Infinity })
    const { status, json } = await submit(emulator)
    expect(status).toBe(200)
    expect(json).toEqual({
      data: { generated: [], task_id: expect.stringMatching(/^[0-9a-f-]{36}$/), status: 'CREATED' },
    })
  })

  it('is written down with the source, the size of the result, the fields as sent and the key', async () => {
    const emulator = await startEmulator({ latency: Infinity, now: () => 5000 })
    const image = await makeImage(30, 20, 'webp')
    const fields = {
      scale_factor: '4x',
      creativity: -10,
      hdr: 10,
      prompt: 'Ünï',
      filter_nsfw: true,
    }
    await submit(emulator, { image: image.toString('base64'), ...fields })
    expect(emulator.tasks).toHaveLength(1)
    expect(emulator.tasks[0]).toMatchObject({
      index: 0,
      params: fields,
      source: {
        sha256: createHash('sha256').update(image).digest('hex'),
        bytes: image.length,
        width: 30,
        height: 20,
        format: 'webp',
      },
      result: { width: 120, height: 80 },
      key: 'test-key',
      status: 'CREATED',
      history: [{ status: 'CREATED', at: 5000 }],
    })
    expect(emulator.tasks[0]?.headers['content-type']).toBe('application/json')
    expect(emulator.tasks[0]?.params).not.toHaveProperty('image')
    expect(emulator.calls[0]).toMatchObject({
      route: 'submit',
      status: 200,
      taskId: emulator.tasks[0]?.id,
    })
  })

  it('doubles the size where no scale is given', async () => {
    const emulator = await startEmulator()
    await submit(emulator)
    expect(emulator.tasks[0]?.result).toEqual({ width: 48, height: 32 })
  })

  it('can begin IN_PROGRESS, as in the document', async () => {
    const emulator = await startEmulator({ initialStatus: 'IN_PROGRESS', latency: Infinity })
    expect((await submit(emulator)).json.data.status).toBe('IN_PROGRESS')
  })

  it('has the older shape on request: no data, task_status', async () => {
    const emulator = await startEmulator({ shape: 'bare', latency: Infinity })
    const { json } = await submit(emulator)
    expect(json).toEqual({ generated: [], task_id: emulator.tasks[0]?.id, task_status: 'CREATED' })
  })
})

describe('the API key', () => {
  it.each(['x-freepik-api-key', 'X-Magnific-API-Key'])('is taken from %s', async (name) => {
    const emulator = await startEmulator({ apiKeys: ['good'] })
    expect((await submit(emulator, {}, { [name]: 'good' })).status).toBe(200)
    expect(emulator.tasks[0]?.key).toBe('good')
  })

  it.each<[string, Record<string, string>, string[] | undefined]>([
    ['Missing API key', {}, undefined],
    ['Missing API key', { 'x-freepik-api-key': '' }, undefined],
    ['Invalid API key', { 'x-freepik-api-key': 'invalid' }, undefined],
    ['Invalid API key', { 'x-freepik-api-key': 'other' }, ['good']],
  ])('%s: %j', async (message, headers, apiKeys) => {
    const emulator = await startEmulator({ apiKeys })
    const { status, json } = await submit(emulator, {}, headers)
    expect({ status, json }).toEqual({ status: 401, json: { message } })
    expect(emulator.tasks).toHaveLength(0)
  })
})

describe('validation', () => {
  it.each([
    ['image', 'data:image/png;base64,AAAA'],
    ['image', 'AAA'],
    ['image', 'AA_-'],
    ['image', 'AAAA\nAAAA'],
    ['image', ''],
    ['image', 7],
    ['image', null],
    ['scale_factor', '3x'],
    ['scale_factor', 2],
    ['optimized_for', 'Standard'],
    ['engine', 'toString'],
    ['creativity', '2'],
    ['creativity', 11],
    ['hdr', -11],
    ['resemblance', 0.5],
    ['fractality', null],
    ['fractality', true],
    ['prompt', 1],
    ['prompt', null],
    ['filter_nsfw', 'true'],
    ['filter_nsfw', 0],
    ['webhook_url', 'not a url'],
    ['webhook_url', 'ftp://127.0.0.1/'],
    ['scale', '2x'],
    ['__proto__x', 1],
    ['constructor', 1],
  ])('refuses %s: %j', async (name, value) => {
    const emulator = await startEmulator()
    const { status, json } = await submit(emulator, { [name]: value })
    expect(status).toBe(400)
    expect(json.invalid_params).toEqual([
      { name, reason: expect.stringMatching(`^Parameter '${name}' `) },
    ])
    expect(emulator.tasks).toHaveLength(0)
  })

  it('lists every wrong field at once', async () => {
    const emulator = await startEmulator()
    const body = JSON.stringify({ scale_factor: '5x', hdr: 99, typo: 1 })
    const { headers, json } = await post(emulator, body, {
      ...KEY,
      'content-type': 'application/json',
    })
    expect(headers.get('content-type')).toBe('application/problem+json')
    expect(json.message).toBe("Your request parameters didn't validate.")
    expect(json.invalid_params.map(({ name }: { name: string }) => name)).toEqual([
      'image',
      'scale_factor',
      'hdr',
      'typo',
    ])
  })

  it('can nest the problem as in the schema, or give a message alone', async () => {
    const nested = await startEmulator({ problem: 'problem-nested' })
    const first = await submit(nested, { hdr: 99 })
    expect(first.json.problem.invalid_params).toHaveLength(1)
    expect(first.headers.get('content-type')).toBe('application/problem+json')
    const plain = await startEmulator({ problem: 'json' })
    const second = await submit(plain, { hdr: 99 })
    expect(second.json).toEqual({
      message: "Parameter 'hdr' must be an integer between -10 and 10",
    })
    expect(second.headers.get('content-type')).toBe('application/json')
  })

  it('lets unknown fields by when not strict', async () => {
    const emulator = await startEmulator({ strict: false })
    expect((await submit(emulator, { flavour: 'new' })).status).toBe(200)
    expect(emulator.tasks[0]?.params).toEqual({ flavour: 'new' })
  })

  it.each(['standard', 'films_n_photography', '3d_renders'])(
    'takes the style %s',
    async (style) => {
      const emulator = await startEmulator()
      expect((await submit(emulator, { optimized_for: style })).status).toBe(200)
    },
  )

  it.each([
    ['an empty body', '', 'application/json'],
    ['half a JSON', '{"image":', 'application/json'],
    ['a JSON array', '[]', 'application/json'],
    ['JSON under another type', '{}', 'text/plain'],
    ['bytes that are not UTF-8', Uint8Array.from([0x22, 0xff, 0x22]), 'application/json'],
  ])('refuses %s', async (_, body, type) => {
    const emulator = await startEmulator()
    const answer = await post(emulator, body, { ...KEY, 'content-type': type })
    expect(answer.status).toBe(400)
    expect(answer.json.message).toEqual(expect.any(String))
  })

  it('answers 413 to a body over the limit without waiting for it', async () => {
    const emulator = await startEmulator({ bodyLimit: 1000 })
    const body = JSON.stringify({ image: 'A'.repeat(1000) })
    const answer = await post(emulator, body, { ...KEY, 'content-type': 'application/json' })
    expect(answer.status).toBe(413)
    const small = JSON.stringify({ image: 'A' })
    expect(
      (await post(emulator, small, { ...KEY, 'content-type': 'application/json' })).status,
    ).toBe(400)
  })
})

describe('the image', () => {
  it.each(['png', 'jpeg', 'webp'] as const)('may be %s', async (format) => {
    const emulator = await startEmulator()
    expect((await submit(emulator, encode(await makeImage(20, 20, format)))).status).toBe(200)
    expect(emulator.tasks[0]?.source.format).toBe(format)
  })

  it.each(['gif', 'tiff'] as const)('may not be %s', async (format) => {
    const emulator = await startEmulator()
    const { status, json } = await submit(emulator, encode(await makeImage(20, 20, format)))
    expect(status).toBe(400)
    expect(json.invalid_params[0].reason).toContain('png, jpeg, webp')
  })

  it('may not be an SVG, nor bytes that are no image', async () => {
    const emulator = await startEmulator()
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
    expect((await submit(emulator, encode(svg))).status).toBe(400)
    expect((await submit(emulator, encode(Buffer.from('hello, world')))).status).toBe(400)
  })

  it.each(['png', 'jpeg'] as const)('may not be a truncated %s', async (format) => {
    const emulator = await startEmulator()
    const whole = await makeImage(64, 64, format)
    const cut = whole.subarray(0, Math.floor(whole.length * 0.7))
    // the header of it is good: only a full decode can tell
    expect((await sharp(cut).metadata()).width).toBe(64)
    const { status, json } = await submit(emulator, encode(cut))
    expect(status).toBe(400)
    expect(json.invalid_params[0].reason).toBe("Parameter 'image' could not be decoded")
  })

  it('may not give a result over 25.3 million pixels, and may give one just under', async () => {
    const emulator = await startEmulator({ latency: Infinity })
    // 25.3e6 / 16² = 98828.125 pixels
    const over = await submit(emulator, { ...encode(await blank(98_829, 1)), scale_factor: '16x' })
    expect(over.status).toBe(400)
    expect(over.json.invalid_params[0]).toMatchObject({ name: 'image' })
    expect(over.json.invalid_params[0].reason).toContain('25.3 million pixels')
    const under = await submit(emulator, { ...encode(await blank(98_828, 1)), scale_factor: '16x' })
    expect(under.status).toBe(200)
  })

  it('is refused by its header when it claims to unpack to 256 megapixels', async () => {
    const emulator = await startEmulator()
    const bomb = await makeImage(20, 20)
    // the size in IHDR, and its checksum
    bomb.writeUInt32BE(16_000, 16)
    bomb.writeUInt32BE(16_000, 20)
    bomb.writeUInt32BE(crc32(bomb.subarray(12, 29)), 29)
    const { status, json } = await submit(emulator, encode(bomb))
    expect(status).toBe(400)
    expect(json.invalid_params[0].reason).toContain('32000x32000')
  })

  it('is the same one twice: two tasks', async () => {
    const emulator = await startEmulator()
    const image = await sampleImage()
    await Promise.all([submit(emulator, { image }), submit(emulator, { image })])
    const [first, second] = emulator.tasks
    expect(first?.source.sha256).toBe(second?.source.sha256)
    expect(first?.id).not.toBe(second?.id)
  })
})
