import type { ResolvedConfig } from 'vite'
import { isReference, splitReference } from '../../core/request.ts'
import type { Reference, Upscaler, Variant } from '../../upscaler.ts'
import { checkAsset, explainPublicFile, isPublicUrl, publicFileError } from './project.ts'
import type { KnownReferences } from './dev/known-references.ts'

/** What is known once the config is resolved. One for each plugin instance. */
export interface Session {
  readonly config: ResolvedConfig
  readonly upscaler: Upscaler
  /** What modules, style sheets and pages refer to; where there is a dev server. */
  readonly known: KnownReferences | undefined
}

/** Whether a URL is for us to read, and may be a file of this project. */
export function isOwnUrl(url: string, { upscaler }: Session): boolean {
  return !isElsewhere(url) && isReference(splitReference(url).query, upscaler.options.passthrough)
}

/** A URL that names a host, or a place on the page itself. */
export function isElsewhere(url: string): boolean {
  return /^(?:[a-z][\w+.-]*:|\/\/|#)/i.test(url)
}

/**
 * The file to ship for a reference in a build.
 *
 * @throws MagnificError
 */
export async function ship(reference: Reference, { config, upscaler }: Session): Promise<Variant> {
  try {
    checkAsset(config, reference.file)
    return await upscaler.upscale(reference)
  } catch (error) {
    throw explainPublicFile(error, reference.file, config)
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
 * Refuses a URL that leads to a file in `public/`.
 *
 * @throws MagnificError `UNSUPPORTED_REFERENCE`
 */
export function checkPublic(url: string, importer: string, { config }: Session): void {
  const { file } = splitReference(url)
  if (isPublicUrl(config, file)) throw publicFileError(config, file, { importer })
}
