import * as v from 'valibot'
import { taskIdPattern } from '../core/patterns.ts'

/**
 * Where a task stands. `pending` is every status but the two final ones: the API's document lists IN_PROGRESS,
 * live answers also say CREATED, and unknown words are taken for "not yet".
 */
export interface TaskState {
  task: string
  status: 'pending' | 'completed' | 'failed'
  /** Download URLs of the result, the best first; perhaps empty for a while after completion. */
  generated: string[]
  /** What the API says of a failure. Undocumented. */
  error: string | undefined
}

/** The id is what counts: whatever else is odd about an answer, a task that was paid for must not get lost over it. */
const taskSchema = v.object({
  task_id: v.pipe(v.string(), v.regex(taskIdPattern)),
  status: v.fallback(v.optional(v.string()), undefined),
  /** The older shape's name for `status`. */
  task_status: v.fallback(v.optional(v.string()), undefined),
  generated: v.fallback(v.array(v.unknown()), []),
  error: v.optional(v.unknown()),
})
const urlSchema = v.union([
  v.string(),
  v.pipe(
    v.object({ url: v.string() }),
    v.transform(({ url }) => url),
  ),
])

const refusalSchema = v.object({
  message: v.optional(v.string()),
  detail: v.optional(v.string()),
  invalid_params: v.optional(v.array(v.object({ name: v.string(), reason: v.string() }))),
})

/**
 * Reads an answer about a task: `{ data: { … } }` as documented, or the older shape without `data`.
 *
 * @returns `undefined` where the text is no such answer
 */
export function parseTaskState(text: string): TaskState | undefined {
  return readTask(unwrap(parseJson(text), 'data'))
}

/** What is taken from a call of the API's. */
export interface TaskCall {
  task: string
  /** Whether it says that the task is not done yet, in words that are known to mean that. */
  isUnderWay: boolean
}

/**
 * Reads a call: the same shapes as an answer about a task.
 *
 * @returns `undefined` where the text is no such call
 */
export function parseTaskCall(text: string): TaskCall | undefined {
  const parsed = v.safeParse(taskSchema, unwrap(parseJson(text), 'data'))
  if (!parsed.success) return undefined
  const { task_id: task, status, task_status: olderStatus } = parsed.output
  return { task, isUnderWay: ['CREATED', 'IN_PROGRESS'].includes(status ?? olderStatus ?? '') }
}

/**
 * Reads a page of the list of tasks. Its body is documented nowhere, so the list is looked for at the top, in `data` and
 * its like, and one level further down.
 *
 * @returns the entries that can be read, in their order; `undefined` where the text holds no list at all
 */
export function parseTaskList(text: string): TaskState[] | undefined {
  return findList(parseJson(text), 2)?.flatMap((entry) => readTask(entry) ?? [])
}

/** Where APIs of this kind put their lists. */
const listKeys = ['data', 'tasks', 'items', 'results']

/** @param depth how many objects may stand around the list */
function findList(value: unknown, depth: number): unknown[] | undefined {
  if (Array.isArray(value)) return value
  if (typeof value !== 'object' || value === null || depth === 0) return undefined
  const fields = value as Record<string, unknown>
  for (const key of listKeys) {
    const list = findList(fields[key], depth - 1)
    if (list) return list
  }
  return undefined
}

/** Reads one task, in either shape. */
function readTask(value: unknown): TaskState | undefined {
  const parsed = v.safeParse(taskSchema, value)
  if (!parsed.success) return undefined
  const { task_id: task, status, task_status: olderStatus, generated, error } = parsed.output
  return {
    task,
    status: readStatus(status ?? olderStatus),
    generated: generated
      .map((entry) => v.safeParse(urlSchema, entry))
      .flatMap((entry) => (entry.success ? [entry.output] : [])),
    error: describeError(error),
  }
}

function describeError(error: unknown): string | undefined {
  if (error === undefined || error === null) return undefined
  return toLine(typeof error === 'string' ? error : JSON.stringify(error)) || undefined
}

function readStatus(word: string | undefined): TaskState['status'] {
  if (word === 'COMPLETED') return 'completed'
  return word === 'FAILED' ? 'failed' : 'pending'
}

/**
 * What a refusal says, on one line. The API's schema nests `application/problem+json` in `problem`, its example does
 * not: both are read. Anything else is shown as it came, shortened.
 */
export function describeRefusal(status: number, text: string): string {
  const parsed = v.safeParse(refusalSchema, unwrap(parseJson(text), 'problem'))
  const { message, detail, invalid_params: invalid = [] } = parsed.success ? parsed.output : {}
  const params = invalid.map(({ name, reason }) => `${name}: ${reason}`).join('; ')
  const said = [message ?? detail, params && `(${params})`].filter(Boolean).join(' ')
  const line = toLine(said || text)
  return line === '' ? `HTTP ${status}` : `HTTP ${status}: ${line}`
}

/** One line of a server's text. It ends up in terminals: control characters are dropped and the length is bounded. */
function toLine(text: string): string {
  const line = text
    .replaceAll(/\p{C}+/gu, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
  return line.length > 300 ? `${line.slice(0, 300)}…` : line
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function unwrap(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !(key in value)) return value
  const inner = (value as Record<string, unknown>)[key]
  return typeof inner === 'object' && inner !== null ? inner : value
}
