import { createHmac, randomUUID } from 'node:crypto'
import { type ClientRequest, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import type { WebhookFault } from './faults.ts'
import type { ResolvedOptions } from './options.ts'
import type { EmulatedTask, EmulatedWebhook } from './records.ts'

/** Delivers webhooks, in order for each task. */
export interface Webhooks {
  /** Every attempt and refusal so far, in order. */
  readonly all: readonly EmulatedWebhook[]
  /** Tells `url` of the task's present status. `body` is the GET body without `data`. Never throws. */
  notify(task: EmulatedTask, url: string, body: unknown, fault: WebhookFault | undefined): void
  /** Resolves once no delivery is under way. Those under way are ended by the signal. */
  close(): Promise<void>
}

/** What {@link createWebhooks} needs to know. */
export interface WebhooksOptions extends Pick<
  ResolvedOptions,
  'webhookSecrets' | 'webhookHosts' | 'webhookRetries' | 'webhookRetryDelay' | 'now'
> {
  signal: AbortSignal
  onChange: () => void
}

/** Milliseconds that a receiver has to answer. */
const ANSWER_TIMEOUT = 5000

/** Nothing is sent to a host that is not this machine, unless the options allow it. */
export function createWebhooks(options: WebhooksOptions): Webhooks {
  const all: EmulatedWebhook[] = []
  /** The last delivery of each task, which the next one waits for. */
  const queues = new Map<string, Promise<void>>()
  const running = new Set<Promise<void>>()

  function note(entry: EmulatedWebhook): EmulatedWebhook {
    all.push(entry)
    options.onChange()
    return entry
  }

  async function deliver(
    draft: Pick<EmulatedWebhook, 'taskId' | 'status' | 'url' | 'body'>,
    fault: WebhookFault | undefined,
  ): Promise<void> {
    const id = `msg_${randomUUID().replaceAll('-', '')}`
    if (fault?.delay) await sleep(fault.delay, undefined, { signal: options.signal })
    for (let copy = 0; copy < (fault?.repeat ?? 1); copy++) {
      for (let attempt = 1; attempt <= options.webhookRetries + 1; attempt++) {
        if (attempt > 1) {
          await sleep(options.webhookRetryDelay, undefined, { signal: options.signal })
        }
        const headers = signHeaders(id, draft.body, fault, options)
        const entry = note({ ...draft, attempt, headers, answered: undefined, error: undefined })
        try {
          entry.answered = await post(draft.url, headers, draft.body, options.signal)
        } catch (error) {
          entry.error = error instanceof Error ? error.message : String(error)
        }
        options.onChange()
        if (entry.answered && entry.answered >= 200 && entry.answered < 300) break
      }
    }
  }

  return {
    all,
    notify(task, url, value, fault) {
      const body = JSON.stringify(fault?.wrap ? { data: value } : value)
      const draft = { taskId: task.id, status: task.status, url, body }
      const refusal = fault?.drop
        ? 'dropped by a fault'
        : options.webhookHosts === 'loopback' && !isLoopback(url)
          ? 'refused: not a loopback host'
          : undefined
      if (refusal) {
        note({ ...draft, attempt: 0, headers: {}, answered: undefined, error: refusal })
        return
      }
      const before = queues.get(task.id) ?? Promise.resolve()
      // one that is late on purpose must not hold up those behind it
      const delivery = (fault?.delay ? Promise.resolve() : before)
        .then(() => deliver(draft, fault))
        .catch(() => {})
        .finally(() => running.delete(delivery))
      running.add(delivery)
      if (!fault?.delay) queues.set(task.id, delivery)
    },
    async close() {
      await Promise.all(running)
    },
  }
}

/** Signs the way the API's own samples check it: HMAC-SHA256 of `id.timestamp.body`, base64. */
function signHeaders(
  id: string,
  body: string,
  fault: WebhookFault | undefined,
  options: WebhooksOptions,
): Record<string, string> {
  const timestamp = String(Math.floor(options.now() / 1000) - (fault?.stale ?? 0))
  const signatures = options.webhookSecrets.map((secret) => {
    const key = fault?.forged ? Buffer.from('not the secret') : decodeSecret(secret)
    const mac = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
    return `v1,${mac}`
  })
  return {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    ...(signatures.length ? { 'webhook-signature': signatures.join(' ') } : {}),
  }
}

function decodeSecret(secret: string): Buffer {
  const encoded = /^whsec_(.*)$/s.exec(secret)?.[1]
  return encoded === undefined ? Buffer.from(secret) : Buffer.from(encoded, 'base64')
}

function isLoopback(url: string): boolean {
  const { hostname } = new URL(url)
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname)
}

/** One POST. Redirects are not followed: the answer is the receiver's status, whatever it is. */
function post(
  url: string,
  headers: Record<string, string>,
  body: string,
  signal: AbortSignal,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const open = url.startsWith('https:') ? requestHttps : requestHttp
    const length = Buffer.byteLength(body)
    // no agent: nothing is kept alive after the answer
    const outgoing: ClientRequest = open(url, {
      method: 'POST',
      agent: false,
      signal,
      headers: { ...headers, 'content-length': length },
    })
    outgoing.setTimeout(ANSWER_TIMEOUT, () => outgoing.destroy(new Error('no answer in time')))
    outgoing.on('error', reject)
    outgoing.on('response', (answer) => {
      answer.resume()
      answer.on('error', reject)
      answer.on('end', () => resolve(answer.statusCode ?? 0))
    })
    outgoing.end(body)
  })
}
