import type { Plugin } from 'rolldown'
import type { Options } from '../core/options.ts'
import { createRollupPlugin } from './rollup.ts'

export function createRolldownPlugin(userOptions: Options = {}): Plugin[] {
  return createRollupPlugin(userOptions) as unknown as Plugin[]
}
