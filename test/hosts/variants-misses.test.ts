import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { build } from '../helpers/build.ts'
import type { Built } from '../helpers/build.ts'
import { buildInChild } from '../helpers/children.ts'
import { startEmulator } from '../helpers/emulator.ts'
import { heroProject, optionsFor, writeEntry } from '../helpers/hero.ts'
import type { Project } from '../helpers/project.ts'
import { describeValues } from '../helpers/shipped.ts'
import { forgetProcess } from '../helpers/upscalers.ts'
import type { Options } from '../../src/index.ts'

const queries = [
  'w=60;240&format=webp&as=srcset',
  'w=120&format=jpeg&grayscale&as=metadata',
  'as=lqip',
]
const specifiers = queries.map((query) => `./hero.png?magnific=4x&${query}`)

describe.each(['vite8', 'webpack', 'rollup'] as const)('%s', (host) => {
  const buildWith = async (project: Project, options: Options): Promise<Built> =>
    build(host, project, {
      options,
      vite: { build: { assetsInlineLimit: 0 } },
      webpack: { output: { publicPath: '/' } },
    })

  it('derives variants from previews, and anew from what is bought later', async () => {
    const emulator = await startEmulator()
    const project = await heroProject(...specifiers)
    const options = optionsFor(emulator)
    const preview = await buildWith(project, { ...options, onMiss: 'preview' })
    expect(preview.error).toBeUndefined()
    const values = (from: string): unknown[] => [
      '[webp 60×40] 60w, [webp 240×160] 240w',
      { src: '[jpeg 120×80]', width: 120, height: 80, format: 'jpeg', from },
      '[data webp 19×13]',
    ]
    expect(await describeValues(preview)).toEqual(values('preview'))
    expect(emulator.calls).toHaveLength(0)

    const paid = await buildWith(project, options)
    expect(await describeValues(paid)).toEqual(values('paid'))
    expect(paid.assets.keys()).not.toEqual(preview.assets.keys())
    expect(emulator.tasks).toHaveLength(1)
  })

  it('derives variants from originals, as far as they reach', async () => {
    const emulator = await startEmulator()
    const project = await heroProject(
      './hero.png?magnific=4x&format=webp&as=img',
      './hero.png?magnific=4x&w=60;30',
    )
    const options: Options = { ...optionsFor(emulator), onMiss: 'original' }
    const built = await buildWith(project, options)
    expect(built.error).toBeUndefined()
    expect(await describeValues(built)).toEqual([
      { src: '[webp 60×40]', w: 60, h: 40 },
      ['[png 60×40]', '[png 30×20]'],
    ])
    expect(emulator.calls).toHaveLength(0)
  })

  it("makes with onMiss: 'error' what costs nothing, without a key", async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=4x')
    expect((await buildWith(project, optionsFor(emulator))).error).toBeUndefined()
    const calls = emulator.calls.length
    writeEntry(project, ...specifiers, './hero.png?magnific=4x&w=241')
    forgetProcess(project)
    const options: Options = { baseUrl: emulator.url, onMiss: 'error' }
    // What is impossible is so for nothing, too.
    expect((await buildWith(project, options)).error).toContain('larger than the upscaled image')

    writeEntry(project, ...specifiers)
    const built = await buildWith(project, options)
    expect(built.error).toBeUndefined()
    expect(await describeValues(built)).toMatchObject([
      '[webp 60×40] 60w, [webp 240×160] 240w',
      { from: 'cached' },
      '[data webp 19×13]',
    ])
    writeEntry(project, './hero.png?magnific=2x&w=9')
    expect((await buildWith(project, options)).error).toContain("onMiss: 'error' buys nothing")
    expect(emulator.calls).toHaveLength(calls)
  })
})

it('processes that build at the same time make each variant once', async () => {
  const emulator = await startEmulator()
  const project = await heroProject('./hero.png?magnific=4x&w=240;230;220;210&format=avif;webp')
  const hooks = new URL('../helpers/fs-hooks.js', import.meta.url).href
  const made = project.write('made.txt', '')
  const preload = project.write(
    'preload.mjs',
    `import { appendFileSync } from 'node:fs'
import { hookFs } from '${hooks}'
hookFs(${JSON.stringify(project.path('.magnific/v1/variants'))}, ({ name, dest, isDone }) => {
  if (name === 'rename' && isDone && /\\.(?:avif|webp)$/.test(dest)) appendFileSync(${JSON.stringify(made)}, dest + '\\n')
})\n`,
  )
  const env = { NODE_OPTIONS: `--import=${preload}` }
  const builds = (['vite', 'webpack'] as const).map(
    async (host) => buildInChild(host, project, optionsFor(emulator), env).ended,
  )
  for (const { code, output } of await Promise.all(builds)) {
    expect({ code, output }).toMatchObject({ code: 0 })
  }
  const names = readFileSync(made, 'utf8').trim().split('\n')
  expect(names).toHaveLength(8)
  expect(new Set(names).size).toBe(8)
  expect(emulator.tasks).toHaveLength(1)
})
