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
import { compare, printRows, runPairs } from './pairs.js'
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
  printRows(rows)
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
  const times = await runPairs(pairs, async (name) => {
    for (const lost of name === 'ours' ? losses[state] : []) {
      rmSync(join(ours, '.magnific/v1', lost), { recursive: true, force: true })
    }
    return runBuild(host, name === 'ours' ? ours : plain, {
      FREEPIK_API_KEY: '',
      MAGNIFIC_BASE_URL: emulator.url,
    })
  })
  return {
    what: `${host}, ${state}`,
    ...compare(times),
    ...(state === 'warm' ? { goal } : {}),
    n: pairs,
  }
}
