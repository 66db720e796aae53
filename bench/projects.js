import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import sharp from 'sharp'
import { runBuild } from './run.js'

/**
 * Makes two projects that ship the same files: one imports pictures with `?magnific=2x`, and has them all in its cache;
 * the other one imports what was made of them, without the plugin.
 *
 * @returns {Promise<{ ours: string, plain: string }>} the two folders
 */
export async function makeProjects(folder, images, baseUrl) {
  const [ours, plain] = ['ours', 'plain'].map((name) => join(folder, name))
  const names = Array.from({ length: images }, (_, index) => `picture-${index}.png`)
  for (const project of [ours, plain]) mkdirSync(join(project, 'src'), { recursive: true })
  for (const [index, name] of names.entries()) {
    writeFileSync(join(ours, 'src', name), await drawPicture(index))
  }
  writeEntry(ours, names, '?magnific=2x')
  writeEntry(plain, names, '')
  mkdirSync(join(ours, '.magnific'))
  await runBuild('vite', ours, {
    FREEPIK_API_KEY: 'a-key-for-the-bench',
    MAGNIFIC_BASE_URL: baseUrl,
  })
  for (const file of listVariants(ours)) cpSync(file, join(plain, 'src', basename(file)))
  return { ours, plain }
}

/** A picture with a gradient and noise: about the size, compressed, that a photograph of its pixels has. */
async function drawPicture(seed) {
  const [width, height] = [200, 150]
  const pixels = Buffer.alloc(width * height * 3)
  let state = seed + 1
  for (let index = 0; index < pixels.length; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    pixels[index] = (index / pixels.length) * 200 + (state >>> 28)
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer()
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

function listVariants(project) {
  const variants = join(project, '.magnific/v1/variants')
  return readdirSync(variants, { recursive: true })
    .filter((name) => name.endsWith('.png'))
    .map((name) => join(variants, name))
}
