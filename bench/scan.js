// What a scan of a project's sources costs beside listing them with fast-glob and reading them with readFile alone. Each run is a
// process of its own, measured from where its modules are loaded, so that nothing is warm but the file system; run in turn
// (plain, ours, ours, plain, …).
//
//   node bench/scan.js                     2,000 sources, 15 pairs
//   node bench/scan.js --sources 500 --pairs 5 --dir /tmp
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'vite'
import { compare, printRows, runPairs } from './pairs.js'
import { makeSources } from './sources.js'

const { values } = parseArgs({
  options: {
    sources: { type: 'string', default: '2000' },
    pairs: { type: 'string', default: '15' },
    // In memory, where there is such a folder: on a disk, it is mostly the disk that is measured.
    dir: { type: 'string', default: existsSync('/dev/shm') ? '/dev/shm' : tmpdir() },
  },
})
const pairs = Number(values.pairs)
const count = Number(values.sources)
const goal = 2
const script = fileURLToPath(new URL('run-scan.js', import.meta.url))
const bundleFolder = fileURLToPath(new URL('../node_modules/.magnific-bench', import.meta.url))

const folder = mkdtempSync(join(values.dir, 'magnific-bench-'))
try {
  console.log(
    `${count} sources in ${values.dir}, ${pairs} pairs, Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim()}`,
  )
  const { entry, references } = makeSources(folder, count)
  const bundle = await bundleScanner()
  const rows = []
  for (const [what, ours, plain, entries] of [
    ['scan', 'scan', 'read', []],
    ['scan, from one entry', 'scan', 'read', [entry]],
    ['scan, syntax checked', 'checked', 'read', []],
    // The fastest way to read there is, which the scan takes too.
    ['scan, beside readFileSync', 'scan', 'read-sync', []],
    ['… from one entry', 'scan', 'read-sync', [entry]],
  ]) {
    const hows = { ours, plain }
    const times = await runPairs(pairs, async (name) =>
      run(hows[name], bundle, name === 'ours' ? entries : [], references),
    )
    rows.push({ what, ...compare(times), ...(plain === 'read' && { goal }), n: pairs })
  }
  printRows(rows)
} finally {
  rmSync(folder, { recursive: true, force: true })
  rmSync(bundleFolder, { recursive: true, force: true })
}

/** The scanner is no entry of the package: it is bundled where it finds what it imports. */
async function bundleScanner() {
  await build({
    configFile: false,
    logLevel: 'warn',
    build: {
      ssr: true,
      outDir: bundleFolder,
      emptyOutDir: true,
      minify: false,
      rollupOptions: {
        input: fileURLToPath(new URL('scanner.js', import.meta.url)),
        output: { entryFileNames: 'scanner.mjs' },
      },
    },
  })
  return join(bundleFolder, 'scanner.mjs')
}

/** @returns ms */
function run(how, bundle, entries, references) {
  const output = execFileSync(process.execPath, [script, how, bundle, folder, ...entries])
  const { time, ...found } = JSON.parse(output)
  const isScan = !how.startsWith('read')
  const isWhole = !isScan || (found.references === references && found.problems.length === 0)
  if (found.sources !== count + 1 || !isWhole) {
    throw new Error(`${how} found ${JSON.stringify(found)}.`)
  }
  return time
}
