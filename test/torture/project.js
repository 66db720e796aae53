import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, realpathSync } from 'node:fs'
import { rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { dropChunks } from '../helpers/png-chunks.js'

/** Pictures are compared at so many pixels a side: enough to tell one from the other. */
const glance = 12
/** The mean difference of two glances, of 255: another picture has several times as much. */
const tolerance = 6
const scale = 2

/**
 * @typedef {{ name: string, sha256: string, width: number, height: number, glance: Buffer }} Source
 * @typedef {{ dir: string, sources: Source[] }} Project
 */

/**
 * A project with an entry and pictures, no two alike, in a temporary folder.
 *
 * @param {import('./random.js').Random} random
 * @param {number} images
 * @returns {Promise<Project>}
 */
export async function createProject(random, images) {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'magnific-torture-')))
  mkdirSync(join(dir, 'src'))
  writeFileSync(join(dir, 'package.json'), '{}')
  const sources = []
  for (let index = 0; index < images; index++) {
    const name = `image-${index}`
    const bytes = await drawPicture(random)
    writeFileSync(join(dir, 'src', `${name}.png`), bytes)
    const { width, height } = await sharp(bytes).metadata()
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    sources.push({ name, sha256, width, height, glance: await takeGlance(bytes) })
  }
  const imports = sources.map(
    ({ name }, index) => `import image${index} from './${name}.png?magnific=${scale}x'`,
  )
  const names = sources.map((_, index) => `image${index}`)
  writeFileSync(
    join(dir, 'src/main.js'),
    `${imports.join('\n')}\nconsole.log(${names.join(', ')})\n`,
  )
  return { dir, sources }
}

/**
 * The same sources once more, in a folder of its own.
 *
 * @param {Project} project
 * @returns {Project}
 */
export function checkOut({ dir, sources }) {
  const copy = realpathSync(mkdtempSync(join(tmpdir(), 'magnific-torture-')))
  mkdirSync(join(copy, 'src'))
  for (const name of [
    'package.json',
    ...readdirSync(join(dir, 'src')).map((each) => `src/${each}`),
  ]) {
    copyFileSync(join(dir, name), join(copy, name))
  }
  return { dir: copy, sources }
}

/** @param {Project} project */
export function removeProject({ dir }) {
  rmSync(dir, { recursive: true, force: true })
}

/**
 * Compares what a build emitted with the sources: each picture must be there, of the right size, and show the right thing.
 *
 * @param {Project} project
 * @returns {Promise<string[]>} what is wrong
 */
export async function checkOutput({ dir, sources }) {
  const assets = join(dir, 'dist/rollup/assets')
  const emitted = readNames(assets)
  const problems = await Promise.all(
    sources.map(async (source) => {
      const names = emitted.filter((name) => name.startsWith(`${source.name}-`))
      if (names.length !== 1) return `${source.name}: ${names.length} files emitted`
      return checkPicture(join(assets, names[0]), source)
    }),
  )
  return problems.filter((problem) => problem !== undefined)
}

async function checkPicture(file, source) {
  try {
    const { width, height } = await sharp(file).metadata()
    if (width !== source.width * scale || height !== source.height * scale) {
      return `${source.name}: emitted at ${width}×${height}`
    }
    const seen = await takeGlance(file)
    const difference = seen.reduce((sum, value, at) => sum + Math.abs(value - source.glance[at]), 0)
    return difference / seen.length > tolerance ? `${source.name}: another picture` : undefined
  } catch (error) {
    return `${source.name}: ${error.message}`
  }
}

/** Large patches of colour: small to send, and told apart at a glance. Nothing but pixels, so that all of it is sent. */
async function drawPicture(random) {
  const side = 5
  const colours = Buffer.from(Array.from({ length: side * side * 3 }, () => random.int(0, 255)))
  const width = 160 + random.int(0, 8) * 4
  const height = 160 + random.int(0, 8) * 4
  const png = await sharp(colours, { raw: { width: side, height: side, channels: 3 } })
    .resize(width, height, { fit: 'fill' })
    .png()
    .toBuffer()
  return dropChunks(png, ['pHYs'])
}

async function takeGlance(picture) {
  return sharp(picture).resize(glance, glance, { fit: 'fill' }).removeAlpha().raw().toBuffer()
}

function readNames(folder) {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
