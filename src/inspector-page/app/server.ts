import type { Comparison, Inspection, Preview, Purchase } from '../../inspector/contract.ts'
import type { Offer } from './detail/offer.ts'
import type { Wish } from './detail/values.ts'

/** The server cannot be reached: another one may take its place. */
export class Unreachable extends Error {
  override name = 'Unreachable'
}

/** The server's routes. Answers that are refusals are thrown as errors, but where `ok` is looked at. */
export interface Server {
  inspection(): Promise<Inspection>
  compare(id: string): Promise<Comparison>
  /** Has a query written that asks for this, and says what it would give. */
  preview(id: string, wish: Wish, signal: AbortSignal): Promise<Preview>
  /** The only call that spends. */
  upscale(id: string, offer: Offer): Promise<Purchase>
  open(file: string, line: number): Promise<void>
  /** Why a picture cannot be shown, as a sentence. */
  explainPicture(url: string): Promise<string>
  /** Loads the page anew: the server that answers now may be another one, with a token of its own. */
  renew(): void
}

/** Talks to the server that served the page. */
export function createServer(): Server {
  const token = document.querySelector<HTMLMetaElement>('meta[name=magnific-token]')?.content ?? ''
  const post = async (path: string, body: object, signal?: AbortSignal): Promise<unknown> =>
    ask(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-magnific-token': token },
      body: JSON.stringify(body),
      ...(signal && { signal }),
    })
  return {
    inspection: async () => expectOk(await ask('api/inspection')) as Inspection,
    compare: async (id) =>
      expectOk(await ask(`api/compare/${encodeURIComponent(id)}`)) as Comparison,
    preview: async (id, wish, signal) =>
      (await post('api/preview', { id, ...wish }, signal)) as Preview,
    upscale: async (id, { query, estimate, fingerprint }) =>
      (await post('api/upscale', { id, query, estimate, fingerprint })) as Purchase,
    explainPicture: async (url) => {
      try {
        const response = await fetch(url, { redirect: 'error' })
        if (response.ok) return 'The browser cannot show it.'
        const { problem } = (await response.json()) as { problem?: string }
        if (response.status === 500 && problem) return `It cannot be read (${problem}).`
        return problem ?? `The server answered with ${response.status}.`
      } catch {
        return 'The server does not answer.'
      }
    },
    open: async (file, line) => void expectOk(await post('api/open', { file, line })),
    // The page gives its token to documents only.
    renew: () => location.reload(),
  }
}

async function ask(path: string, init: RequestInit = {}): Promise<unknown> {
  let response: Response
  try {
    response = await fetch(path, { cache: 'no-store', redirect: 'error', ...init })
  } catch (error) {
    if (init.signal?.aborted) throw error
    throw new Unreachable('The server does not answer.', { cause: error })
  }
  try {
    return await response.json()
  } catch (error) {
    if (init.signal?.aborted) throw error
    const says = `The server answered with ${response.status} and no JSON.`
    // What stands before a server that is gone answers like this.
    throw response.status < 500
      ? new Error(says, { cause: error })
      : new Unreachable(says, { cause: error })
  }
}

function expectOk(answer: unknown): unknown {
  const { ok, problem } = answer as { ok?: boolean; problem?: string }
  if (ok === false) throw new Error(problem ?? 'The server refused it without a reason.')
  return answer
}
