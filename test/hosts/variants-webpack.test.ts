import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import type { Configuration } from 'webpack'
import { build } from '../helpers/build.ts'
import type { Built } from '../helpers/build.ts'
import { postsTo, startEmulator } from '../helpers/emulator.ts'
import { heroProject, optionsFor } from '../helpers/hero.ts'
import { describeValues } from '../helpers/shipped.ts'

const require = createRequire(import.meta.url)

const images = /\.(?:png|jpe?g|webp|avif)$/

/** Specifiers, and what they are with any rule that emits files. */
const values: [query: string, value: unknown][] = [
  ['format=webp', '[webp 120×80]'],
  ['w=30;60', ['[png 30×20]', '[png 60×40]']],
  [
    'w=30&format=avif;jpeg&as=picture',
    { sources: { avif: '[avif 30×20] 30w' }, img: { src: '[jpeg 30×20]', w: 30, h: 20 } },
  ],
  ['as=lqip', '[data webp 19×13]'],
]

async function buildWith(
  host: 'webpack' | 'rspack',
  configuration: Configuration,
  queries = values.map(([query]) => query),
): Promise<Built> {
  const emulator = await startEmulator()
  const project = await heroProject(...queries.map((query) => `./hero.png?magnific=2x&${query}`))
  const built = await build(host, project, {
    options: optionsFor(emulator),
    [host]: { ...configuration, output: { publicPath: '/', ...configuration.output } },
  })
  expect(built.error).toBeUndefined()
  expect(emulator.tasks).toHaveLength(1)
  expect(postsTo(emulator)).toBe(1)
  return built
}

describe.each(['webpack', 'rspack'] as const)('%s', (host) => {
  it.each<[string, Configuration]>([
    ['no rule', {}],
    ['asset/resource', { module: { rules: [{ test: images, type: 'asset/resource' }] } }],
    [
      'a generator of its own',
      {
        module: {
          rules: [
            {
              test: images,
              type: 'asset/resource',
              generator: { filename: 'img/[name].[contenthash:8][ext][query]' },
            },
          ],
        },
      },
    ],
    [
      'file-loader',
      {
        module: {
          rules: [
            {
              test: images,
              type: 'javascript/auto',
              use: [
                {
                  loader: require.resolve('file-loader'),
                  options: { name: '[name].[contenthash:8].[ext]' },
                },
              ],
            },
          ],
        },
      },
    ],
  ])('ships variants with %s, under the extension of what they hold', async (_, configuration) => {
    const built = await buildWith(host, configuration)
    expect(await describeValues(built)).toEqual(values.map(([, value]) => value))
    const names = [...built.assets.keys()].map((name) => name.replace(/[-.][\da-f]{8}\./, '.'))
    expect(names.toSorted()).toEqual(['hero.avif', 'hero.jpg', 'hero.png', 'hero.png', 'hero.webp'])
  })

  it('inlines variants where a rule inlines, and calls them what they are', async () => {
    const module = { rules: [{ test: images, type: 'asset/inline' }] }
    const built = await buildWith(host, { module }, [
      'format=webp',
      'w=30;60',
      'w=30&format=avif&as=srcset',
      'as=lqip',
    ])
    expect(await describeValues(built)).toEqual([
      '[data webp 120×80]',
      ['[data png 30×20]', '[data png 60×40]'],
      '[data avif 30×20] 30w',
      '[data webp 19×13]',
    ])
    expect(built.assets.size).toBe(0)
  })

  it('inlines by size where a rule leaves that to it', async () => {
    const module = {
      rules: [{ test: images, type: 'asset', parser: { dataUrlCondition: { maxSize: 4000 } } }],
    }
    const built = await buildWith(host, { module }, ['w=12;120'])
    expect(await describeValues(built)).toEqual([['[data png 12×8]', '[png 120×80]']])
  })
})
