import { isPlainObject, readCount, reportUnknown, show } from './option-readers.ts'
import type { HostSettings, ResolvedWebhook } from './options.ts'
import { isLoopback } from './service.ts'

/** Where a process listens that is reached through a tunnel or a proxy of its own machine. */
const defaultHost = '127.0.0.1'

/**
 * Where the API calls back, where it is to. What is wrong is added to `problems`, without the secret, and without a URL
 * that may hold a password.
 */
export function readWebhook(
  value: unknown,
  env: HostSettings['env'],
  problems: string[],
): ResolvedWebhook | undefined {
  if (value === undefined) return undefined
  if (!isPlainObject(value)) {
    problems.push(
      "`webhook` must be an object such as { url: 'https://hooks.example.com/magnific', port: 8787 }.",
    )
    return undefined
  }
  reportUnknown('webhook.', value, ['url', 'port', 'host', 'secret'], problems)
  const url = readUrl(value['url'], problems)
  // A URL of this machine says by itself where to listen; one on the Internet says where the tunnel begins, not where it ends.
  const local = url?.protocol === 'http:' ? url : undefined
  return {
    url: url?.href ?? '',
    port: readPort(value['port'], url, problems),
    host: readHost(value['host'] ?? (local ? addressOf(local) : defaultHost), problems),
    secret: readSecret(value['secret'], env, problems),
  }
}

function readUrl(value: unknown, problems: string[]): URL | undefined {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined
  const credentials = url !== undefined && url.username + url.password !== ''
  const secure =
    url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname))
  if (url && secure && !credentials && url.hash === '') return url
  // A text that is no URL may be anything, the secret included.
  const isShown = typeof value !== 'string' || (url !== undefined && !value.includes('@'))
  problems.push(
    `\`webhook.url\` must be an https: URL that leads to this machine, without user name, password or fragment (http: only for loopback), such as https://hooks.example.com/magnific${isShown ? `, got ${show(value)}` : ''}.`,
  )
  return undefined
}

/** Behind a URL that is fixed, a port that is any free one is never the right one. */
function readPort(value: unknown, url: URL | undefined, problems: string[]): number {
  if (value !== undefined) return readCount('webhook.port', value, 1, 65_535, problems)
  if (url?.protocol === 'http:') return Number(url.port || 80)
  if (url) {
    problems.push(
      '`webhook.port` is missing: say the port of this machine that your tunnel or proxy hands the calls on to, such as 8787.',
    )
  }
  return 0
}

function readHost(value: unknown, problems: string[]): string {
  if (typeof value === 'string' && /^[\w.:%-]+$/.test(value)) return value
  problems.push(
    `\`webhook.host\` must be an address or a name of this machine to listen on, without port, such as '${defaultHost}', got ${show(value)}.`,
  )
  return defaultHost
}

/** `localhost` may be either of two addresses, and who calls it tries both. */
function addressOf({ hostname }: URL): string {
  return hostname === 'localhost' ? defaultHost : hostname.replaceAll(/[[\]]/g, '')
}

/** Files end with a line break, which is no part of a secret. */
function readSecret(
  value: unknown,
  env: HostSettings['env'],
  problems: string[],
): string | undefined {
  const secret = value ?? (env['MAGNIFIC_WEBHOOK_SECRET'] || undefined)
  if (secret === undefined) return undefined
  const trimmed = typeof secret === 'string' ? secret.trim() : ''
  if (trimmed !== '') return trimmed
  problems.push(
    '`webhook.secret` must be a text that is not empty: the signing secret of the webhook.',
  )
  return undefined
}
