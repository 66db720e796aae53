import type { ParseResult } from 'oxc-parser'

const candidate = /\brequire\s*\(/

/** Finds `require('…')`, and TypeScript's `import a = require('…')`: bundlers that know them take them for imports. */
export function findRequires(
  text: string,
  result: ParseResult,
): { value: string; start: number }[] {
  // The tree takes longer to hand over than a script takes to parse.
  if (!candidate.test(text)) return []
  const found: { value: string; start: number }[] = []
  const rest: object[] = [result.program]
  for (let node = rest.pop(); node; node = rest.pop()) {
    const literal = readRequire(node)
    if (literal) found.push(literal)
    for (const child of Object.values(node)) {
      if (typeof child === 'object' && child !== null) rest.push(child as object)
    }
  }
  return found
}

/** A node of ESTree, as far as it matters here. */
interface Node {
  type?: string
  start?: number
  name?: string
  value?: unknown
  callee?: Node
  arguments?: Node[]
  expression?: Node
  quasis?: { value: { cooked: string } }[]
}

function readRequire(node: Node): { value: string; start: number } | undefined {
  const { type, callee, expression } = node
  const isCall = type === 'CallExpression' && callee?.type === 'Identifier'
  if (isCall && callee.name === 'require') return readText(node.arguments?.[0])
  return type === 'TSExternalModuleReference' ? readText(expression) : undefined
}

function readText(node: Node | undefined): { value: string; start: number } | undefined {
  const { type, value, quasis = [], start = 0 } = node ?? {}
  const text = type === 'TemplateLiteral' && quasis.length === 1 ? quasis[0]?.value.cooked : value
  return typeof text === 'string' ? { value: text, start } : undefined
}
