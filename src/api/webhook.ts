import { createServer } from 'node:http'
import type { RequestListener, Server } from 'node:http'
import { once } from 'node:events'
import type { Clock } from '../core/clock.ts'
import type { ResolvedWebhook } from '../core/options.ts'
import { createCallHandler } from './webhook-call.ts'
import { createOnce, describeFailure } from './webhook-messages.ts'
import { createSignatureCheck } from './webhook-signature.ts'
import { createTrust } from './webhook-trust.ts'
import type { TaskCall } from './wire.ts'

/** What a listener needs. */
export interface WebhookListenerOptions {
  webhook: ResolvedWebhook
  clock: Clock
  /** Gets whole sentences, each at most once. */
  warn: (message: string) => void
  /**
   * Told that a task may have changed, perhaps by a liar: a call is a reason to ask the API, and nothing else. No more
   * often than four times a second for one task.
   *
   * @returns whether it is a task of ours
   */
  onHint: (task: string) => boolean
  /** Whether a task is of ours. What is said to go on is asked about by nobody. */
  isOurs: (task: string) => boolean
}

/** Takes the API's calls while somebody works. */
export interface WebhookListener {
  /**
   * Listens from the first that is at work to the last; for each of these calls there is one of `release`. Does not keep
   * the process alive.
   *
   * @returns whether calls can come in; where not, why was said
   */
  acquire(): Promise<boolean>
  /** Resolves when the port is free again, where nobody else is at work. */
  release(): Promise<void>
  /** Whether calls come in, so that asking the API can wait for them. Goes by what happened of late. */
  isWorking(): boolean
  /**
   * A task that was submitted with our URL is done, or has failed.
   *
   * @param called whether the API was asked because of a call when that was found out
   */
  noteDone(called: boolean): void
  /** The port that is listened on, where one is. */
  readonly port: number | undefined
}

/** No two hints about one task are closer, ms. */
const hintPause = 250
/** How long a call may take to come in: the head of it, and all of it, ms. They are small, and sent in one go. */
const headTimeout = 2000
const callTimeout = 4000
/** So many may call at once: more are turned away, and try again later. */
const mostConnections = 64

/** Nothing is opened yet. One for the process is right: two cannot have the same port. */
export function createWebhookListener(options: WebhookListenerOptions): WebhookListener {
  const { webhook, clock, warn } = options
  const trust = createTrust(webhook, warn)
  const hints = createHints(options, trust.noteCall)
  const handler = createCallHandler({
    path: new URL(webhook.url).pathname,
    checkSignature:
      webhook.secret === undefined ? undefined : createSignatureCheck(webhook.secret, clock.now),
    onCall: hints.take,
    onRefusal: trust.noteRefusal,
  })
  const warnOnce = createOnce(warn)
  let users = 0
  let opening: Promise<Server | undefined> | undefined
  let open: Server | undefined
  /** The port is free again. */
  let closed: Promise<void> = Promise.resolve()

  const start = async (): Promise<Server | undefined> => {
    await closed
    try {
      return (open = await listen(handler, webhook))
    } catch (error) {
      warnOnce(describeFailure(error as NodeJS.ErrnoException, webhook))
      return undefined
    }
  }
  const stop = async (server: Server | undefined): Promise<void> => {
    open = undefined
    hints.forget()
    if (!server) return
    const gone = once(server, 'close')
    server.close()
    // Whoever is still about to say something is a stranger, or comes again.
    server.closeAllConnections()
    await gone
  }

  return {
    acquire: async () => {
      users++
      opening ??= start()
      return (await opening) !== undefined
    },
    release: async () => {
      users--
      if (users === 0 && opening) {
        closed = opening.then(stop)
        opening = undefined
        trust.conclude()
      }
      await closed
    },
    isWorking: () => open !== undefined && trust.isGiven(),
    noteDone: (called) => {
      if (open) trust.noteDone(called)
    },
    get port() {
      const address = open?.address()
      return typeof address === 'object' ? address?.port : undefined
    },
  }
}

/** Hands hints on at once, but for those about a task that was just heard of: these wait, and become one. */
function createHints(
  { clock, onHint, isOurs }: WebhookListenerOptions,
  onKnown: () => void,
): { take(call: TaskCall): void; forget(): void } {
  /** Tasks of ours that were just heard of, and whether again since then: no more than are in flight. */
  const recent = new Map<string, { again: boolean }>()
  let waits = new AbortController()

  const hint = (task: string): void => {
    const last = recent.get(task)
    if (last) {
      last.again = true
      return
    }
    if (!onHint(task)) return
    onKnown()
    const entry = { again: false }
    recent.set(task, entry)
    // It is forgotten where the work ends before that.
    settle(task, entry, waits.signal).catch(() => {})
  }
  const settle = async (
    task: string,
    entry: { again: boolean },
    signal: AbortSignal,
  ): Promise<void> => {
    await clock.sleep(hintPause, signal)
    recent.delete(task)
    if (entry.again) hint(task)
  }
  return {
    take: ({ task, isUnderWay }) => {
      if (!isUnderWay) hint(task)
      // There is nothing to ask, and yet it came in.
      else if (isOurs(task)) onKnown()
    },
    forget: () => {
      waits.abort()
      waits = new AbortController()
      recent.clear()
    },
  }
}

/** @throws the system's error where the address cannot be had */
async function listen(handler: RequestListener, { host, port }: ResolvedWebhook): Promise<Server> {
  const server = createServer(
    { headersTimeout: headTimeout, requestTimeout: callTimeout, connectionsCheckingInterval: 500 },
    handler,
  )
  server.maxConnections = mostConnections
  // What we wait for are tasks: a build that is over ends, whoever may still be calling.
  server.on('connection', (socket) => socket.unref())
  server.listen({ host, port, exclusive: true })
  await once(server, 'listening')
  server.unref()
  // One call that cannot be taken is no reason to end a build.
  server.on('error', () => {})
  return server
}
