/** Replaces every trace of the key in a text. */
export type Redact = (text: string) => string

/** No real key is shorter, and hiding a text like "k" would make answers unreadable. */
const shortestKey = 8

/**
 * Makes a function that hides the key, plain, percent-encoded or in base64: whatever a server may echo.
 */
export function createRedact(apiKey: string): Redact {
  if (apiKey.length < shortestKey) return (text) => text
  const traces = new Set([
    apiKey,
    encodeURIComponent(apiKey),
    Buffer.from(apiKey).toString('base64'),
    Buffer.from(apiKey).toString('base64url'),
    JSON.stringify(apiKey).slice(1, -1),
  ])
  return (text) => {
    let redacted = text
    for (const trace of traces) redacted = redacted.replaceAll(trace, '<api key>')
    for (const trace of traces) redacted = cutBeginning(redacted, trace)
    return redacted
  }
}

/** An answer may break off in the middle of the key. */
function cutBeginning(text: string, trace: string): string {
  for (let length = trace.length - 1; length >= shortestKey; length--) {
    if (text.endsWith(trace.slice(0, length))) return `${text.slice(0, -length)}<api key>`
  }
  return text
}

/** An error of the network without the key in it: a fresh one, since causes and fields may hold anything. */
export function redactError(error: unknown, redact: Redact): Error {
  const { message, code, cause } = error as NodeJS.ErrnoException
  const inner = cause instanceof Error ? cause.message : ''
  const text = [message, inner].filter(Boolean).join(': ')
  const redacted = new Error(redact(text || String(code ?? error)))
  if (code) Object.assign(redacted, { code })
  return redacted
}
