import { isMagnificError } from '../core/errors.ts'
import { formatEstimate } from '../core/format-units.ts'
import { openBudget } from '../orders.ts'
import type { PlannedReference } from '../planner.ts'
import { shorten } from '../purchase/errors.ts'
import type { Report } from '../report.ts'
import type { PurchaseWatcher } from '../shared.ts'
import { createUpscaler } from '../upscaler.ts'
import type { InspectorContext } from './context.ts'
import type { Inspection, InspectorEvent, Purchase, PurchaseRequest } from './contract.ts'

type Progress = Extract<InspectorEvent, { kind: 'progress' }>

/** The only part that spends. */
export interface Buying {
  /** Whether anything may be bought at all, or why not. */
  describe(): Inspection['buying']
  /** What is used of the budget; `undefined` where there is none. */
  readBudget(): Promise<Inspection['budget']>
  /**
   * Begins to buy, unless it has begun.
   *
   * @param plan tells where the image stands now
   * @param agreed what whoever asks has been shown
   */
  begin(
    plan: () => Promise<PlannedReference>,
    agreed: Omit<PurchaseRequest, 'query'>,
  ): Promise<Purchase>
  /** Where purchases stand that are under way. */
  list(): Progress[]
  /** Stops waiting. What was submitted stays in the journal. */
  close(): Promise<void>
}

/** What buying has to know of whoever the inspector runs behind. */
export interface BuyingHost {
  /** Why nothing may be bought at this moment; missing where that is never so. */
  findObstacle?(): string | undefined
  /** Is told of a source whose result was bought from here. */
  bought?(file: string): void
}

/** Whoever asked is told by the page, and nobody by a summary at an end that does not come. */
const noReport: Report = { add: () => {}, take: () => undefined }

/**
 * @param send is told how purchases of this process go on, whoever has begun them
 */
