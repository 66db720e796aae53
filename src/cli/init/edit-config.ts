import MagicString from 'magic-string'
import { parseSync } from 'oxc-parser'
import type { ArrayExpression, Comment, Node, ObjectExpression, Program } from 'oxc-parser'
import { findConfig, isCommonJs } from './find-config.ts'
import { insertFirst } from './insert-first.ts'
import { readStyle } from './source-style.ts'
import type { SourceStyle } from './source-style.ts'
import { findNode, isText, unwrap, walk } from './syntax.ts'

/** What a config calls the list that the plugin goes into, by the host that it is for. */
const lists = {
  vite: 'plugins',
  webpack: 'plugins',
  rspack: 'plugins',
  rollup: 'plugins',
  rolldown: 'plugins',
  astro: 'integrations',
  nuxt: 'modules',
} as const

/** A host whose config can be edited. */
export type ConfigHost = keyof typeof lists

/** Every one of them. */
export const editableHosts: readonly ConfigHost[] = Object.keys(lists) as ConfigHost[]

/** What came of an edit: the new text; that nothing was to do; or why it is for a person to do, as the end of a sentence. */
export type Edit =
  | { kind: 'edited'; text: string }
  | { kind: 'present' }
  | { kind: 'refused'; reason: string; lines: string[] }

interface Source {
  text: string
  program: Program
  comments: Comment[]
  style: SourceStyle
}

/**
 * Adds the plugin to the source of a config, and leaves everything else as it is written.
 *
 * @param name the file's name, which tells the language
 */
export function addPlugin(text: string, name: string, host: ConfigHost): Edit {
  const { program, comments, errors } = parseSync(name, text, { preserveParens: false })
  const style = readStyle(text, program)
  const source: Source = { text, program, comments, style }
  const known = findPlugin(program)
  const local = known?.local ?? chooseName(program)
  // Nuxt takes modules by their names.
  const isNamed = host === 'nuxt'
  const line = isNamed ? undefined : renderImport(local, host, source)
  const entry = isNamed ? `${style.quote}${packageOf(host)}${style.quote}` : `${local}()`
  const list = lists[host]
  const refuse = (reason: string): Edit => ({
    kind: 'refused',
    reason,
    lines: [...(known || line === undefined ? [] : [line]), `${list}: [${entry}]`],
  })

  const [error] = errors
  if (error) return refuse(`cannot be parsed (${error.message})`)
  if (known && (known.local === undefined || isCalled(known.local, program))) {
    return { kind: 'present' }
  }
  const { object, refusal } = findConfig(program)
  if (refusal !== undefined) return refuse(refusal)
  const place = findPlace(object, list)
  if (place.refusal !== undefined) return refuse(place.refusal)

  const edited = new MagicString(text)
  if (place.array) insertFirst(edited, place.array, place.array.elements, entry, source)
  else insertFirst(edited, object, object.properties, `${list}: [${entry}]`, source)
  if (!known && line !== undefined) insertImport(edited, line, source)
  return { kind: 'edited', text: edited.toString() }
}

/** The name under which the plugin is imported; no name where it is imported in another way. */
function findPlugin(program: Program): { local: string | undefined } | undefined {
  const isOurs = (node: Node): node is Node =>
    isText(node) && /^unplugin-magnific(?:\/(?!client$|types$|emulator$)|$)/.test(node.value)
  if (!findNode(program, isOurs)) return undefined
  for (const statement of program.body) {
    if (statement.type === 'ImportDeclaration' && isOurs(statement.source)) {
      const named = statement.specifiers.find(({ type }) => type === 'ImportDefaultSpecifier')
      return { local: named?.local.name }
    }
    if (statement.type !== 'VariableDeclaration') continue
    for (const { id, init } of statement.declarations) {
      if (!init || !findNode(init, isOurs) || id.type !== 'ObjectPattern') continue
      const [property] = id.properties
      const value = property?.type === 'Property' ? property.value : undefined
      return { local: value?.type === 'Identifier' ? value.name : undefined }
    }
  }
  return { local: undefined }
}

