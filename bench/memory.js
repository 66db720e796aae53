import { join } from 'node:path'
import { startEmulator } from './emulator.js'
import { runPairs } from './pairs.js'
import { drawNoise, drawPatches } from './pictures.js'
import { forget, makeProject } from './projects.js'
import { makeRow } from './rows.js'
import { runBuild } from './run.js'

const goal = { of: 'difference', most: 64 }
const concurrency = 8

/**
 * The peak of resident memory of a build that sends or fetches large pictures, beside the same build when it has all of
 * them: what the host itself holds is in both.
 *
 * @param {{ folder: string, isQuick: boolean, pairsOr: (most: number) => number }} settings
 */
export async function measureMemory({ folder, isQuick, pairsOr }) {
  const emulator = await startEmulator({ latency: 0 })
  const measure = async (what, project, lost) => {
    const runs = await runPairs(pairsOr(3), async (name) => {
      forget(project, name === 'ours' ? lost : [])
      return runBuild('vite', project, emulator.env, { concurrency })
    })
    const pick = (name) => runs[name].map(({ peak }) => peak / 1e6)
    return makeRow(what, { ours: pick('ours'), plain: pick('plain') }, { unit: 'MB', goal })
  }
  try {
    const sent = join(folder, 'sent')
    const count = isQuick ? 8 : 32
    await makeProject(sent, drawPatches, count)
    // Bought anew each time.
    const submitting = await measure(
      `submitting ${count} images of 19 MB at concurrency ${concurrency}: peak memory`,
      sent,
      ['.'],
    )
    const fetched = join(folder, 'fetched')
    const results = isQuick ? 4 : 16
    // What is shipped is small: of what is large, Vite holds all at once.
    await makeProject(fetched, drawNoise, results, '?magnific=2x&format=webp&w=64')
    // What was paid for and lost is fetched again.
    const downloading = await measure(
      `downloading ${results} results of 60 MB at concurrency ${concurrency}: peak memory`,
      fetched,
      ['blobs', 'variants', 'memo.json'],
    )
    return [submitting, downloading]
  } finally {
    await emulator.close()
  }
}
