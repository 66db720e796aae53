import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Plugin, PluginContext } from 'rollup'
import { MagnificError } from '../core/errors.ts'
import { directivesOfName } from '../core/formats.ts'
import { resolveOptions } from '../core/resolve-options.ts'
import type { Options } from '../core/options.ts'
import { isReference, referenceFilter, splitReference } from '../core/request.ts'
import { createUpscaler } from '../upscaler.ts'
import type { Upscaler } from '../upscaler.ts'
import { locateError } from './host-error.ts'
import { findMissing, missingError } from './missing.ts'
import { readReference, redirect } from './redirect.ts'

/**
 * The plugin for Rollup, in two parts: one redirects references to files, the other one emits those files after every
 * plugin that handles assets has had its chance to.
 *
 * @throws MagnificError `BAD_OPTIONS` when the build starts
 */
export function createRollupPlugin(userOptions: Options = {}): Plugin[] {
  let upscaler: Upscaler | undefined

  const start = ({ meta }: PluginContext): Upscaler =>
    (upscaler ??= createUpscaler(
      resolveOptions(userOptions, {
        root: process.cwd(),
        command: meta.watchMode ? 'serve' : 'build',
        env: process.env,
      }),
      { info: writeLine, warn: writeLine },
    ))

  return [
    {
      name: 'unplugin-magnific',
      buildStart() {
        start(this).begin()
      },
      async resolveId(source, importer, { isEntry, attributes, custom = {} }) {
        if (upscaler?.isVariant(source)) return source
        if (!referenceFilter.test(source) || source.startsWith('\0')) return null
        const { file, query } = splitReference(source)
        if (!isReference(query, start(this).options.passthrough)) return null
        // Rollup knows no queries: the file is resolved by whoever can, and gets its query back.
        const resolved = await this.resolve(file, importer, {
          isEntry,
          attributes,
          custom,
          skipSelf: true,
        })
        if (!resolved) {
          const missing = findMissing(source, importer)
          if (missing === undefined) return null
          throw locateError(missingError(missing, importer), source, importer)
        }
        if (resolved.external) throw locateError(externalError(file), source, importer)
        return { ...resolved, id: `${splitReference(resolved.id).file}?${query}` }
      },
      async load(id) {
        const reference = readReference(id, start(this))
        if (!reference) return null
        this.addWatchFile(reference.file)
        const code = await redirect(reference, id, start(this), this)
        return { code, map: null, moduleSideEffects: false }
      },
      buildEnd(error) {
        // Rollup waits for nobody: what is still being polled would keep the process alive.
        if (error) upscaler?.abort()
      },
      closeBundle() {
        upscaler?.end()
      },
    },
    {
      name: 'unplugin-magnific:emit',
      load: {
        order: 'post',
        async handler(id) {
          if (!upscaler?.isVariant(id)) return null
          const { file, query } = splitReference(id)
          const source = await readFile(file)
          const value = query.split('&').includes('inline')
            ? JSON.stringify(renderDataUri(file, source))
            : `import.meta.ROLLUP_FILE_URL_${this.emitFile({ type: 'asset', name: basename(file), source })}`
          return { code: `export default ${value}`, map: null, moduleSideEffects: false }
        },
      },
    },
  ]
}

/** Rollup inlines nothing by itself, so `?inline` is on us. */
function renderDataUri(file: string, source: Buffer): string {
  return `data:image/${directivesOfName(file).format};base64,${source.toString('base64')}`
}

function writeLine(message: string): void {
  process.stderr.write(`${message}\n`)
}

function externalError(file: string): MagnificError {
  return new MagnificError(
    'UNSUPPORTED_REFERENCE',
    `"${file}" is external, so that it is not part of the build and cannot be upscaled. Take it out of \`external\`.`,
  )
}
