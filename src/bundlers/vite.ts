import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Plugin, ResolvedConfig } from 'vite'
import { MagnificError } from '../core/errors.ts'
import { resolveOptions } from '../core/resolve-options.ts'
import type { Options } from '../core/options.ts'
import { referenceFilter } from '../core/request.ts'
import { createUpscaler } from '../upscaler.ts'
import type { Upscaler } from '../upscaler.ts'
import { locateError } from './host-error.ts'
import { findMissing, missingError } from './missing.ts'
import { readReference, redirect } from './redirect.ts'
import { createViteGuards } from './vite-guards.ts'

/**
 * The plugin for Vite: it redirects imports of references, in workers too, and refuses the references that it cannot
 * see through, since Vite would ship the original.
 *
 * @throws MagnificError `BAD_OPTIONS` when the config is resolved
 */
export function createVitePlugin(userOptions: Options = {}): Plugin[] {
  let upscaler: Upscaler | undefined
  const requireUpscaler = (): Upscaler => {
    if (upscaler) return upscaler
    throw new Error('unplugin-magnific was called before its configResolved hook.')
  }
  const imports = (): Plugin => createImportPlugin(requireUpscaler)

  return [
    {
      name: 'unplugin-magnific:setup',
      enforce: 'pre',
      // Vite does not run the plugins of the config in worker builds.
      config: () => ({ worker: { plugins: () => [imports()] } }),
      async configResolved(config) {
        const options = resolveOptions(userOptions, {
          root: config.root,
          command: config.command === 'serve' || config.build.watch ? 'serve' : 'build',
          env: await loadEnvironment(config),
        })
        if (config.command === 'serve' && options.onMiss === 'upscale') {
          throw new MagnificError(
            'BAD_OPTIONS',
            "onMiss: { serve: 'upscale' } is not there yet for Vite's dev server. Use 'preview', 'original' or 'error', and upscale with `vite build`.",
          )
        }
        upscaler = createUpscaler(options, config.logger)
      },
      buildStart: () => upscaler?.begin(),
      buildEnd(error) {
        if (error) upscaler?.abort()
      },
      closeBundle: () => upscaler?.end(),
    },
    imports(),
    createViteGuards(requireUpscaler),
  ]
}

/** Redirects imports. A worker's build has an instance of its own. */
function createImportPlugin(requireUpscaler: () => Upscaler): Plugin {
  let config: ResolvedConfig
  return {
    name: 'unplugin-magnific',
    // Before vite:asset, which would take the id.
    enforce: 'pre',
    configResolved(resolved) {
      config = resolved
    },
    resolveId: {
      // Only what nobody else could resolve comes here, so that the others cost nothing.
      order: 'post',
      filter: { id: referenceFilter },
      handler(source, importer) {
        const missing = findMissing(source, importer)
        if (missing === undefined) return null
        throw locateError(missingError(missing, importer), source, importer)
      },
    },
    load: {
      filter: { id: referenceFilter },
      async handler(id) {
        const upscaler = requireUpscaler()
        const reference = readReference(id, upscaler)
        if (!reference) return null
        if (config.command === 'serve') await checkAccess(config, reference.file)
        const code = await redirect(reference, id, upscaler, this).catch((error: unknown) => {
          throw explainPublicFile(error, reference.file, config)
        })
        this.addWatchFile(reference.file)
        return { code, map: null, moduleType: 'js', moduleSideEffects: false }
      },
    },
  }
}

/** The process's environment with what Vite's `.env` files add to it. */
async function loadEnvironment(
  config: ResolvedConfig,
): Promise<Record<string, string | undefined>> {
  const { loadEnv } = await import('vite')
  const fromFiles = config.envDir
    ? loadEnv(config.mode, config.envDir, ['FREEPIK_', 'MAGNIFIC_'])
    : {}
  return { ...fromFiles, ...process.env }
}

/** Refuses what the dev server must not read. Vite itself checks only after every plugin has declined. */
async function checkAccess(config: ResolvedConfig, file: string): Promise<void> {
  const { isFileLoadingAllowed } = await import('vite')
  if (isFileLoadingAllowed(config, file)) return
  throw new MagnificError(
    'UNSUPPORTED_REFERENCE',
    `The dev server may not read this file. Allow its folder in server.fs.allow, which holds ${config.server.fs.allow.join(', ')}.`,
    { file },
  )
}

/** Files in `public/` have URLs, but are no modules: an import of one names a file that is not there. */
function explainPublicFile(error: unknown, file: string, { publicDir }: ResolvedConfig): unknown {
  const isPublic =
    error instanceof MagnificError &&
    error.code === 'SOURCE_MISSING' &&
    publicDir !== '' &&
    existsSync(join(publicDir, file))
  if (!isPublic) return error
  return new MagnificError(
    'UNSUPPORTED_REFERENCE',
    `"${file}" is in ${publicDir}, whose files are shipped as they are. Move it next to your sources and import it from there.`,
    { file: join(publicDir, file), importer: error.importer, cause: error },
  )
}
