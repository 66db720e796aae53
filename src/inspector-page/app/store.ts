import type { InspectedImage, Inspection, InspectorEvent } from '../../inspector/contract.ts'

/** How far a task is, as it was told last. */
export type Progress = Extract<InspectorEvent, { kind: 'progress' }>

/** Whether what is shown is kept up to date: `still` in a report. */
export type Connection = 'live' | 'gone' | 'still'

/** What the page knows. Views read it, and hear of every change. */
export interface Store {
  readonly inspection: Inspection
  readonly connection: Connection
  progressOf(fingerprint: string): Progress | undefined
  /** What is being made of an image besides, by other queries. */
  othersOf(image: Pick<InspectedImage, 'id' | 'fingerprint'>): Progress[]
  /** The file of an image, be it gone. */
  fileOf(id: string): string | undefined
  find(id: string): InspectedImage | undefined
  /** Called after every change until the signal is aborted. */
  onChange(listener: () => void, signal?: AbortSignal): void
  set(change: { inspection?: Inspection; connection?: Connection; progress?: Progress }): void
}

/** A store of what was first read. */
export function createStore(first: Inspection, firstConnection: Connection): Store {
  let inspection = first
  let connection = firstConnection
  const progress = new Map<string, Progress>()
  const listeners = new Set<() => void>()
  const files = new Map<string, string>()
  const learn = (): void => {
    for (const { id, file } of inspection.images) files.set(id, file)
  }
  learn()
  return {
    get inspection() {
      return inspection
    },
    get connection() {
      return connection
    },
    progressOf: (fingerprint) => progress.get(fingerprint),
    othersOf: ({ id, fingerprint }) =>
      [...progress.values()].filter(
        (each) => each.id === id && each.fingerprint !== fingerprint && isRunning(each),
      ),
    fileOf: (id) => files.get(id),
    find: (id) => inspection.images.find((image) => image.id === id),
    onChange: (listener, signal) => {
      listeners.add(listener)
      signal?.addEventListener('abort', () => listeners.delete(listener))
    },
    set: (change) => {
      inspection = change.inspection ?? inspection
      learn()
      connection = change.connection ?? connection
      if (change.progress) progress.set(change.progress.fingerprint, change.progress)
      for (const listener of listeners) listener()
    },
  }
}

/** Whether something is being done for a task at this moment. */
export function isRunning(progress: Progress | undefined): progress is Progress {
  return progress !== undefined && progress.phase !== 'done' && progress.phase !== 'failed'
}

/** A task's progress, in words. */
export function describeProgress({ phase, message }: Progress): string {
  const words = {
    waiting: 'Waiting for its turn',
    submitting: 'Sending the image',
    upscaling: 'Upscaling',
    downloading: 'Fetching the result',
    done: 'Done',
    failed: 'Failed',
  }[phase]
  return message ? `${words}: ${message}` : words
}

/** What is being made besides, in words; '' where nothing is. */
export function describeOthers({ length }: readonly Progress[]): string {
  if (length === 0) return ''
  return length === 1 ? '1 more result is being made.' : `${length} more results are being made.`
}
