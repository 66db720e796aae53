import { cpSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { runBuild } from './run.js'

/**
 * Makes two projects that ship the same files: one imports pictures with `?magnific=2x`, and has them all in its cache;
 * the other one imports what was made of them, without the plugin.
 *
 * @param {string} folder
 * @param {(index: number) => Promise<Buffer>} draw PNGs
 * @param {number} images
 * @param {(project: string) => Promise<void>} fill fills the cache of the first one
 * @returns {Promise<{ ours: string, plain: string }>} the two folders
 */
export async function makeProjects(folder, draw, images, fill) {
  const [ours, plain] = ['ours', 'plain'].map((name) => join(folder, name))
  const names = await makeProject(ours, draw, images)
  await fill(ours)
  mkdirSync(join(plain, 'src'), { recursive: true })
  for (const file of listVariants(ours)) cpSync(file, join(plain, 'src', basename(file)))
  writeEntry(plain, names, '')
  return { ours, plain }
}

/**
 * Makes a project with pictures that it imports, and an empty cache.
 *
 * @returns the pictures' names
 */
export async function makeProject(project, draw, images, query = '?magnific=2x') {
  const names = Array.from({ length: images }, (_, index) => `picture-${index}.png`)
  mkdirSync(join(project, 'src'), { recursive: true })
  // It tells that the plugin is to be used.
  mkdirSync(join(project, '.magnific'))
  for (const [index, name] of names.entries()) {
    writeFileSync(join(project, 'src', name), await draw(index))
  }
  writeEntry(project, names, query)
  return names
}

/** Half of the modules import one picture each, as components do; the entry imports the other half itself. */
function writeEntry(project, names, query) {
  const lines = names.map((name, index) => {
    if (index % 2 === 0) return `import image${index} from './${name}${query}'`
    const component = `component-${index}.js`
    writeFileSync(
      join(project, 'src', component),
      `import image from './${name}${query}'\nexport default image\n`,
    )
    return `import image${index} from './${component}'`
  })
  const all = names.map((_, index) => `image${index}`).join(', ')
  writeFileSync(join(project, 'src/main.js'), `${lines.join('\n')}\nconsole.log([${all}])\n`)
}

/** The pictures that were made, absolute paths. */
export function listVariants(project) {
  const variants = join(project, '.magnific/v1/variants')
  return readdirSync(variants, { recursive: true })
    .filter((name) => /\.(?:png|webp|avif|jpg)$/.test(name))
    .map((name) => join(variants, name))
}

/**
 * Nothing is compared that is not the same work.
 *
 * @param {{ ours: string, plain: string }} projects
 * @param {number} images
 * @param {boolean} [isSame] whether the very same bytes are shipped
 * @throws where two projects have not shipped the same pictures
 */
export function checkShipped({ ours, plain }, images, isSame = true) {
  const [made, wanted] = [listShipped(ours), listShipped(plain)]
  const isRight = isSame ? String(made) === String(wanted) : made.length === wanted.length
  if (wanted.length !== images || !isRight) {
    throw new Error(
      `${ours} ships ${made.length} pictures, ${plain} ${wanted.length} of ${images}.`,
    )
  }
}

/** The sizes of the pictures that a build has written. */
function listShipped(project) {
  const dist = join(project, 'dist')
  return readdirSync(dist, { recursive: true })
    .filter((name) => /\.(?:png|webp)$/.test(name))
    .map((name) => statSync(join(dist, name)).size)
    .toSorted((a, b) => a - b)
}

/** Removes what a build has made, and some of what is in the cache. */
export function forget(project, lost = []) {
  for (const name of ['dist', ...lost.map((each) => `.magnific/v1/${each}`)]) {
    rmSync(join(project, name), { recursive: true, force: true })
  }
}

/** Buys what a project imports, as fast as the emulator sells it. */
export async function buy(project, { env }) {
  await runBuild('vite', project, env, { concurrency: 64, ratePerMinute: 100_000 })
}
