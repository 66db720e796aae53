import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Emulator } from '../../src/emulator/index.ts'
import { build, hosts } from '../helpers/build.ts'
import type { BuildSettings, Built, Host } from '../helpers/build.ts'
import { postsTo, startEmulator } from '../helpers/emulator.ts'
import { heroProject, optionsFor } from '../helpers/hero.ts'
import { makeJpeg, makePng } from '../helpers/images.ts'
import type { Project } from '../helpers/project.ts'
import { describeValues, evaluate } from '../helpers/shipped.ts'
import { forgetProcess } from '../helpers/upscalers.ts'
import { viteVersions } from '../helpers/vite-versions.ts'

/** What references to a picture of 60×40 are, at 4x. */
const outputs: [query: string, value: unknown][] = [
  ['', '[png 240×160]'],
  ['format=webp&w=100', '[webp 100×67]'],
  ['as=url&h=20&format=jpg', '[jpeg 30×20]'],
  ['w=60;120', ['[png 60×40]', '[png 120×80]']],
  ['as=srcset&w=60;120', '[png 60×40] 60w, [png 120×80] 120w'],
  ['as=srcset&w=60;120&basePixels=60', '[png 60×40] 1x, [png 120×80] 2x'],
  ['as=srcset&w=60;120&inline', '[data png 60×40] 60w, [data png 120×80] 120w'],
  [
    'as=picture&w=60;120&format=avif;webp;png',
    {
      sources: {
        avif: '[avif 60×40] 60w, [avif 120×80] 120w',
        webp: '[webp 60×40] 60w, [webp 120×80] 120w',
        png: '[png 60×40] 60w, [png 120×80] 120w',
      },
      img: { src: '[png 120×80]', w: 120, h: 80 },
    },
  ],
  ['as=img', { src: '[png 240×160]', w: 240, h: 160 }],
  [
    'as=img&w=60;120&format=jpeg',
    { src: '[jpeg 120×80]', w: 120, h: 80, srcset: '[jpeg 60×40] 60w, [jpeg 120×80] 120w' },
  ],
  [
    'as=metadata&w=60&rotate=90&fit=fill&h=40',
    { src: '[png 40×60]', width: 40, height: 60, format: 'png', from: 'paid' },
  ],
  [
    'as=meta:width;format&w=60;120&format=avif',
    [
      { width: 60, format: 'avif' },
      { width: 120, format: 'avif' },
    ],
  ],
  ['as=lqip', '[data webp 19×13]'],
]

/** Every file in the folder of variants: whoever writes one anew changes this. */
function listVariants(project: Project): string[] {
  const folder = project.path('.magnific/v1/variants')
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => {
      const { ino, mtimeMs } = statSync(join(parentPath, name))
      return `${join(parentPath, name)} ${ino} ${mtimeMs}`
    })
    .toSorted()
}

/** What was emitted; texts are compared faster than bytes one by one. */
function readTexts({ assets }: Built): [string, string][] {
  return [...assets].map(([name, bytes]) => [name, bytes.toString('base64')])
}

