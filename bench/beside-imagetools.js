import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { startEmulator } from './emulator.js'
import { runPairs } from './pairs.js'
import { drawPicture } from './pictures.js'
import { buy, checkShipped, forget, listVariants, makeProject } from './projects.js'
import { makeProcessRows } from './rows.js'
import { runBuild } from './run.js'

const goal = { of: 'ratio', most: 1 }
const directives = 'format=webp&w=320'

/**
 * A warm build beside one with vite-imagetools, which has a warm cache too: the same directives, here for what was upscaled,
 * there for the upscaled files as they are.
 *
 * @param {{ folder: string, isQuick: boolean, pairsOr: (most: number) => number }} settings
 */
export async function measureBesideImagetools({ folder, isQuick, pairsOr }) {
  const emulator = await startEmulator({ latency: 0, alpha: 'keep' })
  const rows = []
  try {
    for (const images of isQuick ? [50] : [200, 1000]) {
      const projects = await makeProjects(join(folder, `imagetools-${images}`), images, emulator)
      const runs = await runPairs(pairsOr(images > 200 ? 5 : 11), async (name) => {
        forget(projects[name])
        const host = name === 'ours' ? 'vite' : 'imagetools'
        return runBuild(host, projects[name], { ...emulator.env, FREEPIK_API_KEY: '' })
      })
      // Their encoders are set otherwise.
      checkShipped(projects, images, false)
      rows.push(...makeProcessRows(`Vite, ${images} images, beside vite-imagetools`, runs, goal))
    }
  } finally {
    await emulator.close()
  }
  return rows
}

async function makeProjects(folder, images, emulator) {
  const [ours, plain] = ['ours', 'plain'].map((name) => join(folder, name))
  const names = await makeProject(ours, drawPicture, images)
  await buy(ours, emulator)
  mkdirSync(join(plain, 'src'), { recursive: true })
  for (const file of listVariants(ours)) cpSync(file, join(plain, 'src', basename(file)))
  writeEntry(ours, names, `magnific=2x&${directives}`)
  writeEntry(plain, names, directives)
  return { ours, plain }
}

function writeEntry(project, names, query) {
  const imports = names.map((name, index) => `import image${index} from './${name}?${query}'\n`)
  const all = names.map((_, index) => `image${index}`).join(', ')
  writeFileSync(join(project, 'src/main.js'), `${imports.join('')}console.log([${all}])\n`)
}
