import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { findSource, isFile } from './places.ts'
import type { ResolveKind } from './source-contents.ts'

type Target = string | null | readonly Target[] | { readonly [condition: string]: Target }

/** What of a package's package.json says where its modules are. */
interface Manifest {
  exports?: Target
  imports?: Readonly<Record<string, Target>>
  module?: string
  main?: string
  style?: string
  sass?: string
}

const scriptConditions = ['import', 'module', 'browser', 'production', 'default']
const styleConditions = ['style', 'sass', 'less', ...scriptConditions]
const packageName = /^(?:@[a-z\d-~][\w.~-]*\/)?[a-z\d-~][\w.~-]*(?=\/|$)/i

/**
 * Resolves the specifier of a package by Node's rules, with the conditions of bundlers: `pkg`, `pkg/hero.png`, `#own`.
 *
 * @returns an absolute path, whether there is a file or not; `undefined` where there is no such package, or it says that there
 *   is nothing
 */
export function resolvePackage(
  specifier: string,
  importer: string,
  kind: ResolveKind,
): string | undefined {
  if (specifier.startsWith('#')) return resolveOwn(specifier, importer, kind)
  const [name] = packageName.exec(specifier) ?? []
  const folder = name === undefined ? undefined : findPackage(name, importer)
  if (name === undefined || folder === undefined) return undefined
  const subpath = `.${specifier.slice(name.length)}`
  const manifest = readManifest(folder)
  if (manifest.exports === undefined) {
    const entry = kind === 'style' ? (manifest.style ?? manifest.sass) : manifest.module
    const place = subpath === '.' ? (entry ?? manifest.main ?? 'index') : subpath
    return findSource(join(folder, place), kind)
  }
  const target = matchSubpath(listSubpaths(manifest.exports), subpath, conditionsOf(kind))
  return target === undefined ? undefined : join(folder, target)
}

/**
 * The folder of a package, as whoever imports it sees it.
 *
 * @returns `undefined` where there is none
 */
export function findPackage(name: string, importer: string): string | undefined {
  for (let folder = dirname(importer); ;) {
    const found = join(folder, 'node_modules', name)
    if (isFile(join(found, 'package.json'))) return found
    const parent = dirname(folder)
    if (parent === folder) return undefined
    folder = parent
  }
}

/** The name of the package that a specifier begins with; `undefined` where it names none. */
export function packageOf(specifier: string): string | undefined {
  return packageName.exec(specifier)?.[0]
}

function resolveOwn(specifier: string, importer: string, kind: ResolveKind): string | undefined {
  for (let folder = dirname(importer); ;) {
    if (isFile(join(folder, 'package.json'))) {
      const { imports = {} } = readManifest(folder)
      const target = matchSubpath(imports, specifier, conditionsOf(kind))
      if (target === undefined) return undefined
      return target.startsWith('.')
        ? join(folder, target)
        : resolvePackage(target, join(folder, 'package.json'), kind)
    }
    const parent = dirname(folder)
    if (parent === folder) return undefined
    folder = parent
  }
}

function conditionsOf(kind: ResolveKind): readonly string[] {
  return kind === 'style' ? styleConditions : scriptConditions
}

function readManifest(folder: string): Manifest {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
  } catch {
    return {}
  }
}

/** `exports` may be short for `{ '.': … }`. */
function listSubpaths(exports: Target): Readonly<Record<string, Target>> {
  const isMap = typeof exports === 'object' && exports !== null && !Array.isArray(exports)
  const isListed = isMap && Object.keys(exports).some((key) => key.startsWith('.'))
  return isListed ? (exports as Readonly<Record<string, Target>>) : { '.': exports }
}

function matchSubpath(
  subpaths: Readonly<Record<string, Target>>,
  subpath: string,
  conditions: readonly string[],
): string | undefined {
  if (Object.hasOwn(subpaths, subpath) && !subpath.includes('*')) {
    return pickTarget(subpaths[subpath] ?? null, conditions)
  }
  const patterns = Object.keys(subpaths)
    .filter((key) => key.includes('*'))
    // The longest beginning wins.
    .toSorted((a, b) => b.indexOf('*') - a.indexOf('*') || b.length - a.length)
  for (const pattern of patterns) {
    const [before = '', after = ''] = pattern.split('*')
    const fits = subpath.length >= pattern.length && subpath.startsWith(before)
    if (!fits || !subpath.endsWith(after)) continue
    const middle = subpath.slice(before.length, subpath.length - after.length)
    return pickTarget(subpaths[pattern] ?? null, conditions)?.replaceAll('*', () => middle)
  }
  return undefined
}

function pickTarget(target: Target, conditions: readonly string[]): string | undefined {
  if (target === null || typeof target === 'string') return target ?? undefined
  if (Array.isArray(target)) {
    return (target as readonly Target[])
      .map((each) => pickTarget(each, conditions))
      .find((each) => each !== undefined)
  }
  for (const [condition, inner] of Object.entries(target)) {
    const found = conditions.includes(condition) ? pickTarget(inner, conditions) : undefined
    if (found !== undefined) return found
  }
  return undefined
}
