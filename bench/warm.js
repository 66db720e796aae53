import { join } from 'node:path'
import { startEmulator } from './emulator.js'
import { runPairs } from './pairs.js'
import { drawPicture } from './pictures.js'
import { buy, checkShipped, forget, makeProjects } from './projects.js'
import { makeProcessRows } from './rows.js'
import { runBuild } from './run.js'

const goal = { of: 'ratio', most: 1.05 }
const hosts = { vite: 'Vite', webpack: 'webpack', rollup: 'Rollup' }
/** How many pictures there are, and of which size, if it is another one than usual: pages have larger ones. */
const sets = [
  { count: 50, size: [800, 600], pairs: 11 },
  { count: 200, pairs: 21, losesMore: true },
  { count: 1000, pairs: 11 },
]
const quick = [{ count: 50, pairs: 21, losesMore: true }]
/** What is missing in the cache directory before each build. */
const losses = {
  // As a CI cache restores it: no stat is known, and everything is hashed.
  'restored cache': ['memo.json'],
  // As git restores it: variants are made again.
  'fresh checkout': ['memo.json', 'variants'],
}

/**
 * What a warm build costs beside the same build without the plugin: the same picture files, imported directly.
 *
 * @param {{ folder: string, isQuick: boolean, pairsOr: (most: number) => number }} settings
 */
export async function measureWarm({ folder, isQuick, pairsOr }) {
  const emulator = await startEmulator({ latency: 0, alpha: 'keep' })
  const rows = []
  const measure = async (host, what, projects, count, pairs, lost, about) => {
    const runs = await runPairs(pairs, async (name) => {
      const project = projects[name]
      forget(project, name === 'ours' ? lost : [])
      // A build of a warm cache has no key.
      return runBuild(host, project, { ...emulator.env, FREEPIK_API_KEY: '' })
    })
    checkShipped(projects, count)
    rows.push(...makeProcessRows(what, runs, about))
  }
  try {
    for (const { count, pairs, size = [], losesMore = false } of isQuick ? quick : sets) {
      const projects = await makeProjects(
        join(folder, `warm-${count}`),
        async (index) => drawPicture(index, ...size),
        count,
        async (project) => buy(project, emulator),
      )
      const pictures = `${count} images${size.length > 0 ? ` of ${size.join('×')}` : ''}`
      for (const [host, name] of Object.entries(hosts)) {
        await measure(host, `${name}, ${pictures}`, projects, count, pairsOr(pairs), [], goal)
      }
      if (!losesMore) continue
      for (const [state, lost] of Object.entries(losses)) {
        for (const [host, name] of Object.entries(hosts)) {
          const what = `${name}, ${count} images, ${state}`
          await measure(host, what, projects, count, pairsOr(7), lost)
        }
      }
    }
  } finally {
    await emulator.close()
  }
  return rows
}
