import { readFile } from 'node:fs'
import { promisify } from 'node:util'
import type { LoaderContext } from 'webpack'
import type { LoaderOptions } from './bundlers/webpack.ts'
import { MagnificError } from './core/errors.ts'

// The one of node:fs/promises takes three times as long.
const read = promisify(readFile)

/** Contents are bytes. */
export const raw = true

/**
 * Answers with the upscaled image before webpack has read the original.
 *
 * @throws MagnificError
 */
export async function pitch(this: LoaderContext<LoaderOptions>): Promise<Buffer | undefined> {
  const { upscaler } = this.getOptions()
  this.addDependency(this.resourcePath)
  try {
    const { file, from } = await upscaler.upscale({
      file: this.resourcePath,
      query: this.resourceQuery.slice(1) + this.resourceFragment,
      importer: findIssuer(this),
    })
    // What stands in for a result must not outlive the moment when there is one.
    if (from === 'preview' || from === 'original') this.cacheable(false)
    return await read(file)
  } catch (error) {
    // webpack prints stacks unless it is told that the message says it all.
    throw error instanceof MagnificError ? Object.assign(error, { hideStack: true }) : error
  }
}

function findIssuer({ _compilation, _module }: LoaderContext<LoaderOptions>): string | undefined {
  const issuer = _module && _compilation?.moduleGraph.getIssuer(_module)
  return issuer && 'resource' in issuer ? String(issuer.resource) : undefined
}
