import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import url from '@rollup/plugin-url'
import vue from '@vitejs/plugin-vue'
import { describe, expect, it } from 'vitest'
import { build } from '../helpers/build.ts'
import { startEmulator } from '../helpers/emulator.ts'
import { heroProject, optionsFor } from '../helpers/hero.ts'
import { evaluate } from '../helpers/shipped.ts'

const require = createRequire(import.meta.url)

describe('where there is room for one URL, nothing is bought for more', () => {
  it.each(['as=srcset&w=32;64', 'as=metadata', 'w=32;64'])(
    "in a style sheet that css-loader makes require() of: '%s'",
    async (query) => {
      const emulator = await startEmulator()
      const project = await heroProject()
      project.write('src/a.css', `.a { background: url(./hero.png?magnific=2x&${query}) }`)
      project.write('src/main.js', "import './a.css'\n")
      const use = [{ loader: require.resolve('css-loader'), options: { esModule: false } }]
      const { error } = await build('webpack', project, {
        options: optionsFor(emulator),
        webpack: { module: { rules: [{ test: /\.css$/, use }] } },
      })
      expect(error).toContain('here is room for one URL')
      expect(emulator.tasks).toHaveLength(0)
    },
  )

  it.each(['as=metadata', 'w=32;64'])("in a template of Vue: '%s'", async (query) => {
    const emulator = await startEmulator()
    const project = await heroProject()
    const image = `<img src="./hero.png?magnific=2x&${query}">`
    project.write('src/App.vue', `<template>${image}</template><script setup></script>`)
    project.write('src/main.js', "import App from './App.vue'\nconsole.log(App)\n")
    const { error } = await build('vite8', project, {
      options: optionsFor(emulator),
      vite: { plugins: [vue()], build: { rollupOptions: { external: ['vue'] } } },
    })
    expect(error).toContain('here is room for one URL')
    expect(error).toContain('App.vue')
    expect(emulator.tasks).toHaveLength(0)
  })
})

it('two variants never become one file of Rollup', async () => {
  const emulator = await startEmulator()
  const project = await heroProject('./hero.png?magnific=2x&w=32;64')
  const { error } = await build('rollup', project, {
    options: optionsFor(emulator),
    rollupPlugins: [url({ limit: 0, fileName: '[name][extname]' })],
  })
  expect(error).toContain('would emit two variants under one name')
})

it.each(['missing', '{}', 'null', '[]', '{"sha256":'])(
  'figures of variants that are %s are found out again',
  async (damage) => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x&w=32;64&as=metadata:width;height')
    const options = optionsFor(emulator)
    const first = await build('vite8', project, { options })
    const folder = project.path('.magnific/v1/variants')
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.json')) continue
      if (damage === 'missing') rmSync(join(folder, name))
      else writeFileSync(join(folder, name), damage)
    }
    const second = await build('vite8', project, { options })
    expect(second.error).toBeUndefined()
    expect(evaluate(second)).toEqual(evaluate(first))
    expect(evaluate(second)).toEqual([
      [
        { width: 32, height: 21 },
        { width: 64, height: 43 },
      ],
    ])
    expect(emulator.tasks).toHaveLength(1)
  },
)

it.each([
  ['w=64&h=10;20&as=srcset', 'cannot choose between them'],
  ['w=32;64&h=20&fit=inside&as=srcset', 'cannot choose between them'],
])(
  'what a browser cannot tell apart is refused before anything is bought: %s',
  async (query, says) => {
    const emulator = await startEmulator()
    const project = await heroProject(`./hero.png?magnific=2x&${query}`)
    const { error } = await build('vite8', project, { options: optionsFor(emulator) })
    expect(error).toContain(says)
    expect(emulator.tasks).toHaveLength(0)
  },
)
