import { resolve } from 'node:path'
import type { BuildEnvironmentOptions, ResolvedConfig } from 'vite'
import { findFile } from './files.ts'

type Build = ResolvedConfig['build']
type Input = BuildEnvironmentOptions['rollupOptions']

/**
 * The files that builds of this config begin with, in every environment: what `rollupOptions.input`, `lib.entry` or `build.ssr`
 * say, or else the page at the root.
 *
 * @returns absolute paths; `undefined` where one of them is no file, as with frameworks that make their entries up
 */
export function findEntries({ root, build, environments }: ResolvedConfig): string[] | undefined {
  const others = Object.entries(environments ?? {}).filter(([name]) => name !== 'client')
  const inputs = new Set([
    ...listInputs(build, true),
    // The browser's is the build itself, and what says nothing is not built by itself.
    ...listInputs(environments?.['client']?.build, false),
    ...others.flatMap(([, each]) => listInputs(each.build, false)),
  ])
  return findAll([...inputs], root)
}

/**
 * The same of one environment that is being built.
 *
 * @param name `client` begins with the page at the root where nothing is said
 */
export function findEntriesOf({
  name,
  config,
}: {
  name: string
  config: { build: Build; root: string }
}): string[] | undefined {
  return findAll(listInputs(config.build, name === 'client'), config.root)
}

function findAll(inputs: readonly string[], root: string): string[] | undefined {
  const files = inputs.map((input) => findFile(resolve(root, input)) ?? findFile(resolve(input)))
  const isKnown = files.length > 0 && files.every((file) => file !== undefined)
  return isKnown ? files : undefined
}

function listInputs(build: Build | undefined, isPage: boolean): string[] {
  if (!build) return []
  const { lib, ssr, ...options } = build
  const { rollupOptions, rolldownOptions } = options as {
    rollupOptions?: Input
    rolldownOptions?: Input
  }
  const input = rollupOptions?.input ?? rolldownOptions?.input ?? (lib ? lib.entry : undefined)
  if (input !== undefined) return listPaths(input)
  if (typeof ssr === 'string') return [ssr]
  return isPage ? ['index.html'] : []
}

/** As Rollup takes them: one, a list, or by name. */
export function listPaths(
  input: string | readonly string[] | Readonly<Record<string, string>> | undefined,
): string[] {
  if (input === undefined) return []
  return typeof input === 'string' ? [input] : Object.values(input)
}
