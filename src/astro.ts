import { createVitePlugin } from './bundlers/vite/plugin.ts'
import type { Options } from './core/options.ts'

/** What Astro takes for an integration, as far as this one goes: Astro's own types are needed by nobody else. */
export interface AstroIntegration {
  name: string
  hooks: {
    'astro:config:setup': (setup: {
      updateConfig: (config: { vite: { plugins: any[] } }) => unknown
    }) => void
  }
}

/**
 * unplugin-magnific for Astro.
 *
 * @example
 * // astro.config.mjs
 * import magnific from 'unplugin-magnific/astro'
 *
 * export default defineConfig({ integrations: [magnific()] })
 */
export default function magnific(options?: Options): AstroIntegration {
  return {
    name: 'unplugin-magnific',
    hooks: {
      'astro:config:setup': ({ updateConfig }) => {
        updateConfig({ vite: { plugins: createVitePlugin(options) } })
      },
    },
  }
}

export type { Options }
