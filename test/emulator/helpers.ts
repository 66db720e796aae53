import { connect, type Socket } from 'node:net'
import sharp from 'sharp'
import type { Emulator } from '../../src/emulator/index.ts'

export { startEmulator } from '../helpers/emulator.ts'

export const PATH = '/v1/ai/image-upscaler'
export const KEY = { 'x-freepik-api-key': 'test-key' }

/** A gradient, so that every pixel says where it is. */
export async function makeImage(
  width: number,
  height: number,
  format: 'png' | 'jpeg' | 'webp' | 'gif' | 'tiff' = 'png',
): Promise<Buffer> {
  const pixels = Buffer.alloc(width * height * 3)
  for (let i = 0; i < width * height; i++) {
    pixels[i * 3] = Math.round(((i % width) / width) * 255)
    pixels[i * 3 + 1] = Math.round((Math.floor(i / width) / height) * 255)
    pixels[i * 3 + 2] = 128
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .toFormat(format)
    .toBuffer()
}

let sample: Promise<string> | undefined

/** A small PNG as base64, made once. */
export function sampleImage(): Promise<string> {
  return (sample ??= makeImage(24, 16).then((bytes) => bytes.toString('base64')))
}

export interface Answer {
  status: number
  headers: Headers
  text: string
  // whatever the API answers: tests say what they expect of it
  json: any
}

async function readAnswer(response: Response): Promise<Answer> {
  const text = await response.text()
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {}
  return { status: response.status, headers: response.headers, text, json }
}

/** One POST with the sample image, `fields` over it. */
export async function submit(
  emulator: Emulator,
  fields: Record<string, unknown> = {},
  headers: Record<string, string> = KEY,
  signal?: AbortSignal,
): Promise<Answer> {
  const body = JSON.stringify({ image: await sampleImage(), ...fields })
  return post(emulator, body, { 'content-type': 'application/json', ...headers }, signal)
}

/** One POST with any body. */
export async function post(
  emulator: Emulator,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string>,
  signal: AbortSignal | null = null,
): Promise<Answer> {
  const url = emulator.url + PATH
  const request = { method: 'POST', body, headers, redirect: 'manual', signal } as const
  return readAnswer(await fetch(url, request))
}

/** One GET under the endpoint, with a key unless told. */
export async function get(
  emulator: Emulator,
  path = '',
  headers: Record<string, string> = KEY,
): Promise<Answer> {
  return readAnswer(await fetch(emulator.url + PATH + path, { headers, redirect: 'manual' }))
}

/** Submits, finishes the task, and gives its first download URL. */
export async function makeResult(
  emulator: Emulator,
  fields: Record<string, unknown> = {},
): Promise<{ id: string; url: string }> {
  const { json } = await submit(emulator, fields)
  const id: string = json.data.task_id
  emulator.complete(id)
  const status = await get(emulator, `/${id}`)
  return { id, url: status.json.data.generated[0] }
}

/** One item, which the test counts on. */
export function at<T>(
  list: { readonly length: number; at(index: number): T | undefined },
  index: number,
): T {
  const item = list.at(index)
  if (item === undefined) throw new RangeError(`Nothing at ${index} of ${list.length}.`)
  return item
}

/** A POST as bytes, to be sent in parts. `length` is the Content-Length announced. */
export async function requestBytes(length?: number): Promise<{ head: string; body: string }> {
  const body = JSON.stringify({ image: await sampleImage() })
  const head = [
    `POST ${PATH} HTTP/1.1`,
    'host: emulator',
    'x-freepik-api-key: test-key',
    'content-type: application/json',
    'connection: close',
    `content-length: ${length ?? body.length}`,
    '\r\n',
  ].join('\r\n')
  return { head, body }
}

/** A socket that gathers what it is sent. `ended` resolves at its close, error or not. */
export function openSocket(port: number): {
  socket: Socket
  received: () => string
  ended: Promise<string>
} {
  const socket = connect(port, '127.0.0.1')
  const chunks: Buffer[] = []
  socket.on('data', (chunk) => chunks.push(chunk))
  socket.on('error', () => {})
  const received = (): string => Buffer.concat(chunks).toString('latin1')
  const ended = new Promise<string>((resolve) => {
    socket.once('close', () => resolve(received()))
  })
  return { socket, received, ended }
}