function isCalled(local: string, program: Program): boolean {
  const isCall = (node: Node): node is Node => {
    if (node.type !== 'CallExpression') return false
    return node.callee.type === 'Identifier' && node.callee.name === local
  }
  return findNode(program, isCall) !== undefined
}

/** A name that nothing else in the file has. */
function chooseName(program: Program): string {
  const names = new Set<string>()
  walk(program, (node) => {
    if (node.type === 'Identifier') names.add(node.name)
    return undefined
  })
  const choices = ['magnific', 'magnificPlugin', 'unpluginMagnific']
  return choices.find((name) => !names.has(name)) ?? `magnific${names.size}`
}

function packageOf(host: ConfigHost): string {
  return `unplugin-magnific/${host}`
}

function renderImport(local: string, host: ConfigHost, { program, style }: Source): string {
  const from = `${style.quote}${packageOf(host)}${style.quote}`
  return isCommonJs(program)
    ? `const { default: ${local} } = require(${from})${style.semicolon}`
    : `import ${local} from ${from}${style.semicolon}`
}

/** Where the plugin goes: into an array, or, without one, into a new property. */
function findPlace(
  { properties }: ObjectExpression,
  list: string,
): { array: ArrayExpression | undefined; refusal?: never } | { array?: never; refusal: string } {
  const at = properties.findLastIndex((each) => each.type === 'Property' && isList(each, list))
  const spread = properties.findLastIndex(({ type }) => type === 'SpreadElement')
  // What is spread may hold plugins, of which one list would win.
  if (spread > at) return { refusal: 'takes a part of its config from somewhere else' }
  const property = properties[at]
  if (property?.type !== 'Property') return { array: undefined }
  const array = findArray(property.value)
  return array ? { array } : { refusal: `makes its list of ${list} somewhere else` }
}

function isList({ key, computed }: { key: Node; computed: boolean }, list: string): boolean {
  if (computed) return false
  return key.type === 'Identifier' ? key.name === list : isText(key) && key.value === list
}

/** An array as it stands there, also where something is made of it: `[a(), b && c()].filter(Boolean)`. */
function findArray(given: Node): ArrayExpression | undefined {
  const node = unwrap(given)
  if (node.type === 'ArrayExpression') return node
  if (node.type !== 'CallExpression' || node.callee.type !== 'MemberExpression') return undefined
  const { object, property } = node.callee
  const isKnown = property.type === 'Identifier' && /^(?:filter|flat|concat)$/.test(property.name)
  return isKnown ? findArray(object) : undefined
}

/** Below the last of what is imported, or else above the first statement and what is said of it. */
function insertImport(
  edited: MagicString,
  line: string,
  { text, program, comments, style: { eol } }: Source,
): void {
  const last = program.body.findLast((statement) =>
    isCommonJs(program) ? isRequire(statement) : statement.type === 'ImportDeclaration',
  )
  if (last) {
    const end = last.end + text.slice(last.end).search(/\r?\n|$/)
    const isAlone = /^[\s;]*(?:\/\/.*|\/\*.*\*\/\s*)?$/.test(text.slice(last.end, end))
    if (isAlone) edited.appendRight(end, `${eol}${line}`)
    else edited.appendRight(last.end, `${eol}${line}${eol}`)
    return
  }
  const first = program.body.find((statement) => !('directive' in statement && statement.directive))
  if (!first) return
  const above = comments.findLast(({ end }) => end <= first.start)
  const isAbout =
    above?.type === 'Block' &&
    above.value.startsWith('*') &&
    !/\n\s*\n/.test(text.slice(above.end, first.start))
  edited.appendRight(isAbout ? above.start : first.start, `${line}${eol}${eol}`)
}

function isRequire(statement: Node): boolean {
  if (statement.type !== 'VariableDeclaration') return false
  const isCall = (node: Node): node is Node =>
    node.type === 'CallExpression' &&
    node.callee.type === 'Identifier' &&
    node.callee.name === 'require'
  return statement.declarations.some(({ init }) => {
    const value = init && (init.type === 'MemberExpression' ? init.object : init)
    return value !== null && value !== undefined && isCall(value)
  })
}
