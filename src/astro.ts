import { checkPages, createContentPlugin } from './bundlers/astro/plugin.ts'
import { createVitePlugin } from './bundlers/vite/plugin.ts'
import type { PluginApi } from './bundlers/vite/plugin.ts'
import { MagnificError } from './core/errors.ts'
import type { Options } from './core/options.ts'

/** What Astro takes for an integration. Its own types are needed by nobody else. */
export interface MagnificIntegration {
  name: string
  hooks: {
    'astro:config:setup': (setup: {
      // oxlint-disable-next-line typescript/no-explicit-any -- plugins of the Vite that Astro brings
      updateConfig: (config: { vite: { plugins: any[] } }) => unknown
    }) => void
    'astro:config:done': (setup: {
      injectTypes: (file: { filename: string; content: string }) => unknown
    }) => void
    'astro:build:done': (built: { dir: URL }) => Promise<void>
  }
}

/** An import gives what it gives for any picture in Astro. */
const types = '/// <reference types="unplugin-magnific/client/astro" />\n'

/**
 * unplugin-magnific for Astro.
 *
 * @example
 * // astro.config.mjs
 * import { defineConfig } from 'astro/config'
 * import magnific from 'unplugin-magnific/astro'
 *
 * export default defineConfig({ integrations: [magnific()] })
 *
 * @throws MagnificError `BAD_OPTIONS` for `dts`; for others, when the config is resolved
 */
export default function magnific(options?: Options): MagnificIntegration {
  if (options?.dts) throw dtsError()
  const plugins = createVitePlugin(options)
  const api = plugins[0]?.api as PluginApi
  return {
    name: 'unplugin-magnific',
    hooks: {
      'astro:config:setup': ({ updateConfig }) => {
        updateConfig({ vite: { plugins: [createContentPlugin(api), ...plugins] } })
      },
      'astro:config:done': ({ injectTypes }) => {
        injectTypes({ filename: 'magnific.d.ts', content: types })
      },
      'astro:build:done': async ({ dir }) => checkPages(dir, api),
    },
  }
}

function dtsError(): MagnificError {
  return new MagnificError(
    'BAD_OPTIONS',
    '`dts` declares URLs, and Astro imports objects with `src`, `width` and `height`, whose types this integration adds. Leave it out.',
  )
}

export type { Options }
