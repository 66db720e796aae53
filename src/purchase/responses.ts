import type { RawAnswer } from '../api/post.ts'

/** The text that the journal keeps of an answer: what was received, before anybody has tried to understand it. */
export function formatResponse({ status, body }: RawAnswer): string {
  return `HTTP ${status}\n\n${body}`
}

/** The text that the journal keeps where no answer came: it is as ambiguous when it is read back. */
export function formatNoAnswer(reason: string): string {
  return `HTTP 0\n\nno answer came (${reason})`
}

/** Reads back what `formatResponse` wrote. Of anything else, nothing is known. */
export function parseResponse(text: string): RawAnswer {
  const [, status = '0', body = ''] = /^HTTP (\d+)\n\n(.*)$/s.exec(text) ?? []
  return { status: Number(status), retryAfter: undefined, body }
}
