import { createHash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { basename, join, relative, sep } from 'node:path'
import sharp from 'sharp'

const picture = /\.(?:png|jpe?g|webp|avif)$/i
/** pixels */
const upscaledWidth = 800

/**
 * Looks at what a build has made.
 *
 * @param {string} project its folder
 * @param {{ outputs: string[], originals?: string[] }} example `originals` are the names of the pictures that are upscaled
 * @returns {Promise<{ emitted: boolean, kept: string[] }>} whether upscaled pictures are in the output, as they are in the
 *   cache or encoded anew; and the files that hold an original
 */
export async function examineOutput(project, { outputs, originals = ['hero.png'] }) {
  const files = outputs.flatMap((folder) => listFiles(join(project, folder)))
  const variants = new Set(
    listFiles(join(project, '.magnific/v1/variants')).filter(isPicture).map(hash),
  )
  const pictures = files.filter(isPicture)
  const emitted =
    pictures.some((file) => variants.has(hash(file))) || (await someAsync(pictures, isUpscaled))
  const sources = listFiles(project)
    .filter((file) => originals.includes(basename(file)) && isSource(file, project, outputs))
    .map((file) => readFileSync(file))
  if (sources.length === 0) throw new Error(`There is no ${originals.join(' or ')} in ${project}.`)
  const kept = files.filter((file) => {
    const content = readFileSync(file)
    return sources.some((source) => content.equals(source) || content.includes(inlined(source)))
  })
  return { emitted, kept: kept.map((file) => relative(project, file)) }
}

/** A piece of a picture as a data URI has it. */
function inlined(source) {
  return source.toString('base64').slice(60, 260)
}

function isSource(file, project, outputs) {
  const path = relative(project, file)
  const [top] = path.split(sep)
  return (
    !path.includes('node_modules') &&
    top !== '.magnific' &&
    !outputs.some((each) => path.startsWith(each + sep))
  )
}

function isPicture(file) {
  return picture.test(file)
}

async function isUpscaled(file) {
  const { width } = await sharp(file).metadata()
  return width === upscaledWidth
}

async function someAsync(values, test) {
  const answers = await Promise.all(values.map(test))
  return answers.includes(true)
}

function hash(file) {
  return createHash('sha256').update(readFileSync(file)).digest('hex')
}

function listFiles(folder) {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.parentPath.includes(`${sep}node_modules${sep}`))
      .map((entry) => join(entry.parentPath, entry.name))
  } catch {
    return []
  }
}
