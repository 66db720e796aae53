import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { isLoopback } from '../core/service.ts'

/** Why a request is not answered. */
export interface Refusal {
  status: number
  problem: string
  /** The methods that would be answered. */
  allow?: string
}

/** The host, and the port, that a request names: HTTP/2, which servers of TLS speak, has another header for it. */
export function readHost({ headers }: IncomingMessage): string | undefined {
  const { ':authority': authority, host } = headers
  return typeof authority === 'string' ? authority : host
}

/** What the page sends with whatever spends. */
export const tokenHeader = 'x-magnific-token'

/**
 * Refuses what another site's page asks for. A page of another port of this machine is another site's too: dev servers answer to
 * those by default.
 *
 * @param isPage whether it is the page itself, which a link may lead to from anywhere
 */
export function checkOrigin(request: IncomingMessage, isPage: boolean): Refusal | undefined {
  const { origin, 'sec-fetch-site': site, 'sec-fetch-dest': dest } = request.headers
  if (isPage && dest === 'document' && origin === undefined) return undefined
  const isForeign = site !== undefined && site !== 'same-origin' && site !== 'none'
  if (isForeign || (origin !== undefined && !isOwnOrigin(origin, readHost(request)))) {
    return { status: 403, problem: 'Only the page of this server may ask for it.' }
  }
  return undefined
}

/**
 * Refuses the page to whoever would read it, and not show it: the scripts of the app are of the same origin, and what the page
 * holds spends.
 */
export function checkReader({ headers }: IncomingMessage): Refusal | undefined {
  const { 'sec-fetch-dest': dest, 'sec-fetch-mode': mode } = headers
  // Neither is said by what is no browser, by browsers that are too old, and where the connection is not to be trusted.
  if (dest === 'document' || (dest === undefined && mode === undefined)) return undefined
  return { status: 403, problem: 'It is a page: open it in a tab of its own.' }
}

/**
 * Refuses what a form, or a page of another site, can send without having been asked: what changes something has to say that it
 * comes from here, and to be JSON.
 */
export function checkPost({ headers }: IncomingMessage): Refusal | undefined {
  const { origin, 'sec-fetch-site': site, 'content-type': type = '' } = headers
  if (origin === undefined && site !== 'same-origin') {
    return { status: 403, problem: 'It has to come from the page of this server.' }
  }
  if (!/^application\/json\s*(?:;|$)/i.test(type)) {
    return { status: 415, problem: 'The body has to be application/json.' }
  }
  return undefined
}

/** Refuses whoever was not given the page by this very server. */
export function checkToken({ headers }: IncomingMessage, token: string): Refusal | undefined {
  const given = Buffer.from(String(headers[tokenHeader] ?? ''))
  const wanted = Buffer.from(token)
  if (given.length === wanted.length && timingSafeEqual(given, wanted)) return undefined
  return {
    status: 403,
    problem: 'The page is from another run of this server. Load it anew; nothing was bought.',
  }
}

/**
 * Refuses who is at another machine. A server may be open to the network, for a look on a phone; but the token is in the page, and
 * the money is that of whoever sits here.
 */
export function checkLocal({ headers, socket }: IncomingMessage): Refusal | undefined {
  // By way of a tunnel or a proxy everything comes from this machine, whoever has sent it, and what they say of that is anybody's word.
  const isForwarded = Object.keys(headers).some((name) => forwardingHeaders.test(name))
  const { remoteAddress: address = '' } = socket
  // Sockets of the file system have no address.
  if (!isForwarded && (address === '' || isOwnAddress(address))) return undefined
  return {
    status: 403,
    problem:
      'Only from the machine that the server runs on, and through no proxy. Open the page there, by localhost; or buy with `npx magnific upscale`.',
  }
}

const forwardingHeaders = /^(?:forwarded|x-forwarded(?:-.*)?|x-real-ip|via)$/

/**
 * Refuses a name that may be somebody else's for this machine: where a server takes any name, the pages of its owner are of the
 * same origin.
 *
 * @param listed names that somebody has listed; one that begins with a dot stands for all that end with it
 */
export function checkName(
  request: IncomingMessage,
  listed: readonly string[],
): Refusal | undefined {
  const name = readHostname(readHost(request))
  if (name !== undefined && (isOwnName(name) || listed.some((each) => isOfName(name, each)))) {
    return undefined
  }
  return {
    status: 403,
    problem: 'Only by the name localhost, or by one that a list of allowed hosts names.',
  }
}

function readHostname(host: string | undefined): string | undefined {
  try {
    const { hostname, href } = new URL(`http://${host ?? ''}`)
    // What holds more than a host is none.
    return /^http:\/\/[^/@?#]+\/$/.test(href) ? hostname : undefined
  } catch {
    return undefined
  }
}

function isOwnName(name: string): boolean {
  return isLoopback(name) || name.endsWith('.localhost')
}

function isOfName(name: string, listed: string): boolean {
  const wanted = listed.toLowerCase()
  if (!wanted.startsWith('.')) return name === wanted
  return name === wanted.slice(1) || name.endsWith(wanted)
}

function isOwnAddress(address: string): boolean {
  return address === '::1' || /^(?:::ffff:)?127(?:\.\d+){3}$/.test(address)
}

/** By host and port: behind a proxy, the scheme is another one. */
function isOwnOrigin(origin: string, host: string | undefined): boolean {
  try {
    return host !== undefined && new URL(origin).host === new URL(`http://${host}`).host
  } catch {
    return false
  }
}
