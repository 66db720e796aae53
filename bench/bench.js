// What a warm build costs beside the same build without the plugin: the same picture files, imported directly.
// Whole processes, run in turn (plain, ours, plain, ours, …), the ratio taken pair by pair, the median shown, so that a
// machine whose speed drifts does not favour one of them.
//
//   npm run bench                       200 images, 15 pairs of each host
//   npm run bench -- --images 1000 --pairs 7 --hosts vite,webpack --dir /tmp
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createEmulator } from 'unplugin-magnific/emulator'
import { makeProjects } from './projects.js'
import { runBuild } from './run.js'

const { values } = parseArgs({
  options: {
    images: { type: 'string', default: '200' },
    pairs: { type: 'string', default: '15' },
    hosts: { type: 'string', default: 'vite,webpack,rollup' },
    // In memory, where there is such a folder: on a disk, it is mostly the disk that is measured.
    dir: { type: 'string', default: existsSync('/dev/shm') ? '/dev/shm' : tmpdir() },
    json: { type: 'string' },
  },
})
const images = Number(values.images)
const pairs = Number(values.pairs)
const goal = 1.1
/** What is missing in the cache directory before each build. */
const losses = {
  warm: [],
  // As a CI cache restores it: no stat is known, and everything is hashed.
  'restored cache': ['memo.json'],
  // As git restores it: variants are made again.
  'fresh checkout': ['memo.json', 'variants'],
}

const folder = mkdtempSync(join(values.dir, 'magnific-bench-'))
const emulator = await createEmulator({ latency: 0, alpha: 'keep' })
try {
  console.log(
    `${images} images in ${values.dir}, ${pairs} pairs, Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim()}`,
  )
  const projects = await makeProjects(folder, images, emulator.url)
  const rows = []
  for (const host of values.hosts.split(',')) {
    for (const state of Object.keys(losses)) {
      rows.push(await measure(host, state, projects))
    }
  }
  console.table(
    rows.map((row) => ({
      what: row.what,
      'ours, ms': Math.round(row.ours),
      'plain, ms': Math.round(row.plain),
      ratio: row.ratio.toFixed(3),
      spread: `${row.low.toFixed(2)}–${row.high.toFixed(2)}`,
      goal: row.goal === undefined ? '' : `≤ ${row.goal}`,
      n: row.n,
    })),
  )
  if (values.json) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`)
} finally {
  await emulator.close()
  rmSync(folder, { recursive: true, force: true })
}

/**
 * Runs pairs of builds.
 *
 * @param state one of `losses`
 */
async function measure(host, state, { ours, plain }) {
  const times = { ours: [], plain: [] }
  for (let pair = -1; pair < pairs; pair++) {
    // The order within a pair changes, so that neither always runs into the other's leftovers.
    const order = pair % 2 === 0 ? ['plain', 'ours'] : ['ours', 'plain']
    for (const name of order) {
      for (const lost of name === 'ours' ? losses[state] : []) {
        rmSync(join(ours, '.magnific/v1', lost), { recursive: true, force: true })
      }
      const time = await runBuild(host, name === 'ours' ? ours : plain, {
        FREEPIK_API_KEY: '',
        MAGNIFIC_BASE_URL: emulator.url,
      })
      // The first pair warms the machine's caches.
      if (pair >= 0) times[name].push(time)
    }
  }
  const ratios = times.ours
    .map((time, index) => time / times.plain[index])
    .toSorted((a, b) => a - b)
  return {
    what: `${host}, ${state}`,
    ours: median(times.ours),
    plain: median(times.plain),
    ratio: median(ratios),
    low: ratios[0],
    high: ratios.at(-1),
    ...(state === 'warm' ? { goal } : {}),
    n: pairs,
  }
}

function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
