/** What the page shows; plain JSON. Paths are relative to the project, with forward slashes. */
export interface Inspection {
  mode: 'dev' | 'ui' | 'report'
  project: string // the folder's name
  version: string // of this package
  service: string
  baseUrl: string // 'local' = the emulator: the page says so, always visible
  createdAt: string // ISO 8601
  images: InspectedImage[]
  totals: {
    references: number
    images: number
    byState: Record<InspectedState, number>
    spent: number
    outstanding: number
  } // euros, estimates. spent: all that this cache's journal knows to be paid
  budget: { tasks?: number; euros?: number; usedTasks: number; usedEuros: number } | undefined // of this server's run
  buying: { allowed: true } | { allowed: false; why: string } // no key, readOnly, report, …
  fields: InspectedField[] // the form, made from core/params
  problems: { file: string; message: string }[]
  compared?: Record<string, ({ id: string } & ComparedQuery)[]> // in a report, by the id of an image: those of its source that have a result, itself among them, each with the query that gives its result in this place
  pictureSide?: number // in a report: its pictures are made smaller, so that no side has more pixels than this
}
export type InspectedState = 'cached' | 'missing' | 'pending' | 'ambiguous' | 'failed' | 'invalid'
/** One source with one query: what a reference asks for. */
export interface InspectedImage {
  id: string // stable over reloads: short hash of file + query
  file: string
  query: string // without the question mark
  params: Record<string, string | number | boolean> // normalised, defaults left out
  directives: string // for people: 'w=800 format=webp', '' where none
  fingerprint: string // '' where invalid
  state: InspectedState
  reason: string // '' where nothing is to be said
  source: { width: number; height: number; bytes: number } | undefined
  result: // where its bytes are here
    | {
        width: number
        height: number
        bytes: number
        format: string
        task: string
        completedAt: string
        seconds: number
      }
    | undefined
  output: { width: number; height: number } | undefined // what it will be, where there is no result
  estimate: number // euros that a build would pay; 0 where nothing
  importers: { file: string; line: number; text: string; isPart: boolean }[] // text: the source line, trimmed, ≤ 300 characters; of a longer one a part, with "…" where it is cut
  pictures: {
    thumbnail: string
    before: string
    after: string | undefined
    afterKind: 'result' | 'preview' | undefined
  } // URLs, or data: URIs in a report
}
export interface InspectedField {
  name: string
  key: string /* as in the query */
  kind: 'enum' | 'integer' | 'text' | 'boolean'
  values?: string[]
  min?: number
  max?: number
  maxLength?: number
  default: string | number | boolean | undefined
  about: string
}
/** Results in the cache that were made of one source: to be compared. */
export interface Comparison {
  file: string
  candidates: ({
    fingerprint: string
    params: Record<string, string | number | boolean>
    result: InspectedImage['result']
    after: string
    isUsed: boolean
  } & ComparedQuery)[]
}
export interface ComparedQuery {
  query: string | undefined // that gives a result in this place, as it is pasted: nobody else writes queries; none where `problem` says why
  problem?: string
}
/**
 * What `POST api/preview` takes: a query, or what a form says. What it leaves out is as the image has it, or as the preset has it
 * where one is chosen in place of a scale.
 */
export type PreviewRequest =
  | { id: string; query: string }
  | { id: string; params: Record<string, string | number | boolean>; preset?: string } // by the fields' names
/** What a build would make of it. */
export type Preview =
  | {
      ok: true
      query: string // without the question mark; what the form says, where that was asked
      params: Record<string, string | number | boolean> // normalised: those of the project's defaults and of the preset are in it, the API's own defaults left out
      directives: string // as of an image: those of the preset are in it
      fingerprint: string
      width: number
      height: number
      estimate: number
      state: InspectedState
      afterKind: 'result' | 'preview'
      after: string
    }
  | { ok: false; problem: string }
/** What `POST api/upscale` takes: what is agreed to, as the preview, or the image, says it. */
export interface PurchaseRequest {
  id: string
  query: string
  estimate: number
  fingerprint: string
}
/** That it has begun, or why not. */
export type Purchase = { ok: true; fingerprint: string } | { ok: false; problem: string }
/** Pushed over the socket (Vite's own in dev: custom event 'magnific:inspector'; EventSource in `magnific ui`). */
export type InspectorEvent =
  | { kind: 'changed' } // read /api/inspection again
  | {
      kind: 'progress'
      fingerprint: string
      id?: string // of the image that it was bought for, be it with another query; missing where this page's server has not begun it
      phase: 'waiting' | 'submitting' | 'upscaling' | 'downloading' | 'done' | 'failed'
      message?: string
      since: number /* when the purchase began, ms since 1970 */
    }
