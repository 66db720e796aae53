import icons from 'unplugin-icons/vite'
import magnific from 'unplugin-magnific/vite'
import * as vite from 'vite'
import type { Plugin, PluginOption } from 'vite'
import { imagetools } from 'vite-imagetools'
import svgr from 'vite-plugin-svgr'
import { describe, expect, it } from 'vitest'
import { build } from '../helpers/build.ts'
import type { BuildSettings } from '../helpers/build.ts'
import { startEmulator } from '../helpers/emulator.ts'
import { heroProject, optionsFor } from '../helpers/hero.ts'
import { describeImage, makePng } from '../helpers/images.ts'
import { linkPackages } from '../helpers/references.ts'
import { describeValues } from '../helpers/shipped.ts'
import { viteVersions } from '../helpers/vite-versions.ts'

/** Where the others stand in the config. */
const orders = ['before', 'behind'] as const

function placed(order: (typeof orders)[number], plugins: PluginOption[]): BuildSettings {
  const noInlining = { build: { assetsInlineLimit: 0 } }
  return order === 'before'
    ? { viteBefore: plugins, vite: noInlining }
    : { vite: { ...noInlining, plugins } }
}

const circle = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><circle r="4"/></svg>'

describe.each(viteVersions)('%s', (host) => {
  it.each(orders)('each plugin does its own, with the others %s ours', async (order) => {
    const emulator = await startEmulator()
    const project = await heroProject(
      './hero.png?magnific=4x',
      // Sizes are ours where `magnific` is in the query,
      './hero.png?magnific=4x&w=120',
      './hero.png?magnific=4x&w=60;120&as=srcset',
      // and those of vite-imagetools elsewhere.
      './other.png?w=30',
      './other.png?w=15;30&as=srcset',
      './other.png',
      './sun.svg',
    )
    project.write('src/other.png', await makePng({ seed: 2 }))
    project.write('src/sun.svg', circle)
    linkPackages(project, ['react'])
    project.write(
      'src/main.js',
      `${project.read('src/main.js').toString('utf8')}
import Sun from './sun.svg?react'
import Mountains from '~icons/ph/mountains'
globalThis.icons = [Sun, Mountains]\n`,
    )
    const built = await build(host, project, {
      options: optionsFor(emulator),
      ...placed(order, [
        imagetools({ cache: { enabled: false } }),
        svgr(),
        icons({ compiler: 'raw' }),
      ]),
    })

    expect(built.error).toBeUndefined()
    expect(emulator.tasks).toHaveLength(1)
    expect(await describeValues({ ...built, code: withoutIcons(built.code) })).toEqual([
      '[png 240×160]',
      '[png 120×80]',
      '[png 60×40] 60w, [png 120×80] 120w',
      '[png 30×20]',
      '[png 15×10] 15w, [png 30×20] 30w',
      '[png 60×40]',
      expect.stringContaining('svg'),
    ])
    expect(built.code).toMatch(/"circle",\s*\{\s*r: 4/)
    expect(built.code).toMatch(/viewBox=\\?"0 0 256 256/)
  })

  it.each(orders)('defaults of vite-imagetools hold for upscaled pictures, %s', async (order) => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=4x', './hero.png?magnific=4x&w=120')
    const defaultDirectives = new URLSearchParams({ format: 'webp' })
    const built = await build(host, project, {
      options: optionsFor(emulator),
      ...placed(order, [imagetools({ cache: { enabled: false }, defaultDirectives })]),
    })
    expect(built.error).toBeUndefined()
    expect(await describeValues(built)).toEqual(['[webp 240×160]', '[webp 120×80]'])
  })

  it.each(orders)('a plugin that takes any picture gets the upscaled one, %s', async (order) => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=4x')
    const asked: string[] = []
    const greedy: Plugin = {
      name: 'greedy',
      enforce: 'pre',
      resolveId: {
        order: 'pre',
        async handler(source, importer) {
          if (!source.includes('.png')) return null
          const resolved = await this.resolve(source, importer, { skipSelf: true })
          return resolved && resolved.id.replace(/\?.*/, '')
        },
      },
      load: { order: 'pre', handler: (id) => void (id.includes('.png') && asked.push(id)) },
    }
    const built = await build(host, project, {
      options: optionsFor(emulator),
      ...placed(order, [greedy]),
    })
    expect(built.error).toBeUndefined()
    expect(await describeValues(built)).toEqual(['[png 240×160]'])
    expect(asked).toEqual([expect.stringMatching(/\.magnific\/v1\/variants\/.*\/hero\.png$/)])
    expect(emulator.tasks).toHaveLength(1)
  })
})

it('is asked first in a second build with the same instance, beside a plugin that the first one had not', async () => {
  const emulator = await startEmulator()
  const project = await heroProject('./hero.png?magnific=4x')
  const plugin = magnific(optionsFor(emulator))
  const original = project.path('src/hero.png')
  const resolveId = (source: string): string | undefined =>
    source.includes('.png') ? original : undefined
  for (const others of [[], [{ name: 'greedy', enforce: 'pre' as const, resolveId }]]) {
    const { output } = (await vite.build({
      root: project.dir,
      configFile: false,
      logLevel: 'silent',
      build: {
        write: false,
        assetsInlineLimit: 0,
        rollupOptions: { input: project.path('src/main.js') },
      },
      plugins: [others, plugin],
    })) as vite.Rolldown.RolldownOutput
    const pictures = output.filter(({ type }) => type === 'asset') as vite.Rolldown.OutputAsset[]
    expect(await describeImage(Buffer.from(pictures[0]?.source ?? ''))).toMatchObject({
      width: 240,
    })
  }
})

it('what another plugin resolves to an upscaled picture is not bought a second time', async () => {
  const emulator = await startEmulator()
  const project = await heroProject('./hero.png?magnific=4x')
  const options = optionsFor(emulator)
  await build('vite8', project, { options })
  const variant = project.list('.magnific/v1/variants').find((file) => file.endsWith('.png'))
  const resolveId = (source: string): string | undefined =>
    source.startsWith('./hero.png') ? variant : undefined
  const built = await build('vite8', project, {
    options,
    ...placed('before', [{ name: 'redirect', enforce: 'pre', resolveId }]),
  })
  expect(built.error).toBeUndefined()
  expect(await describeValues(built)).toEqual(['[png 240×160]'])
  expect(emulator.tasks).toHaveLength(1)
})

/** What is evaluated is what the entry logs. */
function withoutIcons(code: string): string {
  return code.replace(/globalThis\.icons = .*/, '')
}
