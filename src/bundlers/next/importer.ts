import { basename, join } from 'node:path'
import type { ResolvedOptions } from '../../core/options.ts'
import { splitReference } from '../../core/request.ts'
import type { Reference } from '../../shipment.ts'

/**
 * Who refers to an image, as far as the sources tell: Turbopack does not say it to loaders, and not with every error.
 *
 * @returns an absolute path
 */
export async function findImporter(
  { file, query }: Reference,
  { root, passthrough }: ResolvedOptions,
): Promise<string | undefined> {
  const [{ scanProject }, { createPlainResolve }] = await Promise.all([
    import('../../scan/scan-project.ts'),
    import('../../scan/plain-resolve.ts'),
  ])
  const { references } = await scanProject({
    root,
    ignored: [join(root, '.next')],
    passthrough,
    checksSyntax: false,
    resolve: createPlainResolve({ root }),
  })
  const same = references.filter((each) => each.query === query)
  const found =
    same.find((each) => each.file === file) ??
    // Aliases are Turbopack's: a name tells as well.
    same.find(({ specifier }) => basename(splitReference(specifier).file) === basename(file))
  return found?.importer
}
