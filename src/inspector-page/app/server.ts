import type { Comparison, Inspection, InspectedState } from '../../inspector/contract.ts'

/** What a query would give, and cost. */
export type Preview =
  | {
      ok: true
      query: string
      params: Record<string, string | number | boolean>
      width: number
      height: number
      estimate: number
      state: InspectedState
      after: string
    }
  | { ok: false; problem: string }

/** What came of asking to spend. */
export type Purchase = { ok: true; fingerprint: string } | { ok: false; problem: string }

/** The server cannot be reached: another one may take its place. */
export class Unreachable extends Error {
  override name = 'Unreachable'
}

/** The server's routes. Answers that are refusals are thrown as errors, but where `ok` is looked at. */
export interface Server {
  inspection(): Promise<Inspection>
  compare(id: string): Promise<Comparison>
  preview(id: string, query: string, signal: AbortSignal): Promise<Preview>
  /** The only call that spends. */
  upscale(id: string, query: string, estimate: number): Promise<Purchase>
  open(file: string, line: number): Promise<void>
  /** Takes the token of the server that answers now: it may be another one than served this page. */
  renew(): Promise<void>
}

/** Talks to the server that served the page. */
export function createServer(): Server {
  let token = document.querySelector<HTMLMetaElement>('meta[name=magnific-token]')?.content ?? ''
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
    preview: async (id, query, signal) =>
      (await post('api/preview', { id, query }, signal)) as Preview,
    upscale: async (id, query, estimate) =>
      (await post('api/upscale', { id, query, estimate })) as Purchase,
    open: async (file, line) => void expectOk(await post('api/open', { file, line })),
    renew: async () => {
      const page = await (await fetch('./', { cache: 'no-store' })).text()
      token = /<meta name="magnific-token" content="([^"]*)"/.exec(page)?.[1] ?? token
    },
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
