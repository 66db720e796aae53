import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/**
 * The files that a page of the docs has under a heading, by their paths, which stand in their first lines.
 *
 * @throws where there is no such heading
 */
export function readRecipes(heading: string, page = 'ci.md'): Record<string, string> {
  const file = fileURLToPath(new URL(`../../docs/${page}`, import.meta.url))
  const sections = readFileSync(file, 'utf8').split(/^## /m)
  const section = sections.find((text) => text.startsWith(`${heading}\n`))
  if (section === undefined) throw new Error(`docs/${page} has no heading "${heading}".`)
  const blocks = section.matchAll(/^```\w+\n# (\S+)\n(.*?)^```$/gms)
  return Object.fromEntries([...blocks].map(([, path, text]) => [path, text]))
}
