import { pathToFileURL } from 'node:url'
import astroIntegration from 'unplugin-magnific/astro'
import * as vite from 'vite'
import { describe, expect, it } from 'vitest'
import { startEmulator } from '../helpers/emulator.ts'
import { heroProject, optionsFor } from '../helpers/hero.ts'
import { describeImage } from '../helpers/images.ts'
import type { Emulator } from '../../src/emulator/index.ts'
import type { Project } from '../helpers/project.ts'

type Output = vite.Rolldown.RolldownOutput

/** The integration, and the build that Astro would make with what it adds. */
function integrate(project: Project, emulator: Emulator) {
  const { hooks } = astroIntegration(optionsFor(emulator))
  const plugins: vite.Plugin[] = []
  hooks['astro:config:setup']({
    updateConfig: (config) => plugins.push(...(config.vite.plugins as vite.Plugin[])),
  })
  return {
    hooks,
    build: async (entry: string, modules: Record<string, string> = {}): Promise<Output> =>
      (await vite.build({
        root: project.dir,
        configFile: false,
        logLevel: 'silent',
        build: { write: false, rollupOptions: { input: entry } },
        plugins: [standIn(modules), ...plugins],
      })) as Output,
  }
}

/** Modules that Astro makes up, and its way to resolve the pictures of its collections. */
function standIn(modules: Record<string, string>): vite.Plugin {
  return {
    name: 'astro:stand-in',
    enforce: 'pre',
    async resolveId(id, _, options) {
      if (id in modules) return `\0${id}`
      const [path = '', query = ''] = id.split('?')
      const flags = new URLSearchParams(query)
      if (!flags.has('astroContentImageFlag')) return undefined
      return this.resolve(path, flags.get('importer') ?? undefined, options)
    },
    load: (id) => modules[id.slice(1)],
  }
}

describe('the integration for Astro', () => {
  it('ships pictures of content collections, which Astro asks for with a query of its own', async () => {
    const emulator = await startEmulator()
    const project = await heroProject()
    const flags = new URLSearchParams({
      astroContentImageFlag: '',
      importer: project.path('src/post.md'),
    })
    const specifier = `./hero.png?magnific=4x#.png?${flags}`
    const { build } = integrate(project, emulator)
    const { output } = await build('astro:asset-imports', {
      'astro:asset-imports': `import a from ${JSON.stringify(specifier)}\nconsole.log(a)`,
    })
    const [picture, ...others] = output.filter(({ type }) => type === 'asset')
    expect(others).toEqual([])
    const { source } = picture as vite.Rolldown.OutputAsset
    expect(await describeImage(Buffer.from(source))).toMatchObject({ width: 240, height: 160 })
    expect(emulator.tasks).toHaveLength(1)
  })

  it.each([
    [
      'a body',
      String.raw`"<img __ASTRO_IMAGE_=\"{&#x22;src&#x22;:&#x22;./a.png?magnific=4x&#x22;}\">"`,
    ],
    [
      'a body of another compiler',
      String.raw`"<img __ASTRO_IMAGE_=\"{&quot;src&quot;:&quot;./a.png?magnific=4x&quot;}\">"`,
    ],
    ['frontmatter', '"__ASTRO_IMAGE_./a.png?magnific=4x"'],
    ['frontmatter as it is written', 'JSON.parse("[\\"./a.png?magnific=4x\\"]")'],
  ])('refuses a picture of a collection that Astro would leave out: %s', async (_, content) => {
    const emulator = await startEmulator()
    const { build } = integrate(await heroProject(), emulator)
    const name = 'astro:data-layer-content'
    const run = async (text: string): Promise<Output> =>
      build(name, { [name]: `console.log(${text})` })
    await expect(run(content)).rejects.toThrow(/Write "\.\/a\.png\?magnific=4x#\.png"/)
    await expect(run(content.replace('4x', '4x#.png'))).resolves.toBeDefined()
    await expect(run(content.replace('?magnific=4x', ''))).resolves.toBeDefined()
  })

  it('refuses several keys in a page in Markdown before anything is bought', async () => {
    const emulator = await startEmulator()
    const project = await heroProject()
    project.write('src/page.md', "import a from './hero.png?magnific=2x&hdr=3'\nconsole.log(a)")
    const { build } = integrate(project, emulator)
    await expect(build(project.path('src/page.md'))).rejects.toThrow(
      /"&" as an entity .* write "\.\/hero\.png\?magnific=hero"/,
    )
    expect(emulator.tasks).toHaveLength(0)
  })

  it('looks at the pages that Astro has rendered', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    const { build, hooks } = integrate(project, emulator)
    await build(project.path('src/main.js'))
    const dir = pathToFileURL(project.path('dist/'))
    const check = async (html: string): Promise<void> => {
      project.write('dist/a b/index.html', html)
      await hooks['astro:build:done']({ dir })
    }
    await expect(check('<img src="/_astro/hero.png"><p>/hero.png?magnific=4x</p>')).resolves.toBe(
      undefined,
    )
    await expect(check('<img src="/hero.png?magnific=4x">')).rejects.toThrow(
      /"\/hero\.png\?magnific=4x" is left as it is/,
    )
    await expect(
      check(
        '<img __ASTRO_IMAGE_="{&#x22;src&#x22;:&#x22;./a.png?magnific=2x&#x26;hdr=2#.png&#x22;}">',
      ),
    ).rejects.toThrow(/preset.*imported by: a b\/index\.html/s)
  })

  it('refuses `dts`, which would declare something else', () => {
    expect(() => astroIntegration({ dts: true })).toThrow(/`dts` declares URLs.*Leave it out/)
  })

  it('gives imports the type of any picture in Astro', () => {
    const files: { filename: string; content: string }[] = []
    astroIntegration().hooks['astro:config:done']({ injectTypes: (file) => files.push(file) })
    expect(files[0]?.content).toContain('types="unplugin-magnific/client/astro"')
  })
})
