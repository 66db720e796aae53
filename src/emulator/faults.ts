import type { EmulatedCall } from './records.ts'

/** What a fault can befall. */
export type FaultRoute = 'submit' | 'status' | 'list' | 'download' | 'webhook'

/**
 * Which calls a fault takes. Calls are counted as they arrive (valid or not) from the moment the
 * faults were set. The first fault in the list that is due and not used up takes the call, so a list
 * reads as a script: `[{ status: 503, times: 1 }, { status: 429, times: 1 }]` is 503, then 429, then
 * the regular answer.
 */
export interface FaultSelection {
  /** Calls that pass before this fault is due. Default 0. */
  after?: number
  /** Calls it takes before it is used up. Default: all. */
  times?: number
}

/** Narrows a fault to the calls about one task. */
export interface TaskSelection {
  /** Place of the task in `emulator.tasks`, from 0. Only calls about it are counted. */
  task?: number
}

/** What can happen to the answer of any call. `status`, `body`, `redirect`, `hang` and every `cut` but `mid-response` replace the regular answer. */
export interface AnswerFault {
  /** Only calls for which this holds are counted. Not JSON: for tests in the same process. */
  when?: (call: EmulatedCall) => boolean
  /** Status of the answer, 200–599. Default 200 with `body`, 302 with `redirect`. */
  status?: number
  /** A string is sent as it is, anything else as JSON. Default: the message that the API's document gives for `status`. */
  body?: unknown
  /** Added to the answer, the regular one too; wins over the emulator's own. */
  headers?: Record<string, string>
  /** `Retry-After` in seconds, or as an HTTP date that many seconds from now. */
  retryAfter?: number | { date: number }
  /** Sends the client to this URL. */
  redirect?: string
  /** Milliseconds that the answer is late. A task is accepted before the delay. */
  delay?: number
  /** Never answers: the socket stays open until the client or `close()` ends it. */
  hang?: boolean
  /**
   * Where the socket is cut: before the body is read; with half of it read; with all of it read and
   * nothing answered; with half of the answer's body sent under the full `Content-Length`.
   */
  cut?: 'before-read' | 'mid-request' | 'after-request' | 'mid-response'
}

/** What can happen to a task, fixed when it is accepted. */
export interface TaskFault {
  /** `FAILED` in place of COMPLETED, or `STUCK` in its first status for ever. */
  outcome?: 'FAILED' | 'STUCK'
  /** `error` of a FAILED task. Default `Upscale failed`. */
  error?: string | null
  /** Polls after COMPLETED that still show an empty `generated`. */
  emptyGenerated?: number
  /** A status that no document knows, shown for the first polls. */
  unknownStatus?: { status: string; polls: number }
  /** `generated` as strings (default) or as `{ url }` objects. */
  generatedAs?: 'strings' | 'objects'
}

/** Befalls `POST /v1/ai/image-upscaler`. */
export interface SubmitFault extends FaultSelection, AnswerFault, TaskFault {
  route: 'submit'
  /**
   * Whether the task is created all the same. Default: no if the regular answer is replaced, yes if
   * not. `true` with a cut or a 500 is the lost answer to a paid task; `false` with neither answers
   * with the id of a task that does not exist. Needs a valid request that was read to its end.
   */
  accept?: boolean
  /** Answers `status` before the body is read, as a gateway does. The task is never created. */
  early?: boolean
}

/** Befalls `GET /v1/ai/image-upscaler/{task-id}`. */
export interface StatusFault extends FaultSelection, TaskSelection, AnswerFault {
  route: 'status'
}

/** Befalls `GET /v1/ai/image-upscaler`. */
export interface ListFault extends FaultSelection, AnswerFault {
  route: 'list'
}

/** Befalls the download of a result. */
export interface DownloadFault extends FaultSelection, TaskSelection, AnswerFault {
  route: 'download'
  /**
   * The bytes sent: `truncated` half of them under the full `Content-Length`, `short` half of them
   * under an honest one, an `html` page with status 200, `corrupt` pixels, an image one pixel off
   * (`wrong-size`), one over 25.3 megapixels (`oversized`), or a stream without end (`endless`).
   */
  content?: 'truncated' | 'short' | 'html' | 'corrupt' | 'wrong-size' | 'oversized' | 'endless'
}

/** Befalls a webhook call on its way out; retries of one call are not counted again. */
export interface WebhookFault extends FaultSelection, TaskSelection {
  route: 'webhook'
  /** Milliseconds that it is late; later calls overtake it. */
  delay?: number
  /** Never sent. */
  drop?: boolean
  /** Sent this many times in all, under one `webhook-id`. */
  repeat?: number
  /** Wraps the body in `data`. */
  wrap?: boolean
  /** Signs with a wrong secret. */
  forged?: boolean
  /** Seconds that `webhook-timestamp` lies in the past. */
  stale?: number
}

/** Something that goes wrong on purpose. JSON, but for the optional `when`. */
export type Fault = SubmitFault | StatusFault | ListFault | DownloadFault | WebhookFault

type FaultOf<R extends FaultRoute> = Extract<Fault, { route: R }>

/** The faults now set, and how far each is used up. */
export interface FaultBook {
  set: (faults: readonly Fault[]) => void
  /** Counts a call and gives the fault that takes it, if any. `taskIndex` is the call's task. */
  take: <R extends FaultRoute>(
    route: R,
    taskIndex?: number,
    call?: EmulatedCall,
  ) => FaultOf<R> | undefined
}

/** Keeps count of which faults are due. The faults are expected to be checked. */
export function createFaultBook(): FaultBook {
  let entries: { fault: Fault; seen: number; used: number }[] = []
  return {
    set(faults) {
      entries = faults.map((fault) => ({ fault, seen: 0, used: 0 }))
    },
    take<R extends FaultRoute>(route: R, taskIndex?: number, call?: EmulatedCall) {
      let taken: FaultOf<R> | undefined
      for (const entry of entries) {
        const { fault } = entry
        if (!isFor(fault, route) || !matches(fault, taskIndex, call)) continue
        // a call counts for every fault that it matches, also where an earlier one takes it:
        // `after` means the same wherever a fault stands in the list
        const due = entry.seen++ >= (fault.after ?? 0)
        if (taken || !due || entry.used >= (fault.times ?? Number.POSITIVE_INFINITY)) continue
        entry.used++
        taken = fault
      }
      return taken
    },
  }
}

function isFor<R extends FaultRoute>(fault: Fault, route: R): fault is FaultOf<R> {
  return fault.route === route
}

function matches(fault: Fault, taskIndex?: number, call?: EmulatedCall): boolean {
  if ('task' in fault && fault.task !== undefined && fault.task !== taskIndex) return false
  const when = 'when' in fault ? fault.when : undefined
  return !when || !call || when(call)
}

/** Whether a fault puts something in place of the regular answer. */
export function replacesAnswer(fault: AnswerFault | undefined): boolean {
  if (!fault) return false
  const { status, body, redirect, hang, cut } = fault
  if (status !== undefined || body !== undefined || redirect !== undefined || hang) return true
  return cut !== undefined && cut !== 'mid-response'
}
