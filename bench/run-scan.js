// One scan in a process of its own: node bench/run-scan.js <how> <bundle> <folder> [entry], where how is `scan`, `checked` (syntax
// is checked too), `read` or `read-sync` (no scan). Prints how long it took from where everything is loaded that all of them
// need, in ms, and what was found.
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import glob from 'fast-glob'

const [how, bundle, root, entry] = process.argv.slice(2)
const { createPlainResolve, scanProject, sourceExtensions } = await import(bundle)

const startedAt = performance.now()
const found = how.startsWith('read') ? await read() : await scan()
console.log(JSON.stringify({ time: performance.now() - startedAt, ...found }))

async function scan() {
  const scanned = await scanProject({
    root,
    resolve: createPlainResolve({ root }),
    checksSyntax: how === 'checked',
    ...(entry && { entries: [entry] }),
  })
  const { references, sources, problems, reachedSources } = scanned
  return {
    references: references.length,
    sources,
    problems: problems.map(({ file, message }) => `${file}: ${message}`),
    reached: reachedSources?.size,
  }
}

/** What no scan can do without: the list of sources, and their texts. */
async function read() {
  const files = await glob(`**/*.@(${sourceExtensions.join('|')})`, {
    cwd: root,
    ignore: ['**/@(node_modules|dist)/**', '**/*.d.@(ts|mts|cts|*.ts)'],
    followSymbolicLinks: false,
    unique: false,
  })
  const paths = files.map((file) => join(root, file))
  const texts =
    how === 'read'
      ? await Promise.all(paths.map((path) => readFile(path, 'utf8')))
      : paths.map((path) => readFileSync(path, 'utf8'))
  return { sources: texts.length }
}
