import { createHash, randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import pLimit from 'p-limit'
import { expect } from 'vitest'
import { createClient } from '../../src/api/client.ts'
import { createPace } from '../../src/api/pace.ts'
import { estimatePrice, usualPrices } from '../../src/core/estimate.ts'
import { computeFingerprint } from '../../src/core/fingerprint.ts'
import { serviceOf } from '../../src/core/service.ts'
import { parseRequest } from '../../src/core/request.ts'
import type { Order, Phase, PurchaseContext, Purchased } from '../../src/purchase/order.ts'
import { purchase } from '../../src/purchase/purchase.ts'
import type { BudgetLimits } from '../../src/core/options.ts'
import { scaleOf } from '../../src/core/params.ts'
import { inspectSource } from '../../src/image/inspect.ts'
import { createTaskList } from '../../src/purchase/task-list.ts'
import { createBlobStore } from '../../src/store/blobs.ts'
import { createBudget } from '../../src/store/budget.ts'
import { createJournalFiles } from '../../src/store/journal-files.ts'
import { createJournal } from '../../src/store/journal.ts'
import { createLayout, shardedPath } from '../../src/store/layout.ts'
import type { Layout } from '../../src/store/layout.ts'
import { identifyProcess } from '../../src/store/liveness.ts'
import type { ProcessIdentity } from '../../src/store/liveness.ts'
import { createMemo } from '../../src/store/memo.ts'
import { createRecordStore } from '../../src/store/records.ts'
import { namesIn } from './cache.ts'
import { simulateClock } from './clock.ts'
import type { SimulatedClock } from './clock.ts'
import type { Clock } from '../../src/core/clock.ts'
import { makePng } from './images.ts'
import { tmpProject } from './project.ts'
import { vocabularyOf } from './vocabulary.ts'
import type { Project } from './project.ts'

/** How a shop is opened. */
export interface ShopSettings extends Partial<Omit<PurchaseContext, 'clock' | 'client' | 'limit'>> {
  /** Origin of the API. */
  baseUrl: string
  apiKey?: string
  clock?: Clock
  concurrency?: number
  /** Without it, nothing is held back. */
  ratePerMinute?: number
  /** Runs between the inspection of a source and its purchase. */
  beforeBuying?: () => void
  /** The budget; without it there is no limit. */
  limits?: BudgetLimits
  /** Who buys, where it is not this process. */
  self?: ProcessIdentity
}

/** What one build has to buy images with: a new shop on the same project is the next build. */
export interface Shop {
  readonly layout: Layout
  /** Simulated, unless another one was given. */
  readonly clock: SimulatedClock
  readonly context: PurchaseContext
  readonly warnings: readonly string[]
  readonly phases: readonly Phase[]
  /** @param query without the question mark */
  order(file: string, query?: string): Order
  buy(order: Order, signal?: AbortSignal): Promise<Purchased>
}

/** A project with one picture, large enough for nobody to warn about it. */
export async function pictureProject(): Promise<Project> {
  return tmpProject({ 'hero.png': await makePng({ width: 200, height: 160 }) })
}

/** Everything that `purchase` needs, on a project's own `.magnific`, with a clock that costs no time. */
export function openShop(
  project: Project,
  {
    baseUrl,
    apiKey = 'test-key-of-somebody',
    concurrency = 8,
    limits = {},
    self = identifyProcess(),
    ...settings
  }: ShopSettings,
): Shop {
  const { clock: given, beforeBuying, ratePerMinute, ...overrides } = settings
  const simulated = simulateClock()
  const clock = given ?? simulated
  const layout = createLayout(project.path('.magnific'))
  const spare = createLayout(project.path('spare'))
  const service = serviceOf(baseUrl)
  const pace = ratePerMinute === undefined ? undefined : createPace(ratePerMinute, clock)
  const client = createClient({ baseUrl, apiKey, pace })
  const limit = pLimit(concurrency)
  const warnings: string[] = []
  const phases: Phase[] = []
  const journal = overrides.journal ?? createJournal(layout, undefined, self)
  const tasks = createTaskList(client, clock)
  const context: PurchaseContext = {
    root: project.dir,
    service,
    deadline: 30 * 60_000,
    onTooLarge: 'error',
    alpha: 'join',
    prices: usualPrices,
    tmp: layout.tmp,
    drawing: async (work) => work(),
    clock,
    journal,
    limits,
    budget: createBudget(layout, {
      files: createJournalFiles(layout),
      isFree: async ({ fingerprint, attempt }) => journal.isFree(fingerprint, attempt),
      now: clock.now,
      self,
    }),
    blobs: createBlobStore(layout, createMemo(layout)),
    spare: createBlobStore(spare, createMemo(spare)),
    records: createRecordStore(layout),
    client: () => client,
    taskList: () => tasks,
    findings: new Map(),
    command: (rest) => `npx magnific ${rest}`,
    queue: pLimit(8),
    limit: async (work) => {
      beforeBuying?.()
      return limit(work)
    },
    downloads: pLimit(4),
    halt: {},
    warn: (message) => void warnings.push(message),
    onPhase: (phase) => void phases.push(phase),
    ...overrides,
  }
  return {
    layout,
    clock: simulated,
    context,
    warnings,
    phases,
    order: (file, query = 'magnific=2x') => {
      const request = parseRequest(file, query, vocabularyOf())
      const sourceHash = createHash('sha256').update(readFileSync(file)).digest('hex')
      const fingerprint = computeFingerprint(service, sourceHash, request.params)
      return { fingerprint, file, sourceHash, request }
    },
    buy: async (order, signal = new AbortController().signal) => purchase(order, context, signal),
  }
}

/** The folder of one attempt in the journal. */
export function attemptFolder({ layout }: Shop, { fingerprint }: Order, number = 1): string {
  return join(shardedPath(layout.journal, fingerprint), String(number).padStart(4, '0'))
}

/** The files of each attempt in the journal, by its number: `{ '0001': { decided: '…' } }`. */
export function readAttempts(
  { layout }: Shop,
  { fingerprint }: Order,
): Record<string, Record<string, string>> {
  const folder = shardedPath(layout.journal, fingerprint)
  const readAttempt = (name: string): Record<string, string> =>
    Object.fromEntries(
      namesIn(join(folder, name)).map((file) => [
        file,
        readFileSync(join(folder, name, file), 'utf8'),
      ]),
    )
  return Object.fromEntries(namesIn(folder).map((name) => [name, readAttempt(name)]))
}

/** The files of an attempt that was given up before its last byte, for `toEqual`. */
export const abandoned: Record<string, string> = {
  owner: expect.stringMatching(/^\{.*\}\n$/) as string,
  decided: expect.stringMatching(/^abandon /) as string,
}

/** What a person decides by `magnific resolve --adopt`: the task is the one of the attempt that counts. */
export async function adoptTask({ context }: Shop, order: Order, task: string): Promise<void> {
  const attempt = await context.journal.find(order.fingerprint)
  if (attempt) await context.journal.writeTask(attempt, task)
}

/** What a person decides by `magnific resolve --void` or `magnific retry`: the attempt does not count. */
export async function voidAttempt({ context }: Shop, order: Order): Promise<void> {
  const attempt = await context.journal.find(order.fingerprint)
  if (attempt) await context.journal.writeVoid(attempt, new Date(context.clock.now()))
}

/** The command line that an error names for a picture. */
export function commandFor({ fingerprint }: Order, verb: string, rest = ''): string {
  return `\`npx magnific ${verb} ${fingerprint.slice(0, 12)}${rest}\``
}

/** Leaves an attempt in the journal as a build that crashed would. */
export function leaveAttempt(
  shop: Shop,
  order: Order,
  files: Record<string, string>,
  number = 1,
): string {
  const folder = attemptFolder(shop, order, number)
  mkdirSync(folder, { recursive: true })
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
  return folder
}

/**
 * The `owner` file of somebody who tries to buy.
 *
 * @param listed the tasks that the API listed beforehand; without it, it listed none
 */
export async function describeOwner(
  { context }: Shop,
  { file, sourceHash, request: { params } }: Order,
  who: Partial<ProcessIdentity> = {},
  listed?: string[],
): Promise<string> {
  const scale = scaleOf(params)
  const { sent, thumbnail } = await inspectSource(file, scale, context)
  const subject = {
    file: relative(context.root, file),
    source: sourceHash,
    params,
    ...sent,
    estimate: estimatePrice(sent.width * sent.height, scale),
    thumbnail: thumbnail.toString('base64'),
    listed,
  }
  const at = new Date(context.clock.now()).toISOString()
  const owner = { ...identifyProcess(), ...who, nonce: randomUUID(), at, subject }
  return `${JSON.stringify(owner)}\n`
}
