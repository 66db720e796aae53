import type { ResolvedConfig } from 'vite'
import { MagnificError } from '../../core/errors.ts'
import { isSingle } from '../../core/single-request.ts'
import type { Reference } from '../../shipment.ts'
import { locateError } from '../host-error.ts'
import { shipFile } from './session.ts'
import type { Session } from './session.ts'

// `<enhanced:img src="./hero.png?magnific=4x">` gets the upscaled picture. @sveltejs/enhanced-img reads the file that the
// reference is resolved to while it compiles a component, and asks nobody to load it: so it is resolved to the variant.

/** The keys of queries that are @sveltejs/enhanced-img's; none where a config goes without it. */
export function enhancedKeysOf({ plugins }: ResolvedConfig): string[] {
  return plugins.some(({ name }) => name === 'vite-plugin-enhanced-img-markup')
    ? ['enhanced', 'imgSizes', 'imgWidth']
    : []
}

/** Whether a reference is for @sveltejs/enhanced-img to go on with. */
export function isEnhanced(query: string, { upscaler }: Session): boolean {
  return (
    upscaler.options.passthrough.includes('enhanced') && /(?:^|&)enhanced(?:[=&]|$)/.test(query)
  )
}

/**
 * What a reference is resolved to for @sveltejs/enhanced-img.
 *
 * @param source as it is written
 * @returns the variant's path, with the keys that are not ours
 * @throws MagnificError
 */
export async function shipEnhanced(
  reference: Reference & { importer: string },
  source: string,
  session: Session,
): Promise<string> {
  const { file, importer } = reference
  try {
    // The component that is compiled holds what is made of the picture: when that changes, it is compiled anew.
    session.dev?.known.markMissing(file)
    checkVariants(reference, session)
    return await shipFile(reference, session)
  } catch (error) {
    throw locateError(error, source, importer)
  }
}

function checkVariants(reference: Reference, { upscaler }: Session): void {
  if (isSingle(upscaler.parse(reference))) return
  throw new MagnificError(
    'UNSUPPORTED_REFERENCE',
    '@sveltejs/enhanced-img makes sizes and formats of one picture, and this query gives it something else. ' +
      "Leave them to it, ?magnific=4x, or name one size, ?magnific=4x&w=1280. Or import the image, import hero from './hero.png?magnific=4x&as=picture', and write the element yourself.",
  )
}
