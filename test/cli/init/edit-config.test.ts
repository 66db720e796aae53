import { describe, expect, it } from 'vitest'
import { addPlugin } from '../../../src/cli/init/edit-config.ts'
import type { ConfigHost } from '../../../src/cli/init/edit-config.ts'
import { configProject, loadPlugins } from '../../helpers/config-project.ts'
import { refusedShapes, shapes } from './shapes.ts'

const ours: Partial<Record<ConfigHost, RegExp>> = {
  vite: /^unplugin-magnific:/,
  rollup: /^unplugin-magnific/,
  webpack: /^webpack plugin$/,
}

describe('addPlugin', () => {
  it.each(shapes.map((each) => [each.host, each.title, each] as const))(
    'adds the plugin to a config of %s, and the host finds it first: %s',
    async (host, _, { file, before, after }) => {
      const edit = addPlugin(before, file, host)
      expect(edit).toEqual({ kind: 'edited', text: after })
      const project = configProject({ [file]: after })
      const [first, ...others] = await loadPlugins(host, project, file)
      expect(first).toMatch(ours[host] ?? /$^/)
      const count = before.split('other()').length - 1
      const left = before.includes('NEVER') ? count - 1 : count
      expect(others.filter((name) => name === 'other')).toHaveLength(left)
      expect(addPlugin(after, file, host)).toEqual({ kind: 'present' })
    },
  )

  it.each(refusedShapes)('leaves %s to a person', (_, file, text, reason) => {
    const host = file.slice(0, file.indexOf('.')) as ConfigHost
    const edit = addPlugin(text, file, host)
    expect(edit).toMatchObject({ kind: 'refused', reason: expect.stringContaining(reason) })
    const lines = edit.kind === 'refused' ? edit.lines : []
    expect(lines).toEqual([
      expect.stringContaining(`unplugin-magnific/${host}`),
      'plugins: [magnific()]',
    ])
  })

  it.each([
    "import upscale from 'unplugin-magnific/vite'\nexport default { plugins: [upscale({ dts: true })] }\n",
    "import { vite } from 'unplugin-magnific'\nexport default { plugins: [vite()] }\n",
    "const { default: m } = require('unplugin-magnific/webpack')\nmodule.exports = { plugins: [m()] }\n",
    "export default async () => ({ plugins: [(await import('unplugin-magnific/vite')).default()] })\n",
  ])('sees that it is there already: %s', (text) => {
    expect(addPlugin(text, 'vite.config.js', 'vite')).toEqual({ kind: 'present' })
  })

  it.each<[ConfigHost, string, string, string]>([
    [
      'astro',
      'integrations, with those that are there',
      "import { defineConfig } from 'astro/config'\nimport mdx from '@astrojs/mdx'\n\nexport default defineConfig({\n  integrations: [mdx()],\n})\n",
      "import { defineConfig } from 'astro/config'\nimport mdx from '@astrojs/mdx'\nimport magnific from 'unplugin-magnific/astro'\n\nexport default defineConfig({\n  integrations: [magnific(), mdx()],\n})\n",
    ],
    [
      'nuxt',
      'modules, by its name',
      'export default defineNuxtConfig({\n  modules: ["@nuxt/image"],\n})\n',
      'export default defineNuxtConfig({\n  modules: ["unplugin-magnific/nuxt", "@nuxt/image"],\n})\n',
    ],
    [
      'nuxt',
      'modules, where there are none',
      "export default defineNuxtConfig({\n  devtools: { enabled: true },\n  css: ['~/main.css'],\n})\n",
      "export default defineNuxtConfig({\n  modules: ['unplugin-magnific/nuxt'],\n  devtools: { enabled: true },\n  css: ['~/main.css'],\n})\n",
    ],
    [
      'rspack',
      'plugins',
      "import { defineConfig } from '@rspack/cli'\n\nexport default defineConfig({ entry: './a.js' })\n",
      "import { defineConfig } from '@rspack/cli'\nimport magnific from 'unplugin-magnific/rspack'\n\nexport default defineConfig({ plugins: [magnific()], entry: './a.js' })\n",
    ],
    [
      'rolldown',
      'plugins',
      "export default { input: 'a.js', plugins: [] }\n",
      "import magnific from 'unplugin-magnific/rolldown'\n\nexport default { input: 'a.js', plugins: [magnific()] }\n",
    ],
  ])('adds it to a config of %s: %s', (host, _, before, after) => {
    const file = `${host}.config.ts`
    expect(addPlugin(before, file, host)).toEqual({ kind: 'edited', text: after })
    expect(addPlugin(after, file, host)).toEqual({ kind: 'present' })
  })

  it('is not misled by the emulator', () => {
    const text = "import { createEmulator } from 'unplugin-magnific/emulator'\nexport default {}\n"
    expect(addPlugin(text, 'vite.config.js', 'vite').kind).toBe('edited')
  })
})
