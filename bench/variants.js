// What it costs to make variants: 20 results of 16 megapixels, six variants of each. Cold, the results are in the cache and
// no variant is; warm, all of them are. Beside it vite-imagetools with the same directives for the same upscaled files, and
// a build that imports the finished files. Whole processes, run in turn.
//
//   npm run bench:variants                       20 images, 1 round
//   npm run bench:variants -- --images 4 --rounds 3
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { createEmulator } from 'unplugin-magnific/emulator'
import { makePhotos } from './photos.js'
import { runBuild } from './run.js'

const { values } = parseArgs({
  options: {
    images: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '1' },
    directives: { type: 'string', default: 'format=avif;webp&w=640;1280;2560' },
    dir: { type: 'string', default: existsSync('/dev/shm') ? '/dev/shm' : tmpdir() },
  },
})
const images = Number(values.images)
const key = { FREEPIK_API_KEY: 'a-key-for-the-bench' }

const folder = mkdtempSync(join(values.dir, 'magnific-bench-'))
const emulator = await createEmulator({ latency: 0 })
try {
  console.log(
    `${images} results of 16 megapixels, ${values.directives}, Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim()}`,
  )
  const projects = await makeProjects()
  const rows = []
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [what, project, host, lost] of [
      [
        'unplugin-magnific, cold',
        projects.ours,
        'vite',
        ['.magnific/v1/variants', '.magnific/v1/memo.json'],
      ],
      ['vite-imagetools, cold', projects.imagetools, 'imagetools', ['cache']],
      ['unplugin-magnific, warm', projects.ours, 'vite', []],
      ['vite-imagetools, warm', projects.imagetools, 'imagetools', []],
      ['the finished files', projects.plain, 'vite', []],
    ]) {
      for (const name of lost) rmSync(join(project, name), { recursive: true, force: true })
      const { time, peak } = await runBuild(host, project, { MAGNIFIC_BASE_URL: emulator.url })
      rows.push({
        what,
        seconds: Number((time / 1000).toFixed(2)),
        'images/s': Number((images / (time / 1000)).toFixed(2)),
        'variants/s': Number(((projects.variants * images) / (time / 1000)).toFixed(1)),
        'peak MB': Math.round(peak / 1e6),
      })
    }
  }
  console.table(rows)
} finally {
  await emulator.close()
  rmSync(folder, { recursive: true, force: true })
}

/** Three projects that ship the same pictures. */
async function makeProjects() {
  const [ours, imagetools, plain] = ['ours', 'imagetools', 'plain'].map((name) =>
    join(folder, name),
  )
  for (const project of [ours, imagetools, plain]) {
    mkdirSync(join(project, 'src'), { recursive: true })
  }
  const names = Array.from({ length: images }, (_, index) => `photo-${index}`)
  for (const [index, bytes] of (await makePhotos(images, 'jpg')).entries()) {
    writeFileSync(join(ours, 'src', `${names[index]}.jpg`), bytes)
  }
  mkdirSync(join(ours, '.magnific'))
  // Bought once, as they are.
  writeEntry(
    ours,
    names.map((name) => `./${name}.jpg?magnific=4x&format=png`),
  )
  await runBuild('vite', ours, { ...key, MAGNIFIC_BASE_URL: emulator.url })
  for (const file of listVariants(ours)) cpSync(file, join(imagetools, 'src', basename(file)))
  writeEntry(
    imagetools,
    names.map((name) => `./${name}.png?${values.directives}`),
  )
  writeEntry(
    ours,
    names.map((name) => `./${name}.jpg?magnific=4x&${values.directives}`),
  )
  rmSync(join(ours, '.magnific/v1/variants'), { recursive: true })
  await runBuild('vite', ours, { MAGNIFIC_BASE_URL: emulator.url })
  const files = listVariants(ours).map((file) => {
    const name = `${basename(dirname(file)).slice(0, 8)}-${basename(file)}`
    cpSync(file, join(plain, 'src', name))
    return `./${name}`
  })
  writeEntry(plain, files)
  return { ours, imagetools, plain, variants: files.length / images }
}

function writeEntry(project, specifiers) {
  const imports = specifiers.map((specifier, index) => `import image${index} from '${specifier}'`)
  const all = specifiers.map((_, index) => `image${index}`).join(', ')
  writeFileSync(join(project, 'src/main.js'), `${imports.join('\n')}\nconsole.log([${all}])\n`)
}

function listVariants(project) {
  const variants = join(project, '.magnific/v1/variants')
  return readdirSync(variants, { recursive: true })
    .filter((name) => /\.(?:png|webp|avif|jpg)$/.test(name))
    .map((name) => join(variants, name))
}
