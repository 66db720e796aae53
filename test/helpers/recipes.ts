import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const page = fileURLToPath(new URL('../../docs/ci.md', import.meta.url))

/**
 * The files that `docs/ci.md` has under a heading, by their paths, which stand in their first lines.
 *
 * @throws where there is no such heading
 */
export function readRecipes(heading: string): Record<string, string> {
  const sections = readFileSync(page, 'utf8').split(/^## /m)
  const section = sections.find((text) => text.startsWith(`${heading}\n`))
  if (section === undefined) throw new Error(`docs/ci.md has no heading "${heading}".`)
  const blocks = section.matchAll(/^```\w+\n# (\S+)\n(.*?)^```$/gms)
  return Object.fromEntries([...blocks].map(([, path, text]) => [path, text]))
}
