import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { parseSync, Visitor } from 'oxc-parser'
import { MagnificError } from '../core/errors.ts'

/**
 * Refuses a config in which two presets have one name: JavaScript forgets the first one without a word.
 *
 * @param file the config, an absolute path
 * @throws MagnificError `BAD_CONFIG`
 */
export function checkDuplicatePresets(file: string): void {
  const text = readFileSync(file, 'utf8')
  if (!text.includes('presets')) return
  const { program } = parseSync(basename(file), text)
  new Visitor({
    Property: ({ key, value }) => {
      if (nameOf(key) !== 'presets' || value.type !== 'ObjectExpression') return
      const lines = new Map<string, number>()
      for (const property of value.properties) {
        const name = property.type === 'Property' ? nameOf(property.key) : undefined
        if (name === undefined) continue
        const line = text.slice(0, property.start).split('\n').length
        const earlier = lines.get(name)
        if (earlier !== undefined) throw duplicateError(file, name, earlier, line)
        lines.set(name, line)
      }
    },
  }).visit(program)
}

function nameOf(key: { type: string; name?: unknown; value?: unknown }): string | undefined {
  const name = key.type === 'Identifier' ? key.name : key.value
  return typeof name === 'string' ? name : undefined
}

function duplicateError(file: string, name: string, earlier: number, line: number): MagnificError {
  return new MagnificError(
    'BAD_CONFIG',
    `Two presets are called "${name}" in ${file}, in lines ${earlier} and ${line}, and the first one would count for nothing. Give one of them another name.`,
  )
}
