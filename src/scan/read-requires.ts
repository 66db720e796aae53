import type { ParseResult } from 'oxc-parser'
import { splitReference } from '../core/request.ts'
import type { Collector } from './collector.ts'

const candidate = /\brequire\s*\(/

/** Finds `require('…')`, and TypeScript's `import a = require('…')`: bundlers that know them take them for imports. */
export function readRequires(text: string, result: ParseResult, collector: Collector): void {
  // The tree takes longer to hand over than a script takes to parse.
  if (!candidate.test(text)) return
  const rest: unknown[] = [result.program]
  while (rest.length > 0) {
    const node = rest.pop()
    if (typeof node !== 'object' || node === null) continue
    const literal = readRequire(node)
    if (literal) {
      const { file: path, query } = splitReference(literal.value)
      collector.add({
        path,
        query,
        kind: 'require',
        resolveKind: 'script',
        offset: literal.start,
        isModule: true,
      })
    }
    for (const child of Object.values(node)) {
      if (typeof child === 'object' && child !== null) rest.push(child)
    }
  }
}

function readRequire(node: object): { value: string; start: number } | undefined {
  const { type, callee, arguments: given, expression } = node as Record<string, any>
  const argument: unknown =
    type === 'CallExpression' && callee?.type === 'Identifier' && callee.name === 'require'
      ? given?.[0]
      : type === 'TSExternalModuleReference'
        ? expression
        : undefined
  return readText(argument)
}

function readText(node: unknown): { value: string; start: number } | undefined {
  if (typeof node !== 'object' || node === null) return undefined
  const { type, value, quasis, start } = node as Record<string, any>
  const text: unknown =
    type === 'Literal'
      ? value
      : type === 'TemplateLiteral' && quasis.length === 1
        ? quasis[0].value.cooked
        : undefined
  return typeof text === 'string' ? { value: text, start } : undefined
}
