// One scan in a process of its own: node bench/run-scan.js <ours|checked|plain> <bundle> <folder> [entry]. Prints how long it took from
// where everything is loaded that both need, in ms, and what was found.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import glob from 'fast-glob'

const [name, bundle, root, entry] = process.argv.slice(2)
const { createPlainResolve, scanProject, sourceExtensions } = await import(bundle)

const startedAt = performance.now()
const found = name !== 'plain' ? await scan() : await read()
console.log(JSON.stringify({ time: performance.now() - startedAt, ...found }))

async function scan() {
  const scanned = await scanProject({
    root,
    resolve: createPlainResolve({ root }),
    checksSyntax: name === 'checked',
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
  let length = 0
  for (const file of files) length += readFileSync(join(root, file), 'utf8').length
  return { sources: files.length, length }
}