describe.each(hosts)('%s', (host: Host) => {
  const buildWith = async (
    project: Project,
    emulator: Emulator,
    { options, vite, ...settings }: BuildSettings = {},
  ): Promise<Built> =>
    build(host, project, {
      ...settings,
      vite: { ...vite, build: { assetsInlineLimit: 0, ...vite?.build } },
      webpack: { output: { publicPath: '/' } },
      rspack: { output: { publicPath: '/' } },
      options: { ...optionsFor(emulator), ...options },
    })

  it('ships what as= asks for, in files that are what they are called, for one task', async () => {
    const emulator = await startEmulator()
    const project = await heroProject(
      ...outputs.map(([query]) => `./hero.png?magnific=4x&${query}`),
    )
    const built = await buildWith(project, emulator)

    expect(built.error).toBeUndefined()
    expect(await describeValues(built)).toEqual(outputs.map(([, value]) => value))
    for (const name of built.assets.keys())
      expect(name).toMatch(/^hero-[\w-]{8}\.(?:png|jpg|webp|avif)$/)
    expect(emulator.tasks).toHaveLength(1)
    expect(postsTo(emulator)).toBe(1)
    expect(built.log).toMatch(/src\/hero\.png .* in 6 files {2}60×40 → 120×80 {2,}(?:paid|cached)/)

    const calls = emulator.calls.length
    const variants = listVariants(project)
    forgetProcess(project)
    const second = await buildWith(project, emulator, { options: { apiKey: undefined } })
    expect(second.error).toBeUndefined()
    expect(readTexts(second)).toEqual(readTexts(built))
    const asPaid = JSON.stringify(evaluate(built))
    expect(JSON.stringify(evaluate(second))).toBe(asPaid.replaceAll('"paid"', '"cached"'))
    expect(listVariants(project)).toEqual(variants)
    expect(emulator.calls).toHaveLength(calls)

    // What is derived is made again from what was paid for.
    rmSync(project.path('.magnific/v1/variants'), { recursive: true })
    forgetProcess(project)
    const third = await buildWith(project, emulator, { options: { onMiss: 'error' } })
    expect(third.error).toBeUndefined()
    expect(readTexts(third)).toEqual(readTexts(built))
    expect(third.code).toBe(second.code)
    expect(emulator.calls).toHaveLength(calls)
  })

  it('exports the fields of an object by name', async () => {
    const emulator = await startEmulator()
    const project = await heroProject()
    project.write(
      'src/main.js',
      `import { sources, img } from './hero.png?magnific=2x&format=webp;png&as=picture'
import { width, from } from './hero.png?magnific=2x&w=30&as=metadata'
console.log(Object.keys(sources), img.w, width, from)\n`,
    )
    const built = await buildWith(project, emulator)
    expect(built.error).toBeUndefined()
    expect(evaluate(built)).toEqual([['webp'], 120, 30, 'paid'])
    expect(emulator.tasks).toHaveLength(1)
  })

  it('minds defaults for a whole project, and presets', async () => {
    const emulator = await startEmulator()
    const project = await heroProject(
      './hero.png?magnific',
      './hero.png?magnific&format=png',
      './photo.jpg?magnific',
      './hero.png?magnific=small',
      './hero.png?magnific=small&as=url&w=10',
      './hero.png?magnific=list&as=url',
      './hero.png?magnific&as=lqip',
    )
    project.write('src/photo.jpg', await makeJpeg({ seed: 2 }))
    const built = await buildWith(project, emulator, {
      options: {
        defaults: { format: 'webp', magnific: '2x' },
        presets: {
          small: { w: [30, 60], as: 'img', flip: true },
          list: { w: [11, 12], as: 'srcset' },
        },
      },
    })
    expect(built.error).toBeUndefined()
    expect(await describeValues(built)).toEqual([
      '[webp 120×80]',
      '[png 120×80]',
      '[webp 120×80]',
      { src: '[webp 60×40]', w: 60, h: 40, srcset: '[webp 30×20] 30w, [webp 60×40] 60w' },
      '[webp 10×7]',
      ['[webp 11×7]', '[webp 12×8]'],
      '[data webp 19×13]',
    ])
    expect(emulator.tasks).toHaveLength(2)
  })

  it('ships several URLs where defaults would make a picture of them', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x&as=url&w=9;12')
    const options = { defaults: { as: 'picture', flop: true } } as const
    const built = await buildWith(project, emulator, { options })
    expect(built.error).toBeUndefined()
    expect(await describeValues(built)).toEqual([['[png 9×6]', '[png 12×8]']])
  })

  it('ships what has a name that no browser shows as WebP, or as what is asked for', async () => {
    const emulator = await startEmulator()
    const project = await heroProject(
      './scan.tiff?magnific=2x',
      './scan.tiff?magnific=2x&format=png',
    )
    project.write('src/scan.tiff', await makePng({ seed: 2 }))
    const built = await buildWith(project, emulator)
    expect(built.error).toBeUndefined()
    expect(await describeValues(built)).toEqual(['[webp 120×80]', '[png 120×80]'])
    const names = [...built.assets.keys()].map((name) => name.replace(/-[\w-]{8}/, ''))
    expect(names.toSorted()).toEqual(['scan.png', 'scan.webp'])
  })
})

describe.each(viteVersions)('%s', (host) => {
  it('gives server builds what it gives client builds', async () => {
    const emulator = await startEmulator()
    const project = await heroProject(
      ...outputs.map(([query]) => `./hero.png?magnific=4x&${query}`),
    )
    const buildFor = async (ssr: boolean): Promise<Built> =>
      build(host, project, {
        options: optionsFor(emulator),
        vite: { build: { assetsInlineLimit: 0, ssr } },
      })
    const client = await buildFor(false)
    const server = await buildFor(true)
    expect(client.error).toBeUndefined()
    expect(server.error).toBeUndefined()
    expect(evaluate(server)).toEqual(evaluate(client))
    expect(emulator.tasks).toHaveLength(1)
    expect(postsTo(emulator)).toBe(1)
  })
})