export function createBuying(
  { options, shared, journal, logger }: InspectorContext,
  send: (event: InspectorEvent) => void,
  host: BuyingHost,
): Buying {
  const running = new Map<string, AbortController>()
  const work = new Set<Promise<void>>()
  const progress = new Map<string, Progress>()
  /** The images that results were bought for, by fingerprint. */
  const boughtFor = new Map<string, string>()

  const watch: PurchaseWatcher = (fingerprint, phase, message) => {
    const said = message === undefined ? {} : { message }
    // When it began: what is shown of it counts on from one phase to the next.
    const since = progress.get(fingerprint)?.since ?? Date.now()
    const id = boughtFor.get(fingerprint)
    const named = id === undefined ? {} : { id }
    const event: Progress = { kind: 'progress', fingerprint, ...named, phase, ...said, since }
    const isOver = phase === 'done' || phase === 'failed'
    if (isOver) progress.delete(fingerprint)
    else progress.set(fingerprint, event)
    send(event)
    if (isOver) send({ kind: 'changed' })
  }
  const watchers = (shared.watchers ??= new Set())
  watchers.add(watch)

  const describe = (): Inspection['buying'] => {
    if (options.readOnly) {
      return { allowed: false, why: '`cache.readOnly` is set, so that nothing is bought here.' }
    }
    if (options.apiKey === undefined) {
      return {
        allowed: false,
        why: 'There is no API key. Set FREEPIK_API_KEY in the environment or in .env.local, and start the server anew.',
      }
    }
    const obstacle = host.findObstacle?.()
    return obstacle === undefined ? { allowed: true } : { allowed: false, why: obstacle }
  }

  /** The one budget of this process. */
  const budget = (): ReturnType<typeof openBudget> => openBudget({ shared, journal })

  const buy = async (
    { file, query, importer }: PlannedReference,
    fingerprint: string,
    { signal }: AbortController,
  ): Promise<void> => {
    let isTold = false
    const listen: PurchaseWatcher = (other, phase) => {
      if (other === fingerprint && (phase === 'done' || phase === 'failed')) isTold = true
    }
    watchers.add(listen)
    // One for each purchase: what one of them is refused for is no matter of the others.
    const upscaler = createUpscaler(options, logger, undefined, noReport)
    try {
      // What an earlier answer has ended, such as an account without credit, may be mended.
      if (running.size === 1) upscaler.begin()
      // The file is read anew, and may be another one by now.
      await upscaler.upscale({ file, query, importer }, { signal, fingerprint })
      if (!isTold) watch(fingerprint, 'done')
      else send({ kind: 'changed' })
      host.bought?.(file)
      await upscaler.flush()
    } catch (error) {
      if (signal.aborted) return
      const message = isMagnificError(error) ? error.text : (error as Error).message
      logger.warn(`magnific: ${(error as Error).message}`)
      if (!isTold) watch(fingerprint, 'failed', message)
    } finally {
      watchers.delete(listen)
      running.delete(fingerprint)
      boughtFor.delete(fingerprint)
    }
  }

  const begin: Buying['begin'] = async (plan, agreed) => {
    const buying = describe()
    if (!buying.allowed) return { ok: false, problem: buying.why }
    const planned = await plan()
    const { fingerprint, state, estimate } = planned
    if (fingerprint === undefined || state === 'invalid') {
      return { ok: false, problem: planned.reason ?? 'It cannot be upscaled.' }
    }
    if (fingerprint !== agreed.fingerprint) {
      return {
        ok: false,
        problem:
          'The image, or what is asked of it, has changed since you looked at it. Nothing was bought: look at it again.',
      }
    }
    if (state === 'failed' || state === 'ambiguous') {
      return { ok: false, problem: explainRefusal(state, fingerprint, planned.reason) }
    }
    // Who asks twice is answered twice, and pays once.
    if (running.has(fingerprint) || progress.has(fingerprint)) return { ok: true, fingerprint }
    if (Math.round(estimate * 100) !== Math.round(agreed.estimate * 100)) {
      return {
        ok: false,
        problem: `It is estimated at ${formatEstimate(estimate)} now, and not at ${formatEstimate(agreed.estimate)} any more. Look at it again.`,
      }
    }
    if (state === 'missing') {
      const excess = await budget().check(estimate, options.budget)
      if (excess !== undefined) {
        return {
          ok: false,
          problem: `${formatEstimate(estimate)} does not fit into the budget of ${excess}. Raise the option \`budget\`, or start the server anew: each run has its budget anew.`,
        }
      }
    }
    // Asked again after each wait: from here on nothing is waited for.
    if (running.has(fingerprint) || progress.has(fingerprint)) return { ok: true, fingerprint }
    const controller = new AbortController()
    running.set(fingerprint, controller)
    boughtFor.set(fingerprint, agreed.id)
    watch(fingerprint, 'waiting')
    const begun = buy(planned, fingerprint, controller).finally(() => work.delete(begun))
    work.add(begun)
    return { ok: true, fingerprint }
  }

  return {
    describe,
    readBudget: async () => {
      const { tasks, euros } = options.budget
      if (tasks === undefined && euros === undefined) return undefined
      const { tasks: usedTasks, euros: usedEuros } = await budget().sum()
      return {
        ...(tasks !== undefined && { tasks }),
        ...(euros !== undefined && { euros }),
        usedTasks,
        usedEuros,
      }
    },
    begin,
    list: () => [...progress.values()],
    close: async () => {
      watchers.delete(watch)
      const reason = new Error('The server is closed.')
      for (const controller of running.values()) controller.abort(reason)
      await Promise.allSettled(work)
    },
  }
}

/** What needs a decision first, which is made where it can be read about. */
function explainRefusal(
  state: 'failed' | 'ambiguous',
  fingerprint: string,
  reason: string | undefined,
): string {
  const short = shorten(fingerprint)
  if (state === 'failed') {
    return `The upscale failed before${reason === undefined ? '' : ` (${reason})`}. Run \`npx magnific retry ${short}\`, and it may be bought once more.`
  }
  return `It was submitted before, and may have been charged for. Run \`npx magnific resolve ${short} --adopt <task id>\`, or \`npx magnific resolve ${short} --void\` if the API has no such task.`
}
