// Everything that is measured of the plugin's cost, in one table: what, ours, plain, ratio, goal, n. Whole processes, run in
// turn (plain, ours, ours, plain, …), medians of the ratios pair by pair. What is written to bench/results.json are the groups
// that have run; what other groups were measured to be stays there.
//
//   npm run bench                          all of it, about half an hour
//   npm run bench -- --only warm,memory    some groups
//   npm run bench -- --quick --only cold   few pairs and images, to try; nothing is written but with --json
//   npm run bench -- --write               and docs/performance.md is made of it; alone of what is there with --only none
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { measureBesideImagetools } from './beside-imagetools.js'
import { measureCold } from './cold.js'
import { measureGrowth } from './growth.js'
import { measureMemory } from './memory.js'
import { mergeResults, readResults, writePage } from './results.js'
import { isMissed, printRows } from './rows.js'
import { measureScan } from './scan.js'
import { measureSharing } from './sharing.js'
import { measureStartUp } from './start-up.js'
import { measureWaiting } from './waiting.js'
import { measureWarm } from './warm.js'

/** In the order of the page. */
const groups = {
  warm: measureWarm,
  imagetools: measureBesideImagetools,
  growth: measureGrowth,
  start: measureStartUp,
  cold: measureCold,
  waiting: measureWaiting,
  memory: measureMemory,
  scan: measureScan,
  sharing: measureSharing,
}

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: Object.keys(groups).join(',') },
    pairs: { type: 'string' },
    quick: { type: 'boolean', default: false },
    // In memory, where there is such a folder: on a disk, it is mostly the disk that is measured.
    dir: { type: 'string', default: existsSync('/dev/shm') ? '/dev/shm' : tmpdir() },
    json: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
})
const own = fileURLToPath(new URL('results.json', import.meta.url))
const json = values.json ?? (values.quick ? undefined : own)
const names = values.only === 'none' ? [] : values.only.split(',')
const unknown = names.find((name) => !Object.hasOwn(groups, name))
if (unknown !== undefined) {
  throw new Error(`There is no group "${unknown}", only ${Object.keys(groups).join(', ')}, none.`)
}

const folder = mkdtempSync(join(values.dir, 'magnific-bench-'))
const all = []
try {
  for (const name of names) {
    const rows = await groups[name]({
      folder,
      isQuick: values.quick,
      pairsOr: (usual) => Number(values.pairs ?? (values.quick ? 2 : usual)),
    })
    printRows(rows)
    all.push(...rows)
    // At once: what comes next may take long.
    if (json) mergeResults(json, Object.keys(groups), name, rows)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
if (names.length > 1) printRows(all)
const missed = all.filter(isMissed)
if (missed.length > 0) console.log(`${missed.length} of ${all.length} miss their goal.`)
if (values.write) writePage(readResults(json ?? own))
