import { readFile, stat } from 'node:fs/promises'
import type { Plugin } from 'vite'
import { MagnificError } from '../../core/errors.ts'
import { splitReference } from '../../core/request.ts'
import { locateError } from '../host-error.ts'
import { findReadPictures } from '../read-pictures.ts'
import type { ReadPicture } from '../read-pictures.ts'
import type { Session } from './session.ts'

/** Sheets of languages that read pictures themselves, and styles of components in one of them. */
const sheet = /\.(less|styl|stylus)(?:$|\?(?!(?:.*&)?(?:raw|url)(?:&|$)))/
/** No `@` before the quotes: each rule would be tried with all that follow. */
const importRule = /@(?:import|require)\b[^"'\n;{}@]*["']([^"'\n]+)["']/g

/** What a sheet holds that matters, whoever imports it. */
interface Contents {
  /** As they are written. */
  imports: string[]
  wrong: ReadPicture | undefined
}

/** A sheet, and where it leads. */
interface Sheet extends Contents {
  /** The files that it imports, in the same language. */
  targets: string[]
}

/**
 * Refuses references in functions of Less and Stylus that read the file themselves, and know nothing of a query: in the sheets
 * that are modules, and in those that they import, which no plugin sees.
 */
export function createPreprocessorPlugin(requireSession: () => Session): Plugin {
  let session: Session | undefined
  let readers = new Map<string, Reader>()
  const readerOf = (lang: string): Reader => {
    const current = requireSession()
    // The same instance may be in a config that is resolved again.
    if (current !== session) readers = new Map()
    session = current
    const reader = readers.get(lang) ?? createReader(lang, current)
    readers.set(lang, reader)
    return reader
  }
  return {
    name: 'unplugin-magnific:preprocessors',
    enforce: 'pre',
    buildStart() {
      for (const reader of readers.values()) reader.forget()
    },
    transform: {
      filter: { id: sheet },
      async handler(code, id) {
        const [, lang] = sheet.exec(id) ?? []
        if (lang === undefined) return
        const reader = readerOf(lang)
        const seen = new Set<string>()
        const check = async (partial: Sheet, file: string): Promise<void> => {
          // An error of its own for each sheet: hosts write into it.
          if (partial.wrong) throw refuse(partial.wrong, file)
          for (const target of partial.targets) {
            if (seen.has(target)) continue
            seen.add(target)
            await check(await reader.readPartial(target), target)
          }
        }
        const { file } = splitReference(id)
        await check(await reader.read(code, file), file)
      },
    },
  }
}

/** Reads sheets of one language. */
interface Reader {
  read(text: string, file: string): Promise<Sheet>
  /** Each file once for a build; in a dev server, again when it has changed. */
  readPartial(file: string): Promise<Sheet>
  /** Before another build. */
  forget(): void
}

function createReader(lang: string, { config, upscaler }: Session): Reader {
  const { passthrough } = upscaler.options
  const resolve = config.createResolver({
    extensions: [`.${lang}`, '.css'],
    mainFields: [lang, 'style'],
    tryIndex: false,
    preferRelative: true,
  })
  const findTargets = async (imports: readonly string[], importer: string): Promise<string[]> => {
    const targets = await Promise.all(
      imports.map(async (specifier) => resolve(specifier, importer, false)),
    )
    return targets.filter((target) => target?.endsWith(`.${lang}`)) as string[]
  }
  const read = async (text: string, file: string): Promise<Sheet> => {
    const contents = await readContents(text, lang, passthrough)
    return { ...contents, targets: await findTargets(contents.imports, file) }
  }
  const readText = async (file: string): Promise<string> => readFile(file, 'utf8').catch(() => '')

  const built = new Map<string, Promise<Sheet>>()
  const readOnce = async (file: string): Promise<Sheet> => {
    const partial = built.get(file) ?? readText(file).then(async (text) => read(text, file))
    built.set(file, partial)
    return partial
  }

  const served = new Map<string, { stamp: string; contents: Promise<Contents> }>()
  const readServed = async (file: string): Promise<Sheet> => {
    const stats = await stat(file).catch(() => undefined)
    const stamp = `${stats?.mtimeMs} ${stats?.size}`
    let known = served.get(file)
    if (known?.stamp !== stamp) {
      const contents = readText(file).then(async (text) => readContents(text, lang, passthrough))
      known = { stamp, contents }
      served.set(file, known)
    }
    const contents = await known.contents
    // Those that were not there may be there by now.
    return { ...contents, targets: await findTargets(contents.imports, file) }
  }

  const readPartial = config.command === 'serve' ? readServed : readOnce
  return { read, readPartial, forget: () => built.clear() }
}

async function readContents(
  text: string,
  lang: string,
  passthrough: readonly string[],
): Promise<Contents> {
  const imports = Array.from(text.matchAll(importRule), ([, specifier = '']) => specifier)
  const [wrong] = await findReadPictures(`sheet.${lang}`, text, passthrough)
  return { imports, wrong }
}

function refuse({ specifier, refusal }: ReadPicture, importer: string): unknown {
  const error = new MagnificError('UNSUPPORTED_REFERENCE', refusal, { importer })
  return locateError(error, specifier, importer)
}
