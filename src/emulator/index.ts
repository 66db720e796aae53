import { setMaxListeners } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { renderTask } from './bodies.ts'
import { runExchange } from './exchange.ts'
import { createFaultBook, type Fault, type FaultRoute } from './faults.ts'
import { createHandlers } from './handlers.ts'
import { replyMessage, send } from './http.ts'
import { createLinks } from './links.ts'
import { type EmulatorOptions, resolveOptions } from './options.ts'
import type { EmulatedCall, EmulatedTask, EmulatedWebhook } from './records.ts'
import { createResults } from './results.ts'
import { flattenHeaders, parseTarget } from './route.ts'
import { checkFaults } from './schema.ts'
import { listen, type Listener } from './server.ts'
import { createTaskBook } from './tasks.ts'
import { createWaiters } from './waiters.ts'
import { createWebhooks } from './webhooks.ts'

export type {
  AnswerFault,
  DownloadFault,
  Fault,
  FaultRoute,
  FaultSelection,
  ListFault,
  StatusFault,
  SubmitFault,
  TaskFault,
  TaskSelection,
  WebhookFault,
} from './faults.ts'
export type { EmulatorOptions } from './options.ts'
export type {
  CallRoute,
  EmulatedCall,
  EmulatedTask,
  EmulatedWebhook,
  SourceFacts,
  TaskStatus,
} from './records.ts'

/** The whole image-upscaler endpoint, on this machine. */
export interface Emulator {
  /** Origin of the API: what a client takes for its base URL. */
  readonly url: string
  readonly port: number
  /** Origin of the download URLs. Other than `url` only with `downloadHost: 'separate'`. */
  readonly downloadUrl: string
  /** Every task accepted, in order: what would have been charged for. Live. */
  readonly tasks: readonly EmulatedTask[]
  /** Every call seen, in order of arrival. Live. */
  readonly calls: readonly EmulatedCall[]
  /** Every attempt at a webhook, and every refusal to send one. Live. */
  readonly webhooks: readonly EmulatedWebhook[]
  /** Puts these faults in place of those before; counting starts anew. @throws {TypeError} that lists every bad one */
  setFaults(faults: readonly Fault[]): void
  /** Makes every download URL given so far answer 403. */
  expireUrls(): void
  /** Finishes one task, or all that are pending, now. STUCK ones stay. @throws {RangeError} for an unknown id */
  complete(taskId?: string): void
  /** Resolves once the condition holds: looked at now and after every change here. @throws after `timeout` ms (default 10 s), or on `close()` */
  until(condition: () => boolean, timeout?: number): Promise<void>
  /** Ends every socket, timer and webhook, and removes the temporary files. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Starts the emulator.
 * @example
 * const emulator = await createEmulator({ latency: 200 })
 * // a client with the base URL `emulator.url` and any key
 * await emulator.close()
 * @throws {TypeError} that lists every bad option, or the system's error if it cannot listen
 */
export async function createEmulator(given: EmulatorOptions = {}): Promise<Emulator> {
  const options = resolveOptions(given)
  const closing = new AbortController()
  const { signal } = closing
  // every exchange under way listens to it
  setMaxListeners(0, signal)
  const waiters = createWaiters(signal)
  const faults = createFaultBook()
  faults.set(options.faults)
  const calls: EmulatedCall[] = []
  const results = await createResults(options)
  const links = createLinks(() => downloads.url, options.urlLifetime, options.now)
  const bodies = { ...options, sign: links.sign }
  const webhooks = createWebhooks({ ...options, signal, onChange: waiters.check })
  const tasks = createTaskBook({ ...options, onChange: announce })
  const handlers = createHandlers({ options, tasks, results, links, bodies })
  const running = new Set<Promise<void>>()

  function announce(task: EmulatedTask): void {
    const url = task.params.webhook_url
    if (typeof url === 'string') {
      const body = renderTask(tasks.report(task, 'glance'), bodies)
      webhooks.notify(task, url, body, faults.take('webhook', task.index))
    }
    waiters.check()
  }

  function serve(serves: { api: boolean; downloads: boolean }) {
    return (request: IncomingMessage, response: ServerResponse): void => {
      const exchange = answer(request, response, serves).finally(() => running.delete(exchange))
      running.add(exchange)
    }
  }

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    serves: { api: boolean; downloads: boolean },
  ): Promise<void> {
    // a client may leave at any moment; that is for the exchange to notice, not to crash on
    request.on('error', () => {})
    response.on('error', () => {})
    const { method = '', url = '' } = request
    const target = parseTarget(method, url, serves)
    const call: EmulatedCall = {
      index: calls.length,
      route: target.route,
      listener: serves.api ? 'api' : 'downloads',
      method,
      url,
      headers: flattenHeaders(request),
      at: options.now(),
      taskId: target.id,
      faulted: false,
      status: undefined,
      answered: false,
      over: false,
    }
    calls.push(call)
    const route: FaultRoute | undefined = target.route === 'other' ? undefined : target.route
    const task = target.id === undefined ? undefined : tasks.find(target.id)
    try {
      const fault = route && faults.take(route, task?.index, call)
      call.faulted = fault !== undefined
      waiters.check()
      await runExchange(
        {
          request,
          response,
          target,
          call,
          fault,
        },
        { ...options, handlers, signal },
      )
    } catch (error) {
      await fail(response, call, error)
    } finally {
      call.over = true
      waiters.check()
      options.onCall?.(call)
    }
  }

  async function fail(response: ServerResponse, call: EmulatedCall, error: unknown) {
    if (signal.aborted || response.headersSent) {
      response.destroy()
      return
    }
    call.status = 500
    const message = `The emulator failed: ${error instanceof Error ? error.message : String(error)}`
    await send(response, replyMessage(500, message), { head: false, half: false, signal })
  }

  async function close(): Promise<void> {
    closing.abort()
    tasks.close()
    await Promise.all(listeners.map((listener) => listener.close()))
    await Promise.all(running)
    await webhooks.close()
    await results.close()
  }

  const listeners: Listener[] = []
  const { host, port } = options
  const separate = options.downloadHost === 'separate'
  let downloads: Listener
  let api: Listener
  try {
    api = await listen(host, port, serve({ api: true, downloads: !separate }))
    listeners.push(api)
    downloads = separate ? await listen(host, 0, serve({ api: false, downloads: true })) : api
    if (separate) listeners.push(downloads)
  } catch (error) {
    await close()
    throw error
  }
  let closed: Promise<void> | undefined
  return {
    url: api.url,
    port: api.port,
    downloadUrl: downloads.url,
    tasks: tasks.all,
    calls,
    webhooks: webhooks.all,
    setFaults(list) {
      checkFaults(list)
      faults.set(list)
    },
    expireUrls: links.expire,
    complete: tasks.complete,
    until: waiters.until,
    close: () => (closed ??= close()),
    [Symbol.asyncDispose]: () => (closed ??= close()),
  }
}
