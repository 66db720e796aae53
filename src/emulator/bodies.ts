import { STATUS_CODES } from 'node:http'
import type { ResolvedOptions } from './options.ts'
import type { TaskReport } from './tasks.ts'

/** A field that was refused, as in the API's document. */
export interface InvalidParam {
  name: string
  reason: string
}

/** Media type and body of an answer. */
export interface JsonBody {
  type: 'application/json' | 'application/problem+json'
  value: unknown
}

/** What turns a task into a body. */
export type BodyOptions = Pick<
  ResolvedOptions,
  'shape' | 'problem' | 'stableUrl' | 'errorField'
> & {
  sign: (taskId: string, variant?: 'stable') => string
}

/** A task's fields in the current or the older shape, with freshly signed URLs and without `data`. */
export function renderTask(report: TaskReport, options: BodyOptions): Record<string, unknown> {
  const urls = report.generated ? [options.sign(report.id)] : []
  if (report.generated && options.stableUrl) urls.push(options.sign(report.id, 'stable'))
  const failed = report.status === 'FAILED'
  return {
    generated: report.generatedAs === 'objects' ? urls.map((url) => ({ url })) : urls,
    task_id: report.id,
    [options.shape === 'bare' ? 'task_status' : 'status']: report.status,
    ...(failed || options.errorField === 'always' ? { error: report.error } : {}),
  }
}

/** The body of an answer about one task. */
export function renderTaskAnswer(report: TaskReport, options: BodyOptions): JsonBody {
  const task = renderTask(report, options)
  return { type: 'application/json', value: options.shape === 'bare' ? task : { data: task } }
}

/** The body of a 400 in the shape asked for. Plain `{ message }` has room for the first reason only. */
export function renderProblem(
  problem: ResolvedOptions['problem'],
  params: readonly InvalidParam[],
  message?: string,
): JsonBody {
  if (problem === 'json') {
    const text = message ?? params[0]?.reason ?? "Parameter ':attribute' is not valid"
    return { type: 'application/json', value: { message: text } }
  }
  const details = {
    message: message ?? "Your request parameters didn't validate.",
    invalid_params: params,
  }
  return {
    type: 'application/problem+json',
    value: problem === 'problem' ? details : { problem: details },
  }
}

/** The message that the API's document gives for a status, else the HTTP reason phrase. */
export function describeStatus(status: number): string {
  const documented: Record<number, string> = {
    400: "Parameter ':attribute' is not valid",
    401: 'Invalid API key',
    503: 'Service Unavailable. Please try again later.',
  }
  return documented[status] ?? STATUS_CODES[status] ?? 'Unknown'
}
