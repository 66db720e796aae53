import nuxtModule from 'unplugin-magnific/nuxt'
import type { Options } from 'unplugin-magnific/nuxt'
import * as vite from 'vite'
import { describe, expect, it } from 'vitest'
import type { PluginApi } from '../../src/bundlers/vite/plugin.ts'
import { startEmulator } from '../helpers/emulator.ts'
import { heroProject, optionsFor } from '../helpers/hero.ts'
import type { Project } from '../helpers/project.ts'

/** What Nuxt's Vite builder has at this point: the app's folder for a root, and no folder of public files. */
function viteConfig(project: Project, code?: string): vite.InlineConfig {
  const app = {
    name: 'app',
    resolveId: (id: string) => (id === 'virtual:app' ? id : undefined),
    load: (id: string) => (id === 'virtual:app' ? code : undefined),
  }
  return {
    root: project.path('src'),
    publicDir: false,
    configFile: false,
    logLevel: 'silent',
    build: { write: false, rollupOptions: { input: 'virtual:app' } },
    plugins: [app],
  }
}

/** Nuxt as far as the module sees it, and what it says in its hooks. */
function runModule(
  project: Project,
  options: { inline?: Options; magnific?: Options | false; builder?: unknown } = {},
): Map<string, (argument: object) => void> {
  const { inline = {}, magnific, builder = '@nuxt/vite-builder' } = options
  const hooks = new Map<string, (argument: object) => void>()
  nuxtModule(inline, {
    options: { rootDir: project.dir, dir: { public: 'public' }, builder, magnific },
    hook: (name: string, listener: (argument: object) => void) => hooks.set(name, listener),
  })
  return hooks
}

async function findApi(config: vite.InlineConfig): Promise<PluginApi> {
  const { plugins } = await vite.resolveConfig(config, 'build')
  return plugins.find(({ name }) => name === 'unplugin-magnific:setup')?.api as PluginApi
}

describe('the module for Nuxt', () => {
  it('reads `magnific` of nuxt.config, keeps the cache in the root of the project, and lets inline options win', async () => {
    const project = await heroProject()
    const hooks = runModule(project, {
      magnific: { concurrency: 2, ratePerMinute: 7 },
      inline: { concurrency: 3 },
    })
    const config = viteConfig(project)
    hooks.get('vite:extendConfig')?.(config)

    const { options } = await findApi(config)
    expect(options).toMatchObject({ root: project.dir, concurrency: 3, ratePerMinute: 7 })
    expect(await nuxtModule.getMeta()).toEqual({
      name: 'unplugin-magnific',
      configKey: 'magnific',
    })
  })

  it('gives client and server plugins of their own, and one list between them one set', async () => {
    const project = await heroProject()
    const extend = runModule(project).get('vite:extendConfig')
    const [client, server] = [viteConfig(project), viteConfig(project)]
    extend?.(client)
    extend?.(server)
    expect(server.plugins).toHaveLength(client.plugins?.length ?? 0)
    expect(new Set([...(client.plugins ?? []), ...(server.plugins ?? [])]).size).toBe(
      2 * (client.plugins?.length ?? 0),
    )

    const { length } = client.plugins ?? []
    extend?.({ ...client })
    expect(client.plugins).toHaveLength(length)
  })

  it('adds the types of imports, and nothing at all where it is switched off', async () => {
    const project = await heroProject()
    const references: object[] = []
    runModule(project).get('prepare:types')?.({ references })
    expect(references).toEqual([{ types: 'unplugin-magnific/client' }])
    expect(runModule(project, { magnific: false }).size).toBe(0)
  })

  it.each(['@nuxt/webpack-builder', '@nuxt/rspack-builder', { bundle: () => {} }])(
    'refuses the builder %s',
    async (builder) => {
      const project = await heroProject()
      expect(() => runModule(project, { builder })).toThrow(
        /runs in Nuxt's Vite builder, and the builder here is .*\. Set builder: 'vite'/,
      )
    },
  )

  it("refuses a text that leads to a file in Nuxt's public folder, of which Vite is not told", async () => {
    const emulator = await startEmulator()
    const project = await heroProject()
    project.write('public/hero.png', project.read('src/hero.png'))
    const build = async (text: string): Promise<unknown> => {
      const config = viteConfig(project, `console.log(${JSON.stringify(text)})`)
      runModule(project, { inline: optionsFor(emulator) }).get('vite:extendConfig')?.(config)
      return vite.build(config)
    }
    await expect(build('/hero.png?magnific=4x')).rejects.toThrow(
      /"\/hero\.png" is in .*public, whose files are shipped as they are/,
    )
    await expect(build('/other.png?magnific=4x')).resolves.toBeDefined()
    expect(emulator.tasks).toHaveLength(0)
  })
})
