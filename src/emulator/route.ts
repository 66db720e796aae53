import type { IncomingMessage } from 'node:http'
import type { CallRoute } from './records.ts'

/** What a request line asks for. */
export interface Target {
  route: CallRoute
  url: URL
  /** Task id in the path of `status` and `download`. */
  id?: string
  /** Methods that the path knows, where the one used is not among them. */
  allow?: string
}

/** Path of the endpoint, from the API's document. */
const ENDPOINT = '/v1/ai/image-upscaler'

const STATUS_PATH = /^\/v1\/ai\/image-upscaler\/([^/]+)$/
const RESULT_PATH = /^\/results\/([^/]+)\.jpg$/

/** Finds the route of a request. Never throws, whatever the request line holds. */
export function parseTarget(
  method: string,
  rawUrl: string,
  serves: { api: boolean; downloads: boolean },
): Target {
  const url = parseUrl(rawUrl)
  if (!url) return { route: 'other', url: new URL('http://emulator/') }
  const result = serves.downloads ? RESULT_PATH.exec(url.pathname)?.[1] : undefined
  if (result) {
    const readable = method === 'GET' || method === 'HEAD'
    return readable
      ? { route: 'download', url, id: result }
      : { route: 'other', url, allow: 'GET, HEAD' }
  }
  if (!serves.api) return { route: 'other', url }
  if (url.pathname === ENDPOINT) {
    if (method === 'POST') return { route: 'submit', url }
    if (method === 'GET') return { route: 'list', url }
    return { route: 'other', url, allow: 'GET, POST' }
  }
  const id = STATUS_PATH.exec(url.pathname)?.[1]
  if (!id) return { route: 'other', url }
  return method === 'GET' ? { route: 'status', url, id } : { route: 'other', url, allow: 'GET' }
}

function parseUrl(rawUrl: string): URL | undefined {
  try {
    // `*` and absolute-form request targets are legal HTTP, and no concern of this API
    return rawUrl.startsWith('/') ? new URL(`http://emulator${rawUrl}`) : undefined
  } catch {
    return undefined
  }
}

/** Headers as one flat record, repeated ones joined with `, `. */
export function flattenHeaders(request: IncomingMessage): Record<string, string> {
  const flat: Record<string, string> = {}
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return flat
}
