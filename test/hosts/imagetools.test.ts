import { copyFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { imagetools } from 'vite-imagetools'
import { expect, it } from 'vitest'
import { directiveNames } from '../../src/core/directives.ts'
import { outputKinds } from '../../src/core/outputs.ts'
import { build } from '../helpers/build.ts'
import type { Built } from '../helpers/build.ts'
import { startEmulator } from '../helpers/emulator.ts'
import { heroProject, optionsFor, writeEntry } from '../helpers/hero.ts'
import type { Project } from '../helpers/project.ts'
import { describePixels, evaluate, replaceUrls } from '../helpers/shipped.ts'

/**
 * What is asked of both: of us for `hero.png?magnific=4x&…`, and of vite-imagetools for the upscaled file, of 240×160.
 *
 * Ours differs on purpose where a picture would be larger than its result: that is an error, unless `allowUpscale` says
 * otherwise, with a value or without. Where a name asks for a lossy format, and no query, it has a high quality. In
 * `as=metadata`, which tells five things, what is rotated has the size that it has afterwards, and `jpg` is `jpeg`. And
 * lists may hold colons: `aspect=16:9;4:3`.
 */
const queries = [
  '',
  // Sizes
  'w=100',
  'h=50',
  'w=1',
  'w=240&h=160',
  'w=50;100;200',
  'w=33;77&h=20',
  'aspect=16:9',
  'aspect=1',
  'aspect=1.5',
  'w=60&aspect=1:2',
  'h=60&aspect=2',
  'w=300&allowUpscale=true',
  'w=480&h=480&allowUpscale=true&fit=contain',
  'w=100;200&basePixels=100&as=srcset',
  'w=60;240&basePixels=60&as=img',
  // How they are filled
  'w=100&h=100',
  'w=100&h=100&fit=cover',
  'w=100&h=100&fit=contain',
  'w=100&h=100&fit=contain&background=%23f80',
  'w=100&h=100&fit=contain&background=rgb(1,2,3)&format=jpeg',
  'w=100&h=100&fit=fill',
  'w=100&h=100&fit=inside',
  'w=100&h=100&fit=outside',
  'w=100&h=100&contain',
  'w=100&h=100&fit=cover;contain;inside',
  'w=100&h=100&fit=cover&position=top',
  'w=100&h=100&position=left',
  'w=100&h=100&position=right%20top',
  'w=50&h=100&position=southeast',
  'w=50&h=100&left',
  'w=50&h=100&position=attention',
  'w=50&h=100&position=entropy',
  'w=100&kernel=nearest',
  'w=100&kernel=cubic;mitchell;lanczos2',
  // Formats
  'format=webp',
  'format=jpg',
  'w=60&format=avif',
  'w=100&format=png;jpeg;webp',
  'format=webp&quality=20',
  'format=jpeg&quality=40;80',
  'format=jpeg&progressive',
  'format=png&progressive=true',
  'format=webp&lossless',
  'w=60&format=avif&lossless=true',
  'format=webp&effort=0',
  'format=webp&effort=max',
  'w=60&format=avif&effort=min',
  'format=png&effort=max',
  'format=png&quality=60',
  // What happens to the pixels
  'flip',
  'flop=true',
  'flip=false&flop=false',
  'rotate=90',
  'rotate=-90&w=100',
  'rotate=180',
  'rotate=45',
  'rotate=30&background=%2300f',
  'blur',
  'blur=3.5',
  'median=3',
  'grayscale',
  'grayscale&format=jpeg',
  'flatten&background=white',
  'hue=90',
  'saturation=0.5',
  'brightness=1.5',
  'hue=180&saturation=2&brightness=0.8',
  'tint=ffaa22',
  'tint=fa2',
  'invert',
  'normalize',
  'w=80&blur=2&rotate=90&flip&tint=00ff00&format=webp',
  // What a module exports
  'as=url',
  'w=100&as=srcset',
  'w=50;100;200&as=srcset',
  'w=50;100;200&format=webp&as=srcset',
  'as=img',
  'w=50;200;100&as=img',
  'w=120&format=jpeg&as=img',
  'as=picture',
  'w=50;100&as=picture',
  'format=avif;webp;png&w=60&as=picture',
  'format=webp;jpeg&w=50;100&as=picture',
  'w=50;100&format=jpeg;webp&as=picture',
  'as=metadata:width;height;format',
  'w=100;200&format=jpeg&as=metadata:width;height;format',
  'w=90&h=90&fit=inside&as=meta:height;width',
] as const

/** Two builds, whose values are compared one by one. */
let values: Promise<{ ours: unknown[]; theirs: unknown[] }> | undefined

async function buildBoth(): Promise<{ ours: unknown[]; theirs: unknown[] }> {
  const emulator = await startEmulator()
  const project = await heroProject(...queries.map((query) => `./hero.png?magnific=4x&${query}`))
  const vite = { build: { assetsInlineLimit: 0 } }
  const own = await build('vite8', project, { options: optionsFor(emulator), vite })
  expect(own.error).toBeUndefined()
  expect(emulator.tasks).toHaveLength(1)
  const ours = await readValues(own)

  copyFileSync(findBlob(project), project.path('src/result.png'))
  writeEntry(project, ...queries.map((query) => `./result.png?${query || 'as=url'}`))
  const plugins = [imagetools({ cache: { enabled: false } })]
  const other = await build('vite8', project, { vite: { ...vite, plugins } })
  expect(other.error).toBeUndefined()
  return { ours, theirs: await readValues(other) }
}

/** What was exported, with the pixels in place of URLs. */
async function readValues(built: Built): Promise<unknown[]> {
  const pictures = await describePixels(built)
  return Promise.all(evaluate(built).map(async (value) => replaceUrls(value, pictures)))
}

/** The one result that was paid for. */
function findBlob(project: Project): string {
  const folder = project.path('.magnific/v1/blobs')
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
  const [blob, ...others] = files.filter((entry) => entry.isFile())
  expect(others).toEqual([])
  return join(blob?.parentPath ?? '', blob?.name ?? '')
}

it.each(queries.map((query, index) => ({ query, index })))(
  'ships what vite-imagetools ships for ?$query',
  async ({ index }) => {
    const { ours, theirs } = await (values ??= buildBoth())
    const [own, other] = [ours[index], theirs[index]]
    expect(JSON.stringify(own)).toMatch(/\[(?:png|jpeg|webp|avif) \d+×\d+ [\da-f]{12}\]|"width":/)
    expect(own).toEqual(other)
  },
)

it('is compared for every directive, and every output that both have', () => {
  const said = new Set(
    queries.flatMap((query) => query.split('&').map((part) => part.split('=', 1)[0])),
  )
  expect(directiveNames.filter((name) => !said.has(name))).toEqual([])
  const outputs = new Set(queries.flatMap((query) => /as=(\w+)/.exec(query)?.[1] ?? []))
  expect(outputKinds.filter((kind) => !outputs.has(kind))).toEqual(['lqip'])
})
