import { extname } from 'node:path'
import { createCollector } from './collector.ts'
import type { Collector } from './collector.ts'
import { readAstro, readSvelte } from './read-markup.ts'
import { readMdx } from './read-mdx.ts'
import { readPage } from './read-page.ts'
import { readScript } from './read-script.ts'
import type { ScriptLanguage } from './parse-script.ts'
import { readStyle } from './read-style.ts'
import { readVue } from './read-vue.ts'
import type { SourceContents } from './source-contents.ts'

/** How a source is read. */
export interface ReadSettings {
  /** Query keys of other plugins. */
  passthrough?: readonly string[] | undefined
  /** Whether what it imports of other sources is wanted too; `true` where nothing is said. */
  wantsImports?: boolean
  /**
   * Whether scripts that may hold a reference are parsed only to tell what is wrong with them; `true` where nothing is said.
   * It takes as long as everything else together.
   */
  checksSyntax?: boolean | undefined
}

/** JSX may be in any script. */
const scripts: Readonly<Record<string, ScriptLanguage>> = {
  js: 'jsx',
  mjs: 'jsx',
  cjs: 'jsx',
  jsx: 'jsx',
  ts: 'ts',
  mts: 'ts',
  cts: 'ts',
  tsx: 'tsx',
}
const styles = ['css', 'pcss', 'postcss', 'sss', 'scss', 'sass', 'less', 'styl', 'stylus']
const pages = ['html', 'htm']
const components: Readonly<Record<string, (text: string, collector: Collector) => void>> = {
  vue: readVue,
  svelte: readSvelte,
  astro: readAstro,
  mdx: readMdx,
}

/** Extensions of sources whose modules TypeScript knows by their specifiers, in lower case, without a dot. */
export const moduleExtensions: readonly string[] = [
  ...Object.keys(scripts),
  ...Object.keys(components),
]
/** Extensions of all sources. */
export const sourceExtensions: readonly string[] = [...moduleExtensions, ...styles, ...pages]

/**
 * Reads what a source refers to and imports, by what its extension says that it holds; nothing where that is no source.
 *
 * @param file a path or a name
 */
export function readSource(
  file: string,
  text: string,
  settings: ReadSettings = {},
): SourceContents {
  const { passthrough, wantsImports = true, checksSyntax = true } = settings
  const { collector, finish } = createCollector(text, { passthrough, wantsImports, checksSyntax })
  readInto(file, text, collector)
  return finish()
}

function readInto(file: string, text: string, collector: Collector): void {
  const extension = extname(file).slice(1).toLowerCase()
  const lang = scripts[extension]
  const readComponent = components[extension]
  if (lang) readScript(text, lang, collector)
  else if (readComponent) readComponent(text, collector)
  else if (styles.includes(extension)) readStyle(text, extension, collector)
  else if (pages.includes(extension)) readPage(text, collector)
}
