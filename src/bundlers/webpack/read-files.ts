import { readFile } from 'node:fs/promises'
import type { Compiler } from 'webpack'
import { MagnificError } from '../../core/errors.ts'
import { findReadPictures } from '../read-pictures.ts'

/** Sources in the language of a preprocessor that reads files by itself, and components that may have styles in it. */
const preprocessed = /\.(?:less|styl|stylus|vue)$/

/**
 * Refuses references in functions of Less and Stylus that read a file by themselves, without its query. Partials come to no
 * loader: it is looked for in all files that were read.
 */
export function refuseReadPictures(
  compiler: Compiler,
  name: string,
  passthrough: readonly string[],
): void {
  /** By file, until it changes. */
  const known = new Map<string, readonly string[]>()
  compiler.hooks.afterCompile.tapPromise(name, async (compilation) => {
    if (compilation.compiler.isChild()) return
    for (const file of compiler.modifiedFiles ?? []) known.delete(file)
    const files = [...compilation.fileDependencies].filter((file) => preprocessed.test(file))
    for (const file of files) {
      const refusals = known.get(file) ?? (await findRefusals(file, passthrough))
      known.set(file, refusals)
      for (const refusal of refusals) {
        const { message } = new MagnificError('UNSUPPORTED_REFERENCE', refusal, { importer: file })
        compilation.errors.push(Object.assign(new Error(message), { hideStack: true }))
      }
    }
  })
}

async function findRefusals(file: string, passthrough: readonly string[]): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch(() => '')
  const pictures = await findReadPictures(file, text, passthrough)
  return pictures.map(({ specifier, refusal }) => `"${specifier}": ${refusal}`)
}
