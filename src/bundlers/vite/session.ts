import type { Environment, ResolvedConfig } from 'vite'
import { systemClock } from '../../core/clock.ts'
import { MagnificError } from '../../core/errors.ts'
import { splitReference } from '../../core/request.ts'
import type { Reference, Shipment } from '../../shipment.ts'
import type { Upscaler } from '../../upscaler.ts'
import { toModuleId } from '../redirect.ts'
import { checkSingle } from '../../core/single-request.ts'
import { decodePath } from './files.ts'
import {
  checkAsset,
  explainPublicFile,
  findPublicPath,
  isPublicUrl,
  publicFileError,
} from './project.ts'
import type { Background } from './dev/background.ts'
import type { KnownReferences } from './dev/known-references.ts'

/** What is known once the config is resolved. One for each plugin instance. */
export interface Session {
  readonly config: ResolvedConfig
  readonly upscaler: Upscaler
  /** Where there is a dev server. */
  readonly dev: DevSession | undefined
}

/** What a dev server knows and does beside answering. */
export interface DevSession {
  /** What modules, style sheets and pages refer to. */
  readonly known: KnownReferences
  readonly background: Background
}

/** Whether modules go to a browser one by one, and images by their URLs; bundles hold files. */
export function isServed({ config }: Session, environment: Environment): boolean {
  return config.command === 'serve' && environment.mode === 'dev' && !environment.config.isBundled
}

/**
 * What is shipped for a reference, or shown for now.
 *
 * @throws MagnificError
 */
export async function ship(reference: Reference, session: Session): Promise<Shipment> {
  const { config, upscaler, dev } = session
  try {
    checkAsset(config, reference.file)
    if (dev) return await show(reference, upscaler, dev)
    return upscaler.find(reference) ?? (await upscaler.upscale(reference))
  } catch (error) {
    throw explainPublicFile(error, reference.file, config)
  }
}

/**
 * The id of the one file to ship where there is room for one URL.
 *
 * @throws MagnificError `UNSUPPORTED_REFERENCE` where the query asks for more, before anything is made
 */
export async function shipFile(reference: Reference, session: Session): Promise<string> {
  checkSingle(session.upscaler.parse(reference))
  const { variants, hostQuery } = await ship(reference, session)
  return toModuleId(variants[0]?.file ?? '', hostQuery)
}

/**
 * What a dev server shows for a reference at once. What is better comes later, and only for those that really are in the
 * project: a request never spends.
 *
 * @param signal aborts when nobody waits any more
 * @throws MagnificError
 */
export async function show(
  reference: Reference,
  upscaler: Upscaler,
  { known, background }: DevSession,
  signal?: AbortSignal,
): Promise<Shipment> {
  const { onMiss } = upscaler.options
  const shipment = await upscaler.upscale(reference, {
    onMiss: onMiss === 'upscale' ? 'preview' : onMiss,
    ...(signal && { signal }),
  })
  const mayBeBetter = onMiss === 'upscale' && shipment.from === 'preview'
  if (mayBeBetter && known.has(reference)) background.upscale(reference)
  return shipment
}

/**
 * As `show`, where a picture that is refused may be half of one that somebody is writing: it is looked at again when it
 * has come to rest.
 *
 * @throws MagnificError
 */
export async function showSettled(
  reference: Reference,
  upscaler: Upscaler,
  dev: DevSession,
  signal: AbortSignal,
): Promise<Shipment> {
  try {
    return await show(reference, upscaler, dev, signal)
  } catch (error) {
    if (!(error instanceof MagnificError) || error.code !== 'SOURCE_REFUSED') throw error
    const { awaitSettled } = await import('../../settle.ts')
    // What is gone by then is found missing.
    await awaitSettled(reference.file, systemClock, signal).catch(() => {})
    return show(reference, upscaler, dev, signal)
  }
}

/**
 * Looks at a reference in a dev server: what is wrong shows at once, and the image itself is made when it is asked for.
 *
 * @throws MagnificError
 */
export async function examine(reference: Reference, { config, upscaler }: Session): Promise<void> {
  try {
    checkAsset(config, reference.file)
    await upscaler.check(reference)
  } catch (error) {
    throw explainPublicFile(error, reference.file, config)
  }
}

/**
 * The same where there is room for one URL.
 *
 * @throws MagnificError
 */
export async function examineFile(reference: Reference, session: Session): Promise<void> {
  await examine(reference, session)
  checkSingle(session.upscaler.parse(reference))
}

/**
 * Refuses a URL that leads to a file in `public/`.
 *
 * @throws MagnificError `UNSUPPORTED_REFERENCE`
 */
export function checkPublic(url: string, importer: string, { config }: Session): void {
  const { file } = splitReference(url)
  if (isPublicUrl(config, file)) throw publicFileError(config, file, { importer })
}

/**
 * Refuses a text that leads to one, once it is a picture's URL in a page.
 *
 * @throws MagnificError `UNSUPPORTED_REFERENCE`
 */
export function checkPublicText(text: string, importer: string, { config }: Session): void {
  const { file } = splitReference(text)
  const path = findPublicPath(config, decodePath(file) ?? file)
  if (path !== undefined) throw publicFileError(config, path, { importer })
}
