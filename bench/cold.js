import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startEmulator } from './emulator.js'
import { drawPicture } from './pictures.js'
import { forget } from './projects.js'
import { makeRow } from './rows.js'
import { runBuild } from './run.js'

const goal = { of: 'ratio', most: 1.1 }
const concurrency = 8
/** Of each task, ms. */
const latency = 2000
/** Nobody knows that a task is done before having asked: the shortest time between two questions about one, ms. */
const poll = 200

/** How the modules lead to the pictures. */
const shapes = {
  'imported by one module': (names) => ({
    'main.js': names
      .map((name, index) => `import image${index} from '${name}'\nconsole.log(image${index})\n`)
      .join(''),
  }),
  'in a chain of modules': (names) =>
    Object.fromEntries(
      names.map((name, index) => [
        index === 0 ? 'main.js' : `module-${index}.js`,
        `import image from '${name}'\nconsole.log(image)\n` +
          (index + 1 < names.length ? `import './module-${index + 1}.js'\n` : ''),
      ]),
    ),
  'in a fan of modules': (names) => ({
    'main.js': names.map((_, index) => `import('./module-${index}.js')\n`).join(''),
    ...Object.fromEntries(
      names.map((name, index) => [
        `module-${index}.js`,
        `import image from '${name}'\nconsole.log(image)\n`,
      ]),
    ),
  }),
}

/**
 * What a build takes that has to buy everything, beside the tasks alone: as many at once as there may be, one round after the
 * other.
 *
 * @param {{ folder: string, isQuick: boolean, pairsOr: (most: number) => number }} settings
 */
export async function measureCold({ folder, isQuick, pairsOr }) {
  const images = isQuick ? 16 : 64
  const ideal = (images / concurrency) * latency + poll
  const emulator = await startEmulator({ latency })
  const rows = []
  try {
    for (const [shape, render] of Object.entries(shapes)) {
      const project = join(folder, `cold-${rows.length}`)
      await writeProject(project, images, render)
      for (const prefetch of shape.includes('chain') ? [false, true] : [false]) {
        const times = []
        while (times.length < pairsOr(3)) {
          forget(project, ['.'])
          const { time } = await runBuild('vite', project, emulator.env, { concurrency, prefetch })
          times.push(time)
        }
        const what = `cold, ${images} images ${shape}${prefetch ? ', prefetched' : ''}, tasks of ${latency / 1000} s`
        const plain = times.map(() => ideal)
        rows.push(makeRow(what, { ours: times, plain }, { goal }))
      }
    }
  } finally {
    await emulator.close()
  }
  return rows
}

async function writeProject(project, images, render) {
  mkdirSync(join(project, 'src'), { recursive: true })
  // It tells that the plugin is to be used.
  mkdirSync(join(project, '.magnific'))
  const names = Array.from({ length: images }, (_, index) => `./picture-${index}.png?magnific=2x`)
  for (const [index, name] of names.entries()) {
    writeFileSync(join(project, 'src', name.split('?')[0]), await drawPicture(index))
  }
  for (const [name, text] of Object.entries(render(names))) {
    writeFileSync(join(project, 'src', name), text)
  }
}
