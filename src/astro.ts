import { checkPages, createContentPlugin } from './bundlers/astro.ts'
import { createVitePlugin } from './bundlers/vite/plugin.ts'
import type { PluginApi } from './bundlers/vite/plugin.ts'
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

/**
 * unplugin-magnific for Astro.
 *
 * @example
 * // astro.config.mjs
 * import { defineConfig } from 'astro/config'
 * import magnific from 'unplugin-magnific/astro'
 *
 * export default defineConfig({ integrations: [magnific()] })
 */
export default function magnific(options?: Options): MagnificIntegration {
  const plugins = createVitePlugin(options)
  const api = plugins[0]?.api as PluginApi
  return {
    name: 'unplugin-magnific',
    hooks: {
      'astro:config:setup': ({ updateConfig }) => {
        updateConfig({ vite: { plugins: [createContentPlugin(api), ...plugins] } })
      },
      'astro:config:done': ({ injectTypes }) => {
        injectTypes({ filename: 'magnific.d.ts', content: renderTypes() })
      },
      'astro:build:done': async ({ dir }) => checkPages(dir, api),
    },
  }
}

/** An import gives what it gives for any picture in Astro. */
function renderTypes(): string {
  const scales = ['', '=2x', '=4x', '=8x', '=16x']
  const queries = ['?', '&'].flatMap((mark) => scales.map((scale) => `${mark}magnific${scale}`))
  return queries
    .map(
      (query) =>
        `declare module '*${query}' {\n  const image: import('astro').ImageMetadata\n  export default image\n}\n`,
    )
    .join('')
}

export type { Options }
