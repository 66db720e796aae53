import { existsSync } from 'node:fs'
import { copyFile, mkdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, extname, join, relative, resolve } from 'node:path'
import { MagnificError } from '../core/errors.ts'
import { formatBytes, formatSize } from '../core/format-units.ts'
import { formatOfName } from '../core/formats.ts'
import { createPlanner } from '../planner.ts'
import type { PlannedReference } from '../planner.ts'
import { buyAll, mayBuy, toBoughtObject } from './buy.ts'
import type { BuyFlags } from './buy.ts'
import { checkLoaded } from './project.ts'
import { requestFlags } from './request-flags.ts'
import type { Workspace } from './workspace.ts'

/** The flags of `magnific upscale <image>`. */
export interface UpscaleImageFlags extends BuyFlags {
  /** Where the picture goes, from where we stand. */
  out: string
  /** Overwrites what is there. */
  force?: boolean | undefined
  /** A preset of the project, in place of a scale. */
  preset?: string | undefined
  /** Params and directives as they were typed, by the names of their flags. */
  said: Readonly<Partial<Record<string, string>>>
}

/**
 * Upscales one image into one file. It is paid for once, as everything is: its result is kept in the cache of the project.
 *
 * @param image from where we stand
 * @throws MagnificError `BAD_COMMAND`, `BAD_QUERY`, `NO_API_KEY`, and what a build would throw
 */
export async function runUpscaleImage(
  workspace: Workspace,
  image: string,
  flags: UpscaleImageFlags,
  write: (text: string) => void,
): Promise<void> {
  const { options, print, warn } = workspace
  const [file, out] = [resolve(image), resolve(flags.out)]
  checkOut(file, out, flags)
  checkLoaded(workspace.project)
  const query = renderQuery(flags, out)
  const planner = createPlanner(options, { info: warn, warn })
  const [planned] = await planner.plan([
    { specifier: `${file}?${query}`, query, importer: file, file, reached: true, line: 1 },
  ])
  if (!planned) throw new Error('Nothing was planned.')
  checkPlanned(planned)
  const { state, estimate } = planned
  if (flags.dryRun) {
    print(describePlan(planned, flags.out), { file, out, query, state, estimate })
    return
  }
  if (state !== 'cached') {
    const count = state === 'missing' ? 1 : 0
    if (!(await mayBuy(workspace, count, estimate, flags))) {
      throw new MagnificError('BAD_COMMAND', 'Nothing was bought.')
    }
  }
  const [bought] = await buyAll(workspace, [planned], flags, write)
  if (bought?.error !== undefined || !bought?.shipment) throw bought?.error
  const [variant] = bought.shipment.variants
  const info = variant?.readInfo()
  await putCopy(variant?.file ?? '', out)
  const size = info ? `  ${formatSize(info)}  ${formatBytes(info.bytes)}` : ''
  print(`${relative(process.cwd(), out)}${size}`, {
    ...toBoughtObject([bought], options.root),
    out,
    width: info?.width ?? null,
    height: info?.height ?? null,
    bytes: info?.bytes ?? null,
  })
}

function checkOut(file: string, out: string, { force = false }: UpscaleImageFlags): void {
  if (file === out) throw refusal(`"${out}" is the image itself. Name another file with --out.`)
  if (existsSync(out) && !force) {
    throw refusal(`"${out}" is there already. Name another file with --out, or add --force.`)
  }
}

/** As a source would write it, so that it is read by the same rules. */
function renderQuery({ said, preset }: UpscaleImageFlags, out: string): string {
  if (preset !== undefined && said['scale'] !== undefined) {
    throw refusal('Say either --scale or --preset.')
  }
  const values: typeof said = {
    ...said,
    format: said['format'] ?? formatOfOut(out),
    scale: said['scale'] ?? preset ?? '',
  }
  const pairs = requestFlags.flatMap(({ flag, key }) => {
    const value = values[flag]
    return value === undefined ? [] : value === '' ? [key] : [`${key}=${encodeURIComponent(value)}`]
  })
  return [...pairs, 'as=url'].join('&')
}

function formatOfOut(out: string): string {
  if (/^\.(?:png|jpe?g|webp|avif)$/i.test(extname(out))) return formatOfName(out)
  throw refusal(
    `"${basename(out)}" names no format. Let --out end in .png, .jpg, .webp or .avif, or add --format.`,
  )
}

function checkPlanned({ state, reason, directives, file }: PlannedReference): void {
  if (state === 'invalid' || state === 'failed') throw refusal(reason ?? `${file} is ${state}.`)
  if (directives.length > 1) {
    throw refusal(`That makes ${directives.length} pictures, and --out is one file. Say one value.`)
  }
}

function describePlan(
  { file, query, state, estimate, ...size }: PlannedReference,
  out: string,
): string {
  const price = estimate > 0 ? `  ~€${estimate.toFixed(2)}` : ''
  return `${relative(process.cwd(), file)}?${query}  ${formatSize(size)}  ${state}${price}  → ${out}`
}

/** Whole or not at all. */
async function putCopy(file: string, out: string): Promise<void> {
  await mkdir(dirname(out), { recursive: true })
  const tmp = join(dirname(out), `.${basename(out)}.${process.pid}`)
  try {
    await copyFile(file, tmp)
    await rename(tmp, out)
  } finally {
    await rm(tmp, { force: true })
  }
}

function refusal(text: string): MagnificError {
  return new MagnificError('BAD_COMMAND', text)
}
