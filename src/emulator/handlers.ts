import {
  type BodyOptions,
  type InvalidParam,
  type JsonBody,
  renderProblem,
  renderTask,
  renderTaskAnswer,
} from './bodies.ts'
import type { DownloadFault, TaskFault } from './faults.ts'
import { type Reply, replyHtml, replyJson, replyMessage } from './http.ts'
import type { Links } from './links.ts'
import type { ResolvedOptions } from './options.ts'
import type { EmulatedCall, EmulatedTask } from './records.ts'
import type { ResultFile, ResultKind, Results } from './results.ts'
import { inspectSource } from './source.ts'
import { createTaskId, type TaskBook } from './tasks.ts'
import { parseSubmission } from './validate.ts'

/** The endpoint's regular answers, one function for each route. */
export interface Handlers {
  /** Expects the whole body. Creates the task, unless `accept` is false: then only the answer is as if. */
  submit(call: EmulatedCall, body: Buffer, fault: TaskFault, accept: boolean): Promise<Reply>
  status(id: string): Reply
  list(query: URLSearchParams): Reply
  download(url: URL, id: string, content: DownloadFault['content']): Promise<Reply>
}

/** What {@link createHandlers} works on. */
export interface HandlersContext {
  options: ResolvedOptions
  tasks: TaskBook
  results: Results
  links: Links
  bodies: BodyOptions
}

/** Builds the handlers. They know nothing of sockets, and of faults only what is theirs to do. */
export function createHandlers(context: HandlersContext): Handlers {
  const { options, tasks, results, links, bodies } = context
  const refuse = (params: InvalidParam[], message?: string): Reply =>
    replyJson(400, renderProblem(options.problem, params, message))
  const answer = (task: EmulatedTask, kind: 'poll' | 'glance'): JsonBody =>
    renderTaskAnswer(tasks.report(task, kind), bodies)

  return {
    async submit(call, body, fault, accept) {
      const parsed = parseJson(call.headers['content-type'], body)
      if (!parsed.ok) return refuse([], parsed.problem)
      const submission = parseSubmission(parsed.value, options.strict)
      if (Array.isArray(submission)) return refuse(submission)
      const { image, scale, params } = submission
      const source = await inspectSource(image, scale)
      if (typeof source === 'string') {
        return refuse([{ name: 'image', reason: `Parameter 'image' ${source}` }])
      }
      const id = createTaskId()
      if (!accept) {
        const { initialStatus: status } = options
        const phantom = { id, status, generated: false, error: null } as const
        return replyJson(200, renderTaskAnswer({ ...phantom, generatedAs: 'strings' }, bodies))
      }
      await results.putSource(id, image)
      const result = { width: source.width * scale, height: source.height * scale }
      const { headers } = call
      const task = tasks.accept(
        { id, params, source, result, key: findKey(headers), headers },
        fault,
      )
      call.taskId = task.id
      return replyJson(200, answer(task, 'glance'))
    },
    status(id) {
      const task = tasks.find(id)
      return task ? replyJson(200, answer(task, 'poll')) : replyMessage(404, 'Task not found')
    },
    list(query) {
      if (!options.list) return replyMessage(404, 'Not Found')
      const page = parsePositive(query.get('page'), 1)
      const perPage = parsePositive(query.get('per_page'), 20)
      const bad = [page ? [] : ['page'], perPage ? [] : ['per_page']].flat()
      if (!page || !perPage) {
        return refuse(
          bad.map((name) => ({ name, reason: `Parameter '${name}' must be greater than 0` })),
        )
      }
      const youngest = options.now() - options.list.lag
      const visible = tasks.all.filter((task) => (task.history[0]?.at ?? 0) <= youngest)
      const from = (page - 1) * perPage
      const items = visible.toReversed().slice(from, from + perPage)
      const data = items.map((task) => renderTask(tasks.report(task, 'glance'), bodies))
      return replyJson(200, { type: 'application/json', value: { data } })
    },
    async download(url, id, content) {
      if (!links.verify(url)) return replyHtml(403, 'Access Denied')
      const task = tasks.find(id)
      if (task?.status !== 'COMPLETED') return replyHtml(404, 'Not Found')
      if (content === 'html') return replyHtml(200, 'We will be right back')
      const file = await results.render(task, kindOf(content))
      return replyFile(file, content)
    },
  }
}

/** The API key of a request: the header of the API's document, or the newer name of the same. */
export function findKey(headers: Readonly<Record<string, string>>): string {
  return headers['x-freepik-api-key'] || headers['x-magnific-api-key'] || ''
}

/** The API's document: both messages of a 401. */
export function checkKey(key: string, good: readonly string[] | undefined): Reply | undefined {
  if (!key) return replyMessage(401, 'Missing API key')
  const known = good ? good.includes(key) : key !== 'invalid'
  return known ? undefined : replyMessage(401, 'Invalid API key')
}

function kindOf(content: DownloadFault['content']): ResultKind {
  if (content === 'corrupt' || content === 'wrong-size' || content === 'oversized') return content
  return 'regular'
}

function replyFile(file: ResultFile, content: DownloadFault['content']): Reply {
  const headers = { 'content-type': file.type }
  if (content === 'endless') return { status: 200, headers, body: 'endless' }
  const size = content === 'short' ? Math.floor(file.size / 2) : file.size
  return { status: 200, headers, body: { path: file.path, size } }
}

function parseJson(
  contentType: string | undefined,
  body: Buffer,
): { ok: true; value: unknown } | { ok: false; problem: string } {
  if (!/^application\/json\s*(;|$)/i.test(contentType ?? '')) {
    return { ok: false, problem: 'Content-Type must be application/json' }
  }
  if (body.length === 0) return { ok: false, problem: 'The request body must not be empty' }
  try {
    // `fatal`: bytes that are not UTF-8 are refused, not replaced
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
    return { ok: true, value }
  } catch {
    return { ok: false, problem: 'The request body is not valid JSON' }
  }
}

/** A whole number over 0, or `undefined`. */
function parsePositive(text: string | null, fallback: number): number | undefined {
  if (text === null) return fallback
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0
  return value > 0 ? value : undefined
}
