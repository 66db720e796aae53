import { colors } from '../core/colors.ts'
import { isMagnificError, MagnificError } from '../core/errors.ts'
import { formatPath } from '../core/format-path.ts'
import { formatEstimate } from '../core/format-units.ts'
import type { ResolvedOptions } from '../core/options.ts'
import type { PlannedReference } from '../planner.ts'
import type { Origin } from '../report.ts'
import type { Shipment } from '../shipment.ts'
import { createUpscaler } from '../upscaler.ts'
import { confirm } from './confirm.ts'
import type { ConfirmFlags } from './confirm.ts'
import type { Workspace } from './workspace.ts'

/** The flags of commands that buy. */
export interface BuyFlags extends ConfirmFlags {
  /** The most that may be spent, euros. */
  budget?: number | undefined
  /** Tells what would be bought, and does nothing. */
  dryRun?: boolean | undefined
}

/** What became of a reference. */
export type Bought = { reference: PlannedReference } & (
  | { shipment: Shipment; error?: never }
  | { shipment?: never; error: unknown }
)

/**
 * Asks whether these may be bought. What is paid for already is fetched without a question.
 *
 * @param estimate of all, euros
 * @throws MagnificError `BAD_COMMAND` where there is nobody to ask, `NO_API_KEY`
 */
export async function mayBuy(
  { options }: Workspace,
  count: number,
  estimate: number,
  flags: ConfirmFlags,
): Promise<boolean> {
  if (count === 0) return true
  if (options.readOnly) {
    throw new MagnificError(
      'BAD_COMMAND',
      'Nothing is bought with a cache that is read only: others would not hear of it. Take `cache.readOnly` out, or set MAGNIFIC_PRIVATE_KEY where the shared cache is signed.',
    )
  }
  if (options.apiKey === undefined) {
    throw new MagnificError(
      'NO_API_KEY',
      'There is no API key to upscale with. Set FREEPIK_API_KEY in the environment, or in .env.local.',
    )
  }
  const elsewhere = options.service === 'magnific' ? '' : ` at ${options.baseUrl}`
  const images = `${count} image${count === 1 ? '' : 's'}`
  const price = `${formatEstimate(estimate)} (an estimate)`
  return confirm(`Upscale ${images} for ${price}${elsewhere}`, flags)
}

/**
 * Upscales references as a build would, all at once within the limits of the options, with a build's progress and summary.
 *
 * @param budget euros; that of the options where there is none
 */
export async function buyAll(
  { options, warn }: Workspace,
  references: readonly PlannedReference[],
  { budget, json = false }: BuyFlags,
  write: (text: string) => void,
): Promise<Bought[]> {
  const limited: ResolvedOptions = {
    ...options,
    command: 'build',
    onMiss: 'upscale',
    report: undefined,
    budget: budget === undefined ? options.budget : { ...options.budget, euros: budget },
  }
  const upscaler = createUpscaler(limited, { info: json ? warn : write, warn })
  upscaler.begin()
  const bought = await Promise.all(
    references.map(async (reference): Promise<Bought> => {
      const { file, query, importer } = reference
      try {
        return { reference, shipment: await upscaler.upscale({ file, query, importer }) }
      } catch (error) {
        return { reference, error }
      }
    }),
  )
  await upscaler.end()
  return bought
}

/** What failed, each thing told once however many references it is about. */
export function describeFailures(bought: readonly Bought[]): string[] {
  const messages = bought.flatMap(({ error }) =>
    error === undefined ? [] : [(error as Error).message],
  )
  return [...new Set(messages)].map((message) => `${colors.red('✗')} ${message}`)
}

/** What was done, as programs read it. */
export function toBoughtObject(bought: readonly Bought[], root: string): object {
  const describe = ({ file, query, fingerprint }: PlannedReference): object => ({
    file: formatPath(root, file),
    query,
    fingerprint: fingerprint ?? null,
  })
  const upscaled = bought.flatMap(({ reference, shipment }) => {
    if (!shipment) return []
    const from: Origin = shipment.origin
    return { ...describe(reference), from, estimate: from === 'paid' ? reference.estimate : 0 }
  })
  const failed = bought.flatMap(({ reference, error }) =>
    error === undefined
      ? []
      : {
          ...describe(reference),
          reason: isMagnificError(error) ? error.text : (error as Error).message,
        },
  )
  return { upscaled, failed }
}
