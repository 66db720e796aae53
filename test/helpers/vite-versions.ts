import * as vite8 from 'vite'
import * as vite6 from 'vite6'
import * as vite7 from 'vite7'

/** The versions of Vite that are supported. */
export const vites = {
  vite8,
  vite7: vite7 as unknown as typeof vite8,
  vite6: vite6 as unknown as typeof vite8,
} as const

/** One of the versions that are supported. */
export type ViteVersion = keyof typeof vites

const all = Object.keys(vites) as ViteVersion[]
/** Every version is a script of its own: see `test:versions`. */
const isEvery = process.env['EVERY_VERSION'] !== undefined

/** Those that are tested: the newest and the oldest, unless EVERY_VERSION is set. */
export const viteVersions: readonly ViteVersion[] = isEvery ? all : ['vite8', 'vite6']

/** Those that are looked at in a browser: the newest, unless EVERY_VERSION is set. */
export const versionsInBrowser: readonly ViteVersion[] = isEvery ? all : ['vite8']
