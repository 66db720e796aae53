import type { RawAnswer } from '../api/post.ts'

/**
 * The text that the journal keeps of an answer: what was received, before anybody has tried to understand it, and all
 * that a verdict hangs on.
 */
export function formatResponse({ status, retryAfter, body }: RawAnswer): string {
  const header = retryAfter === undefined ? '' : `retry-after: ${retryAfter}\n`
  return `HTTP ${status}\n${header}\n${body}`
}

/** The text that the journal keeps where no answer came: it is as ambiguous when it is read back. */
export function formatNoAnswer(reason: string): string {
  return `HTTP 0\n\nno answer: ${reason}`
}

/** Reads back what `formatResponse` wrote. Of anything else, nothing is known. */
export function parseResponse(text: string): RawAnswer {
  const [, status = '0', retryAfter, body = ''] =
    /^HTTP (\d+)\n(?:retry-after: ([^\n]*)\n)?\n(.*)$/s.exec(text) ?? []
  return { status: Number(status), retryAfter, body }
}
