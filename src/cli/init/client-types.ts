import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { findNodeAtLocation, parse, parseTree } from 'jsonc-parser'
import type { ParseError } from 'jsonc-parser'
import { createStep, readText } from './change.ts'
import type { Step } from './change.ts'
import type { InitHost } from './host-config.ts'
import { readEol } from './source-style.ts'

/** Where imports are more than a URL. */
const clients: Partial<Record<InitHost, string>> = { next: 'unplugin-magnific/client/next' }
/** Hosts that are told the types by what is put into their config. */
const selfTyped: readonly InitHost[] = ['astro', 'nuxt']

function renderReference(client: string): string {
  return `/// <reference types="${client}" />`
}

/** What counts of a tsconfig.json. */
interface TsConfig {
  compilerOptions?: { types?: unknown } | undefined
  include?: unknown
  files?: unknown
}

/**
 * Declares the imports of upscaled images, where a project uses TypeScript: among the `types` of its config where it lists
 * some, and else by a reference. A new list of `types` would hide all others.
 */
export function planTypes(root: string, host: InitHost = 'vite'): Step {
  if (selfTyped.includes(host)) return createStep()
  const client = clients[host] ?? 'unplugin-magnific/client'
  // Vite's template has the settings of the app in a file of its own.
  const name = ['tsconfig.app.json', 'tsconfig.json'].find((each) => existsSync(join(root, each)))
  if (name === undefined) return createStep()
  const path = join(root, name)
  const before = readText(path) ?? ''
  const errors: ParseError[] = []
  const config = parse(stripMark(before), errors, { allowTrailingComma: true }) as
    | TsConfig
    | undefined
  if (errors.length > 0 || typeof config !== 'object' || config === null) {
    return createStep({
      byHand: [
        `${name} cannot be read. Add "${client}" to its \`compilerOptions.types\` yourself.`,
      ],
    })
  }
  const types = config.compilerOptions?.types
  if (!Array.isArray(types)) return planReference(root, name, config, client)
  if (types.includes(client)) return createStep()
  return createStep({ changes: [{ path, before, after: addType(before, client) }] })
}

/** Behind the last one, or on a line of its own where that has one; everything else stays as it is written. */
function addType(before: string, client: string): string {
  const text = stripMark(before)
  const tree = parseTree(text, [], { allowTrailingComma: true })
  const array = tree && findNodeAtLocation(tree, ['compilerOptions', 'types'])
  if (!array) return before
  const last = array.children?.at(-1)
  const at = last ? last.offset + last.length : array.offset + 1
  const gap = last ? /(?:\r?\n[ \t]*)?$/.exec(text.slice(0, last.offset))?.[0] || ' ' : ''
  const added = `${last ? `,${gap}` : ''}"${client}"`
  const mark = before.slice(0, before.length - text.length)
  return mark + text.slice(0, at) + added + text.slice(at)
}

/** In a file for such things where there is one, or else in a new one that the project takes in. */
function planReference(root: string, name: string, config: TsConfig, client: string): Step {
  const has = (place: string): boolean => existsSync(join(root, place))
  const made = [...(has('src') ? ['src'] : []), '', ...listFolders(config)].map(toPlace)
  const known = ['src/vite-env.d.ts', 'src/env.d.ts', 'env.d.ts'].filter(has)
  const places = [...known, ...made]
  const texts = new Map(places.map((place) => [place, readText(join(root, place))]))
  if ([...texts.values()].some((text) => text?.includes(client))) return createStep()
  const place = places.find((each) => isCovered(each, config))
  if (place === undefined) {
    return createStep({
      byHand: [
        `${name} takes in no file that could declare the imports. Write this into one that it does:\n    ${renderReference(client)}`,
      ],
    })
  }
  const before = texts.get(place)
  const path = join(root, place)
  return createStep({
    changes: [{ path, before, after: addReference(before ?? '', renderReference(client)) }],
  })
}

/** Behind the other references, which have to stand first. */
function addReference(text: string, referenceLine: string): string {
  const eol = readEol(text)
  const last = [...text.matchAll(/^\/\/\/ ?<reference .*$/gm)].at(-1)
  if (!last) return `${referenceLine}${eol}${text}`
  const end = last.index + last[0].trimEnd().length
  return `${text.slice(0, end)}${eol}${referenceLine}${text.slice(end)}`
}

/** The folders that `include` begins with. */
function listFolders({ include }: TsConfig): string[] {
  return listTexts(include).map((pattern) =>
    pattern
      .replace(/^\.\//, '')
      .split('/')
      .filter((_, index, parts) => !parts.slice(0, index + 1).some((each) => each.includes('*')))
      .filter((part) => !part.includes('.'))
      .join('/'),
  )
}

function toPlace(folder: string): string {
  return folder === '' ? 'magnific-env.d.ts' : `${folder}/magnific-env.d.ts`
}

/** Whether a file belongs to a project. */
function isCovered(file: string, { include, files }: TsConfig): boolean {
  if (listTexts(files).some((each) => each.replace(/^\.\//, '') === file)) return true
  if (include === undefined) return files === undefined
  return listTexts(include).some((pattern) => toPattern(pattern).test(file))
}

/** As TypeScript reads it: `*` and `?` are within a name, `**` is any folders, and a folder stands for all that is in it. */
function toPattern(glob: string): RegExp {
  const parts = glob
    .replace(/^\.\//, '')
    .replace(/\/$/, '')
    .split('/')
    .map((part) =>
      part === '**'
        ? '(?:[^/]+/)*'
        : `${part
            .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
            .replaceAll('*', '[^/]*')
            .replaceAll('?', '[^/]')}/`,
    )
  const source = parts.join('').replace(/\/$/, '')
  return glob === '.' ? /^/ : new RegExp(`^${source}(?:/.*)?$`)
}

function listTexts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []
}

/** jsonc-parser does not know of byte order marks. */
function stripMark(text: string): string {
  return text.replace(/^\uFEFF/, '')
}
