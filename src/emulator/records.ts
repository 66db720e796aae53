/** Which part of the API a call is for. */
export type CallRoute = 'submit' | 'status' | 'list' | 'download' | 'other'

/** One HTTP call that the emulator saw. Live: the last five fields fill in as the call goes on. */
export interface EmulatedCall {
  /** Place in the order of arrival (of the headers), from 0. */
  readonly index: number
  readonly route: CallRoute
  /** Which listener it reached: `downloads` only with `downloadHost: 'separate'`. */
  readonly listener: 'api' | 'downloads'
  readonly method: string
  /** Path and query, as received. */
  readonly url: string
  /** Names in lower case, as received: tests read here where the API key was sent. */
  readonly headers: Readonly<Record<string, string>>
  /** Epoch milliseconds, by the emulator's clock. */
  readonly at: number
  /** The task it asked for, or that it created. */
  taskId: string | undefined
  /** Whether a fault took it. */
  faulted: boolean
  /** The status sent; `undefined` while there is no answer, or if there never was one. */
  status: number | undefined
  /** Whether the whole answer was handed to the system; the client may have it a moment before. */
  answered: boolean
  /** Whether the emulator is through with it: nothing more comes of it, no answer and no task. */
  over: boolean
}

/** The statuses of the API's document, and CREATED, which it leaves out and which was seen live. */
export type TaskStatus = 'CREATED' | 'IN_PROGRESS' | 'COMPLETED' | 'FAILED'

/** The image of a request, decoded. */
export interface SourceFacts {
  /** Hex SHA-256 of the decoded base64. */
  readonly sha256: string
  readonly bytes: number
  /** Pixels as stored: the EXIF orientation is not applied. */
  readonly width: number
  readonly height: number
  readonly format: 'png' | 'jpeg' | 'webp'
}

/** One task that was accepted, which is what would have been charged for. Live: `status` changes. */
export interface EmulatedTask {
  /** A UUID, as in the API's document. */
  readonly id: string
  /** Place in the order of acceptance, from 0. */
  readonly index: number
  /** Every field of the request but `image`, as received: no defaults filled in. */
  readonly params: Readonly<Record<string, unknown>>
  readonly source: SourceFacts
  /** Pixels of the result. */
  readonly result: { readonly width: number; readonly height: number }
  /** The API key used. */
  readonly key: string
  /** Headers of the request, names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  status: TaskStatus
  /** Every status so far with its epoch milliseconds, by the emulator's clock. The first is the acceptance. */
  readonly history: readonly { readonly status: TaskStatus; readonly at: number }[]
}

/** One attempt to deliver a webhook, or the refusal of one. */
export interface EmulatedWebhook {
  readonly taskId: string
  /** Status of the task that it tells of. */
  readonly status: TaskStatus
  readonly url: string
  /** From 1; attempts after the first follow one that no 2xx answered. */
  readonly attempt: number
  readonly headers: Readonly<Record<string, string>>
  /** Exactly the bytes that were signed. */
  readonly body: string
  /** Status of the receiver's answer; `undefined` while there is none, or if there never was one. */
  answered: number | undefined
  /** Why it was not sent or not answered. */
  error: string | undefined
}
