import { MagnificError } from '../core/errors.ts'
import { isReference, splitReference } from '../core/request.ts'

/** A reference that is left to whoever runs the bundle, and so is not upscaled. */
export function externalError(specifier: string, importer?: string): MagnificError {
  return new MagnificError(
    'UNSUPPORTED_REFERENCE',
    `"${specifier}" is external, so that it is not part of the build and cannot be upscaled. Take it out of \`external\`.`,
    { importer },
  )
}

/**
 * Hosts ask `external` before any plugin: what it takes away shows in what chunks import.
 *
 * @throws MagnificError `UNSUPPORTED_REFERENCE`
 */
export function checkImports(
  {
    fileName,
    imports,
    dynamicImports,
  }: {
    fileName: string
    imports: readonly string[]
    dynamicImports: readonly string[]
  },
  passthrough: readonly string[],
): void {
  const external = [...imports, ...dynamicImports].find((specifier) =>
    isReference(splitReference(specifier).query, passthrough),
  )
  if (external !== undefined) throw externalError(external, fileName)
}
