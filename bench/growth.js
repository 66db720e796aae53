import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundleScript } from './bundle.js'
import { runPairs } from './pairs.js'
import { drawPicture } from './pictures.js'
import { checkShipped, forget, makeProjects } from './projects.js'
import { makeRow } from './rows.js'
import { runBuild } from './run.js'

/** What a build costs beside the plain one must not rise with the number of images; what is measured of it wavers. */
const goal = { of: 'ratio', most: 1.05 }
/** What others use for images in Rollup opens all files at once, and fails with 10,000. */
const hosts = { vite: 'Vite' }
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
  for (const [host, name] of Object.entries(hosts)) {
    const measured = []
    for (const count of counts) {
      const pairs = pairsOr(count > 1000 ? 7 : 15)
      measured.push(
        await measure(
          host,
          `${name}, ${show(count)} tiny images`,
          projects.get(count),
          count,
          pairs,
        ),
      )
    }
    const [fewer, most] = measured.slice(-2)
    const ratios = { ours: [most.ratio], plain: [fewer.ratio] }
    const what = `${name}, growth: ${show(counts.at(-1))} tiny images beside ${show(counts.at(-2))}`
    rows.push(...measured, makeRow(what, ratios, { unit: '× plain', goal }))
  }
  return rows
}

async function measure(host, what, projects, count, pairs) {
  const runs = await runPairs(pairs, async (name) => {
    forget(projects[name])
    return runBuild(host, projects[name], env)
  })
  checkShipped(projects, count)
  const pick = (name) => runs[name].map(({ time }) => time)
  return makeRow(what, { ours: pick('ours'), plain: pick('plain') })
}

function show(count) {
  return count.toLocaleString('en')
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
