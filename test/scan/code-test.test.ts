import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseSync } from 'oxc-parser'
import { expect, it } from 'vitest'
import { createCodeTest } from '../../src/scan/code-test.ts'
import { findRequires } from '../../src/scan/find-requires.ts'
import { readSource } from '../../src/scan/read-source.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** Scripts that other people wrote, plain, typed, minified and bundled. */
const folders = [
  'src',
  'test',
  'bench',
  'playground',
  ...['vite', 'react-dom', 'svelte', 'vue', '@babel/core', 'webpack', 'playwright-core', 'zod'].map(
    (name) => `node_modules/${name}`,
  ),
]

it('tells code apart as the parser does, in scripts that other people wrote', () => {
  let known = 0
  let doubtful = 0
  for (const file of listScripts()) {
    const text = readFileSync(file, 'utf8')
    const extension = /\w+$/.exec(file)?.[0] ?? ''
    const lang = /^[cm]?ts$/.test(extension) ? 'ts' : extension === 'tsx' ? 'tsx' : 'jsx'
    const result = parseSync(`a.${lang}`, text, { lang, sourceType: 'unambiguous' })
    if (result.errors.length > 0) continue
    const { dynamicImports, importMetas } = result.module
    const isCode = createCodeTest(text, lang)
    if (isCode) known++
    else doubtful++
    for (const { start } of [...dynamicImports, ...importMetas]) {
      expect(isCode?.(start) ?? true, `${file} at ${start}`).toBe(true)
    }
    const specifiers = listSpecifiers(text, result)
    const { imports, references } = readSource(file, text, { checksSyntax: false })
    const single = [...imports, ...references].filter(({ isPattern }) => !isPattern)
    const found = new Set(single.map(({ specifier }) => specifier.split('?')[0]))
    expect(
      [...specifiers].filter((each) => !found.has(each)),
      file,
    ).toEqual([])
    // What `new URL()` leads to is no import to the parser.
    const isAsked = (each = ''): boolean => specifiers.has(each) || text.includes('new URL(')
    expect(
      [...found].filter((each) => !isAsked(each)),
      file,
    ).toEqual([])
  }
  expect(known).toBeGreaterThan(1000)
  expect(doubtful / known).toBeLessThan(0.15)
})

function listScripts(): string[] {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.(?:[cm]?[jt]s|[jt]sx)$/.test(entry.name))
      .filter(({ name }) => !/\.d\.[cm]?ts$/.test(name))
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((file) => readFileSync(file).length < 200_000),
  )
}

/** What the parser sees, without URLs and what is shipped as it is. */
function listSpecifiers(text: string, result: ReturnType<typeof parseSync>): Set<string> {
  const { staticImports, staticExports, dynamicImports } = result.module
  const all = [
    ...staticImports
      .filter(({ entries }) => entries.length === 0 || entries.some(({ isType }) => !isType))
      .map(({ moduleRequest }) => moduleRequest.value),
    ...staticExports
      .flatMap(({ entries }) => entries)
      .flatMap(({ moduleRequest, isType }) =>
        moduleRequest && !isType ? moduleRequest.value : [],
      ),
    ...dynamicImports.flatMap(({ moduleRequest: { start, end } }) => {
      const [, , value] = /^(["'])([^"'\\]*)\1$/.exec(text.slice(start, end)) ?? []
      return value ?? []
    }),
    ...findRequires(text, result).map(({ value }) => value),
  ]
  const own = all.filter(
    (each) =>
      !/^(?:(?:https?|data|blob|file|about|mailto|node|sass):|\/\/|$)|\?(?:.*&)?(?:raw|url)/i.test(
        each,
      ),
  )
  return new Set(own.map((each) => each.split('?')[0] ?? ''))
}
