import { join } from 'node:path'
import { startEmulator } from './emulator.js'
import { runPairs } from './pairs.js'
import { drawPicture } from './pictures.js'
import { buy, checkShipped, forget, makeProjects } from './projects.js'
import { makeProcessRows } from './rows.js'
import { runBuild } from './run.js'

const goal = { of: 'ratio', most: 1.05 }
/** Pictures of a size that pages have, of which the host makes more than of the small ones. */
const large = { count: 50, width: 800, height: 600 }
const hosts = { vite: 'Vite', webpack: 'webpack', rollup: 'Rollup' }
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
export async function measureWarm({
  folder,
  isQuick,
  pairsOr,
  images = isQuick ? [50] : [200, 1000],
}) {
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
    if (!isQuick) {
      const { count, width, height } = large
      const projects = await makeProjects(
        join(folder, 'warm-large'),
        async (index) => drawPicture(index, width, height),
        count,
        async (project) => buy(project, emulator),
      )
      for (const [host, name] of Object.entries(hosts)) {
        const what = `${name}, ${count} images of ${width}×${height}`
        await measure(host, what, projects, count, pairsOr(11), [], goal)
      }
    }
    for (const count of images) {
      const projects = await makeProjects(
        join(folder, `warm-${count}`),
        async (index) => drawPicture(index),
        count,
        async (project) => buy(project, emulator),
      )
      const pairs = pairsOr(count > 200 ? 11 : 21)
      for (const [host, name] of Object.entries(hosts)) {
        await measure(host, `${name}, ${count} images`, projects, count, pairs, [], goal)
      }
      if (count > 200) continue
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
