import { rmSync } from 'node:fs'
import { onTestFinished } from 'vitest'
import { resolveOptions } from '../../src/core/resolve-options.ts'
import type { Options } from '../../src/core/options.ts'
import type { Shared } from '../../src/shared.ts'
import { createUpscaler } from '../../src/upscaler.ts'
import type { Shipment, Variant } from '../../src/shipment.ts'
import type { Upscaler } from '../../src/upscaler.ts'
import type { Project } from './project.ts'

/** One plugin instance's upscaler, as a host would hold it. */
export interface OpenUpscaler extends Upscaler {
  /** Everything that it told the host. Live. */
  readonly log: readonly string[]
  /**
   * What is shipped where that is one file.
   *
   * @param query without the question mark
   */
  get(name: string, query?: string): Promise<Variant & Pick<Shipment, 'from'>>
  /** @param query without the question mark */
  ship(name: string, query: string): Promise<Shipment>
}

/** An upscaler for a project in the middle of a build. Nothing of the environment reaches it. */
export function openUpscaler(project: Project, options: Options): OpenUpscaler {
  const log: string[] = []
  const note = (message: string): void => void log.push(message)
  const resolved = resolveOptions(
    { apiKey: 'test-key-of-somebody', ...options },
    { root: project.dir, command: 'build', env: {} },
  )
  const upscaler = createUpscaler(resolved, { info: note, warn: note })
  upscaler.begin()
  const ship: OpenUpscaler['ship'] = async (name, query) =>
    upscaler.upscale({ file: project.path(name), query, importer: project.path('main.js') })
  return {
    ...upscaler,
    log,
    ship,
    get: async (name, query = 'magnific=2x') => {
      const {
        variants: [variant],
        from,
      } = await ship(name, query)
      if (!variant) throw new Error('Nothing was shipped.')
      return { ...variant, from }
    },
  }
}

/** What follows on a project is another process, as far as it can tell: it knows of the disk and nothing else. */
export function forgetProcess(project: Project): void {
  const registries = globalThis as unknown as Record<symbol, Map<string, Shared> | undefined>
  const registry = registries[Symbol.for('unplugin-magnific.shared.1')]
  const shared = registry?.get(project.path('.magnific'))
  if (!shared) return
  registry?.delete(project.path('.magnific'))
  // Nobody else clears it away then, and what was shipped from it may still be looked at.
  const { cold } = shared
  if (cold) onTestFinished(() => rmSync(cold.spare.dir, { recursive: true, force: true }))
}
