import { resolve } from 'node:path'
import { createVitePlugin } from './bundlers/vite/plugin.ts'
import { MagnificError } from './core/errors.ts'
import type { Options } from './core/options.ts'

/** A Vite config, as far as it is looked at. */
interface ViteConfig {
  plugins?: unknown[]
}

/** What of Nuxt is used. Its own types are needed by nobody else. */
export interface NuxtHost {
  options: {
    rootDir: string
    dir: { public: string }
    builder: unknown
    magnific?: Options | false | undefined
  }
  // oxlint-disable-next-line typescript/no-explicit-any -- each hook has other arguments
  hook: (name: any, listener: (argument: any) => void) => unknown
}

/** What Nuxt takes for a module, and reads the type of `magnific` in `nuxt.config` from. */
export interface MagnificModule {
  // oxlint-disable-next-line typescript/no-explicit-any -- Nuxt's own type
  (this: void, options: Options, nuxt: any): void
  getMeta: () => Promise<{ name: string; configKey: string }>
}

/**
 * unplugin-magnific for Nuxt.
 *
 * @example
 * // nuxt.config.ts
 * export default defineNuxtConfig({
 *   modules: ['unplugin-magnific/nuxt'],
 *   magnific: { presets: { hero: { magnific: '4x' } } },
 * })
 * @throws MagnificError `BAD_OPTIONS` for another builder than Vite
 */
const magnific: MagnificModule = Object.assign(
  (inlineOptions: Options, { options, hook }: NuxtHost): void => {
    if (options.magnific === false) return
    checkBuilder(options.builder)
    const root = options.rootDir
    const publicDir = resolve(root, options.dir.public)
    const given = { ...options.magnific, ...inlineOptions }
    hook('vite:extendConfig', (config: ViteConfig) => {
      const plugins = (config.plugins ??= [])
      // Client and server have a config each, or one list between them.
      if (added.has(plugins)) return
      added.add(plugins)
      plugins.push(...createVitePlugin(given, { root, publicDir }))
    })
    hook('prepare:types', ({ references }: { references: object[] }) => {
      references.push({ types: 'unplugin-magnific/client' })
    })
  },
  { getMeta: async () => ({ name: 'unplugin-magnific', configKey: 'magnific' }) },
)

const added = new WeakSet<unknown[]>()

export default magnific
export type { Options }

function checkBuilder(builder: unknown): void {
  if (builder === '@nuxt/vite-builder' || builder === 'vite') return
  const name = typeof builder === 'string' ? `"${builder}"` : 'one of its own'
  throw new MagnificError(
    'BAD_OPTIONS',
    `unplugin-magnific runs in Nuxt's Vite builder, and the builder here is ${name}. Set builder: 'vite' in nuxt.config, or leave it out.`,
  )
}
