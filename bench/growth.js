import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundleScript } from './bundle.js'
import { runPairs } from './pairs.js'
import { drawPicture } from './pictures.js'
import { checkShipped, forget, makeProjects } from './projects.js'
import { makeRow } from './rows.js'
import { runBuild } from './run.js'

/** What an image costs must not rise; what is measured of it wavers. */
const goal = { of: 'ratio', most: 1.1 }
/** Nothing is bought, and nobody is there to buy it of. */
const env = { MAGNIFIC_BASE_URL: 'http://127.0.0.1:9', FREEPIK_API_KEY: '' }

/**
 * Whether the cost of a cached image rises with their number: warm builds with tiny pictures, of which the host itself makes
 * little, beside the same builds without the plugin.
 *
 * @param {{ folder: string, isQuick: boolean, pairsOr: (most: number) => number }} settings
 */
export async function measureGrowth({ folder, isQuick, pairsOr }) {
  const counts = isQuick ? [100, 300, 1000] : [100, 1000, 10_000]
  const { fillCache } = await import(await bundleScript('synthetic-cache'))
  const projects = new Map()
  for (const count of counts) {
    projects.set(count, await makeTiny(join(folder, `tiny-${count}`), count, fillCache))
  }
  const rows = []
  for (const host of ['vite', 'rollup']) {
    const costs = new Map()
    for (const count of counts) {
      const { ours, plain } = projects.get(count)
      const pairs = pairsOr(count > 1000 ? 7 : 15)
      const runs = await runPairs(pairs, async (name) => {
        const project = name === 'ours' ? ours : plain
        forget(project)
        return runBuild(host, project, env)
      })
      checkShipped({ ours, plain }, count)
      const pick = (name) => runs[name].map(({ time }) => time)
      const times = { ours: pick('ours'), plain: pick('plain') }
      const what = `${host === 'vite' ? 'Vite' : 'Rollup'}, ${count.toLocaleString('en')} tiny images`
      const row = makeRow(what, times)
      costs.set(count, (row.difference / count) * 1000)
      rows.push(row)
    }
    const [most, fewer] = [counts.at(-1), counts.at(-2)]
    const figures = { ours: [costs.get(most)], plain: [costs.get(fewer)] }
    const what = `${host === 'vite' ? 'Vite' : 'Rollup'}, over plain: with ${most.toLocaleString('en')} images, beside ${fewer.toLocaleString('en')}`
    rows.push(makeRow(what, figures, { unit: 'µs an image', goal }))
  }
  return rows
}

async function makeTiny(folder, count, fillCache) {
  const finished = join(folder, 'finished')
  mkdirSync(finished, { recursive: true })
  const find = (index) => join(finished, `${index}.png`)
  for (let index = 0; index < count; index++) {
    writeFileSync(find(index), await drawPicture(index, 16, 16))
  }
  const projects = await makeProjects(
    folder,
    async (index) => drawPicture(index, 8, 8),
    count,
    async (project) => {
      const files = Array.from({ length: count }, (_, index) =>
        join(project, 'src', `picture-${index}.png`),
      )
      await fillCache(project, env, files, 'magnific=2x', find)
    },
  )
  rmSync(finished, { recursive: true })
  return projects
}
