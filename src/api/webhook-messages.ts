import type { ResolvedWebhook } from '../core/options.ts'

/** What a user need not worry about. */
const goesOn =
  'Until then the API is asked about each task instead, and results come a little later.'

/** Why calls cannot come in, and what to do about it. */
export function describeFailure(
  error: NodeJS.ErrnoException,
  { host, port }: ResolvedWebhook,
): string {
  const where = `port ${port} of ${host}`
  const causes: Record<string, [what: string, advice: string]> = {
    EADDRINUSE: [
      `${where} is in use`,
      'End what listens there, such as another build, or set `webhook.port` to another port and let `webhook.url` lead to it.',
    ],
    EACCES: [
      `${where} may not be opened by this user`,
      'Set `webhook.port` to one above 1023, and let `webhook.url` lead to it.',
    ],
    EADDRNOTAVAIL: [
      `${host} is no address of this machine`,
      "Set `webhook.host` to one that is, such as '127.0.0.1'.",
    ],
    ENOTFOUND: [
      `${host} is no name of this machine`,
      "Set `webhook.host` to an address, such as '127.0.0.1'.",
    ],
  }
  const [what, advice] = causes[error.code ?? ''] ?? [
    `${where} cannot be opened (${error.message})`,
    'Set `webhook.host` and `webhook.port` to what can be listened on.',
  ]
  return `Webhooks cannot come in: ${what}. ${advice} ${goesOn}`
}

/**
 * Why none came, as far as it can be seen from here. Of the URL, only the origin is shown: the rest may be kept secret.
 *
 * @param refusals how many were turned away for their signature
 */
export function describeSilence({ url, host, port }: ResolvedWebhook, refusals: number): string {
  if (refusals > 0) {
    return `Webhooks are turned away: ${refusals} came, signed with another secret than \`webhook.secret\` or at another time than this machine's. Set the secret to the one that the API signs with, and look at the clock. ${goesOn}`
  }
  return `No webhook came in time: tasks are done, and none was told of. See to it that \`webhook.url\` (${new URL(url).origin}) leads to port ${port} of ${host}. ${goesOn}`
}

/** The same function, but for what comes after the first message. */
export function createOnce(warn: (message: string) => void): (message: string) => void {
  let told = false
  return (message) => {
    if (!told) warn(message)
    told = true
  }
}
