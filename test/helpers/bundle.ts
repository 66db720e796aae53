import { mkdtempSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { OnEnd } from './project.ts'

const cache = fileURLToPath(new URL('../../node_modules/.cache/', import.meta.url))

/**
 * Makes a module of TypeScript one that Node runs, with all of ours that it imports. Packages are imported from where it is,
 * among those of this repository.
 *
 * @param onEnd when it is removed
 * @returns its file
 */
export async function bundleForNode(entry: string, onEnd: OnEnd): Promise<string> {
  mkdirSync(cache, { recursive: true })
  const dir = mkdtempSync(join(cache, 'bundle-'))
  onEnd(() => rmSync(dir, { recursive: true, force: true }))
  const outfile = join(dir, 'bundle.js')
  const settings = { bundle: true, format: 'esm', platform: 'node', packages: 'external' } as const
  await build({ ...settings, entryPoints: [entry], outfile })
  return outfile
}
