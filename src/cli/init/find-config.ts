import type { AssignmentExpression, Expression, Node, ObjectExpression, Program } from 'oxc-parser'
import { findNode, isFunction, unwrap, walk } from './syntax.ts'

/** The object that a config file exports, or why it was not found: the end of a sentence that begins with the file. */
export type FoundConfig =
  | { object: ObjectExpression; refusal?: never }
  | { object?: never; refusal: string }

/** What hosts have around a config for its types. */
const wrappers = ['defineConfig', 'defineNuxtConfig']
/** What is a list of plugins. */
const lists = ['plugins', 'integrations', 'modules']

/** Finds the object that a config file exports, behind `defineConfig`, functions and names. */
export function findConfig(program: Program): FoundConfig {
  const exported = findExports(program)
  const [only] = exported
  if (!only) return { refusal: 'exports nothing that can be read' }
  if (exported.length > 1) return { refusal: 'exports more than one thing' }
  return resolve(only, [program.body], program, new Set())
}

/** Whether a file exports as CommonJS does. */
export function isCommonJs({ body }: Program): boolean {
  const isModule = body.some(
    ({ type }) => type.startsWith('Export') || type === 'ImportDeclaration',
  )
  return !isModule && findModuleExports(body).length > 0
}

function findExports(program: Program): Node[] {
  const found: Node[] = []
  for (const statement of program.body) {
    if (statement.type === 'ExportDefaultDeclaration') found.push(statement.declaration)
    if (statement.type === 'TSExportAssignment') found.push(statement.expression)
    if (statement.type !== 'ExportNamedDeclaration' || statement.source) continue
    for (const { exported, local } of statement.specifiers) {
      const isDefault = exported.type === 'Identifier' && exported.name === 'default'
      if (isDefault && local.type === 'Identifier') found.push(local)
    }
  }
  return [...found, ...findModuleExports(program.body)]
}

/** What is assigned to `module.exports` by a statement of the file itself. */
function findModuleExports(body: Program['body']): Expression[] {
  return body.flatMap((statement) => {
    if (statement.type !== 'ExpressionStatement') return []
    const { expression } = statement
    return expression.type === 'AssignmentExpression' && isModuleExports(expression.left)
      ? [expression.right]
      : []
  })
}

function isModuleExports(node: Node): boolean {
  return isMember(node, 'exports') && isNamed(node.object, 'module')
}

/** @param scopes the statements around it, from the inside */
function resolve(
  given: Node,
  scopes: readonly Program['body'][],
  program: Program,
  seen: Set<string>,
): FoundConfig {
  const node = unwrap(given)
  const next = (to: Node, inner: readonly Program['body'][] = scopes): FoundConfig =>
    resolve(to, inner, program, seen)
  if (node.type === 'ObjectExpression') return { object: node }
  if (node.type === 'ArrayExpression') return { refusal: 'exports several configs' }
  if (node.type === 'Identifier') {
    const { name } = node
    if (seen.has(name)) return { refusal: `makes "${name}" in a way that cannot be read` }
    seen.add(name)
    const value = findDeclared(name, scopes)
    if (!value || isReassigned(name, program)) {
      return { refusal: `takes "${name}" from somewhere that cannot be read` }
    }
    return next(value)
  }
  if (node.type === 'CallExpression') {
    const [first] = node.arguments
    const isWrapper = wrappers.some(
      (name) => isNamed(node.callee, name) || isMember(node.callee, name),
    )
    if (isWrapper && first) return next(first)
    return { refusal: 'makes its config by a call that cannot be read' }
  }
  const body = isFunction(node) && 'body' in node ? (node.body as Node) : undefined
  if (!body) return { refusal: 'makes its config in a way that cannot be read' }
  if (body.type !== 'BlockStatement') return next(body)
  const returned = findReturned(body)
  const [only] = returned
  if (only && returned.length === 1) return next(only, [body.body, ...scopes])
  return { refusal: 'returns its config in more than one place, or in none' }
}

function findReturned(body: Node): Expression[] {
  const found: Expression[] = []
  walk(body, (node) => {
    if (node !== body && isFunction(node)) return false
    if (node.type === 'ReturnStatement') {
      const { argument } = node
      if (argument) found.push(argument)
    }
    return undefined
  })
  return found
}

/** What a name stands for where it is declared. */
function findDeclared(name: string, scopes: readonly Program['body'][]): Node | undefined {
  for (const statement of scopes.flat()) {
    const declared = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement
    if (declared?.type === 'FunctionDeclaration' && declared.id?.name === name) return declared
    if (declared?.type !== 'VariableDeclaration') continue
    for (const { id, init } of declared.declarations)
      if (isNamed(id, name)) return init ?? undefined
  }
  return undefined
}

/** Whether a name, or its plugins, get another value later on. */
function isReassigned(name: string, program: Program): boolean {
  const isAssignment = (node: Node): node is AssignmentExpression => {
    if (node.type !== 'AssignmentExpression') return false
    const { left } = node
    return (
      isNamed(left, name) ||
      lists.some((list) => isMember(left, list) && isNamed(left.object, name))
    )
  }
  return findNode(program, isAssignment) !== undefined
}

function isNamed(node: Node, name: string): boolean {
  return node.type === 'Identifier' && node.name === name
}

function isMember(node: Node, name: string): node is Node & { object: Node } {
  return node.type === 'MemberExpression' && !node.computed && isNamed(node.property, name)
}
