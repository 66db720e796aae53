import type { Node, Span } from 'oxc-parser'

/** Visits a node and all below it, from the top. Where `enter` says false, what is below is left out. */
export function walk(node: unknown, enter: (node: Node) => boolean | undefined): void {
  if (Array.isArray(node)) {
    for (const each of node) walk(each, enter)
    return
  }
  if (!isNode(node)) return
  if (enter(node) === false) return
  for (const value of Object.values(node)) {
    if (typeof value === 'object' && value !== null) walk(value, enter)
  }
}

/** The first node of its kind, from the top. */
export function findNode<T extends Node>(
  node: unknown,
  isWanted: (node: Node) => node is T,
): T | undefined {
  let found: T | undefined
  walk(node, (each) => {
    if (found) return false
    if (isWanted(each)) found = each
    return undefined
  })
  return found
}

/** A text, and not a pattern or a number. */
export function isText(node: Node): node is Node & Span & { value: string; raw: string } {
  return node.type === 'Literal' && typeof node.value === 'string'
}

export function isFunction(node: Node): boolean {
  return ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'].includes(
    node.type,
  )
}

/** What is left of an expression without what TypeScript says about it, and without `await`. */
export function unwrap(node: Node): Node {
  switch (node.type) {
    case 'TSAsExpression':
    case 'TSSatisfiesExpression':
    case 'TSNonNullExpression':
    case 'TSTypeAssertion':
    case 'ParenthesizedExpression':
      return unwrap(node.expression)
    case 'AwaitExpression':
      return unwrap(node.argument)
    default:
      return node
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value
}
