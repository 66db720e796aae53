import { randomUUID } from 'node:crypto'
import type { TaskFault } from './faults.ts'
import type { EmulatedTask, TaskStatus } from './records.ts'

/** What a request brings to a new task. */
type NewTask = Omit<EmulatedTask, 'index' | 'status' | 'history'>

/** What the API tells about a task at one moment, before it is put in the shape of an answer. */
export interface TaskReport {
  id: string
  /** May be one that no document knows. */
  status: string
  /** Whether `generated` has anything in it. */
  generated: boolean
  generatedAs: 'strings' | 'objects'
  error: string | null
}

/** The tasks of one emulator and their clocks. */
export interface TaskBook {
  /** Live, in order of acceptance. */
  readonly all: readonly EmulatedTask[]
  accept: (task: NewTask, fault?: TaskFault) => EmulatedTask
  find: (id: string) => EmulatedTask | undefined
  /** What the API tells now. A `poll` uses up one of a fault's polls, a glance does not. */
  report: (task: EmulatedTask, kind: 'poll' | 'glance') => TaskReport
  /** Finishes pending tasks now, but for STUCK ones. @throws {RangeError} for an unknown id */
  complete: (id?: string) => void
  /** Stops every clock. */
  close: () => void
}

/** What {@link createTaskBook} needs to know. */
export interface TaskBookOptions {
  /** Milliseconds from acceptance to the end; anything not finite is never. */
  latency: (task: EmulatedTask) => number
  initialStatus: 'CREATED' | 'IN_PROGRESS'
  now: () => number
  /** Told of each change after acceptance. */
  onChange: (task: EmulatedTask) => void
}

interface Entry {
  task: EmulatedTask
  advance(status: TaskStatus): void
  fault: TaskFault
  timers: NodeJS.Timeout[]
  emptyPolls: number
  unknownPolls: number
}

/** Part of the latency after which a task is IN_PROGRESS. */
const QUEUE_SHARE = 0.25

/** A task id that looks like any other. */
export function createTaskId(): string {
  return randomUUID()
}

/** Keeps the tasks and moves them: CREATED → IN_PROGRESS → COMPLETED or FAILED, never back. */
export function createTaskBook(options: TaskBookOptions): TaskBook {
  const all: EmulatedTask[] = []
  const entries = new Map<string, Entry>()

  function start(entry: Entry): void {
    if (entry.fault.outcome === 'STUCK') return
    const latency = options.latency(entry.task)
    // a timer of Infinity, or of more than 2³¹ ms, would fire at once
    if (!(latency < 2 ** 31)) return
    if (options.initialStatus === 'CREATED') {
      entry.timers.push(setTimeout(() => entry.advance('IN_PROGRESS'), latency * QUEUE_SHARE))
    }
    entry.timers.push(setTimeout(() => finish(entry), latency))
  }

  function finish(entry: Entry): void {
    for (const timer of entry.timers) clearTimeout(timer)
    if (entry.task.status === 'CREATED') entry.advance('IN_PROGRESS')
    if (entry.task.status !== 'IN_PROGRESS') return
    entry.advance(entry.fault.outcome === 'FAILED' ? 'FAILED' : 'COMPLETED')
  }

  function findEntry(id: string): Entry {
    const entry = entries.get(id)
    if (!entry) throw new RangeError(`There is no task ${id}.`)
    return entry
  }

  return {
    all,
    accept(given, fault = {}) {
      const history: { status: TaskStatus; at: number }[] = [
        { status: options.initialStatus, at: options.now() },
      ]
      const task: EmulatedTask = {
        ...given,
        index: all.length,
        status: options.initialStatus,
        history,
      }
      const entry: Entry = {
        task,
        advance(status) {
          task.status = status
          history.push({ status, at: options.now() })
          options.onChange(task)
        },
        fault,
        timers: [],
        emptyPolls: fault.emptyGenerated ?? 0,
        unknownPolls: fault.unknownStatus?.polls ?? 0,
      }
      all.push(task)
      entries.set(task.id, entry)
      start(entry)
      return task
    },
    find: (id) => entries.get(id)?.task,
    report({ id, status }, kind) {
      const entry = findEntry(id)
      const { fault } = entry
      const unknown = entry.unknownPolls > 0 && fault.unknownStatus
      const empty = status !== 'COMPLETED' || unknown !== false || entry.emptyPolls > 0
      if (kind === 'poll') {
        if (unknown) entry.unknownPolls--
        else if (status === 'COMPLETED' && entry.emptyPolls > 0) entry.emptyPolls--
      }
      return {
        id,
        status: unknown ? unknown.status : status,
        generated: !empty,
        generatedAs: fault.generatedAs ?? 'strings',
        error: status === 'FAILED' && !unknown ? failure(fault) : null,
      }
    },
    complete(id) {
      for (const entry of id === undefined ? entries.values() : [findEntry(id)]) {
        if (entry.fault.outcome !== 'STUCK') finish(entry)
      }
    },
    close() {
      for (const { timers } of entries.values()) for (const timer of timers) clearTimeout(timer)
    },
  }
}

function failure(fault: TaskFault): string | null {
  return fault.error === undefined ? 'Upscale failed' : fault.error
}
