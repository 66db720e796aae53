import { resolve } from 'node:path'
import type { BuildEnvironmentOptions, ResolvedConfig } from 'vite'
import { findFile } from './files.ts'

type Input = BuildEnvironmentOptions['rollupOptions']

/**
 * The files that a build of this config begins with: what `rollupOptions.input`, `lib.entry` or `build.ssr` say, in every
 * environment, or else the page at the root.
 *
 * @returns absolute paths; `undefined` where one of them is no file, as with frameworks that make their entries up
 */
export function findEntries({ root, build, environments }: ResolvedConfig): string[] | undefined {
  const builds = [build, ...Object.values(environments ?? {}).map((each) => each.build)]
  const said = new Set(builds.flatMap(listInputs))
  const inputs = said.size > 0 ? [...said] : ['index.html']
  const files = inputs.map((input) => findFile(resolve(root, input)) ?? findFile(resolve(input)))
  return files.every((file) => file !== undefined) ? files : undefined
}

function listInputs({ lib, ssr, ...options }: ResolvedConfig['build']): string[] {
  const { rollupOptions, rolldownOptions } = options as {
    rollupOptions?: Input
    rolldownOptions?: Input
  }
  const input = rollupOptions?.input ?? rolldownOptions?.input
  const entry = lib ? lib.entry : undefined
  return [
    ...listPaths(input ?? entry),
    ...(typeof ssr === 'string' && input === undefined ? [ssr] : []),
  ]
}

/** As Rollup takes them: one, a list, or by name. */
export function listPaths(
  input: string | readonly string[] | Readonly<Record<string, string>> | undefined,
): string[] {
  if (input === undefined) return []
  return typeof input === 'string' ? [input] : Object.values(input)
}
