import type { ServerResponse } from 'node:http'
import type { Emulator } from '../../src/emulator/index.ts'
import { startHttpServer } from './servers.ts'
import type { SeenRequest } from './servers.ts'

/** Stands between a client and the emulator. Live. */
export interface Recorder {
  readonly url: string
  /** The pictures of all submissions, as they came in. */
  readonly images: readonly Buffer[]
}

/** Hands every call on to the emulator, and keeps what was submitted. */
export async function startRecorder({ url: api }: Emulator): Promise<Recorder> {
  const images: Buffer[] = []
  const forward = async (
    { method, url: path, headers, body }: SeenRequest,
    response: ServerResponse,
  ): Promise<void> => {
    const answer = await fetch(new URL(path, api), {
      method,
      headers: {
        'content-type': headers['content-type'] ?? '',
        'x-freepik-api-key': String(headers['x-freepik-api-key']),
      },
      ...(method === 'POST' && { body }),
    })
    const type = answer.headers.get('content-type') ?? ''
    response.writeHead(answer.status, { 'content-type': type })
    response.end(Buffer.from(await answer.arrayBuffer()))
  }
  const { url } = await startHttpServer((request, response) => {
    if (request.method === 'POST') {
      const { image } = JSON.parse(request.body) as { image: string }
      images.push(Buffer.from(image, 'base64'))
    }
    forward(request, response).catch((error: unknown) => response.destroy(error as Error))
  })
  return { url, images }
}
