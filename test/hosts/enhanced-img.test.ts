import { enhancedImages } from '@sveltejs/enhanced-img'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import type { Plugin, PluginOption } from 'vite'
import { expect, it, vi } from 'vitest'
import { build } from '../helpers/build.ts'
import type { Built } from '../helpers/build.ts'
import { startDevServer } from '../helpers/dev-server.ts'
import { postsTo, startEmulator } from '../helpers/emulator.ts'
import { optionsFor } from '../helpers/hero.ts'
import { makePng } from '../helpers/images.ts'
import { tmpProject } from '../helpers/project.ts'
import { hashOf, linkPackages } from '../helpers/references.ts'
import type { Project } from '../helpers/project.ts'
import { describePictures } from '../helpers/shipped.ts'
import { vites, viteVersions } from '../helpers/vite-versions.ts'
import type { ViteVersion } from '../helpers/vite-versions.ts'

/** A component with two pictures beside it, both of 60×40 pixels. */
async function svelteProject(component: string): Promise<Project> {
  const project = tmpProject({
    'src/hero.png': await makePng(),
    'src/other.png': await makePng({ seed: 2 }),
    'src/App.svelte': component,
    'src/main.js':
      "import { mount } from 'svelte'\nimport App from './App.svelte'\nmount(App, { target: document.body })\n",
  })
  linkPackages(project, ['svelte'])
  return project
}

// Its types call themselves by the name that it had.
const former = 'plugin-svelte6'
const { svelte: svelte6 } = (await import(former)) as { svelte: typeof svelte }

function pluginsFor(host: ViteVersion, isEnhanced = true): PluginOption[] {
  const compile = host === 'vite8' ? svelte : svelte6
  return [isEnhanced && enhancedImages(), compile({ configFile: false })]
}

/** As SvelteKit's own guard does: what is resolved comes by more than once. */
const guard: Plugin = {
  name: 'guard',
  enforce: 'pre',
  resolveId: {
    order: 'pre',
    handler(source, importer, options) {
      return this.resolve(source, importer, { ...options, skipSelf: true })
    },
  },
}

const buildIn = async (
  host: ViteVersion,
  project: Project,
  url: string,
  isEnhanced = true,
): Promise<Built> =>
  build(host, project, {
    options: { apiKey: 'test-key-of-somebody', baseUrl: url },
    viteBefore: [guard],
    vite: { plugins: pluginsFor(host, isEnhanced), build: { assetsInlineLimit: 0 } },
  })

it.each(viteVersions)('%s: <enhanced:img> goes on with the upscaled picture', async (host) => {
  const emulator = await startEmulator()
  const project = await svelteProject(`<script>
  import hero from './hero.png?magnific=4x'
</script>
<img src={hero} alt="" />
<enhanced:img src="./hero.png?magnific=4x" alt="" />
<enhanced:img src="./hero.png?magnific=4x&w=100" sizes="100vw" width="80" alt="" />
<enhanced:img src="./other.png" alt="" />`)
  const built = await buildIn(host, project, emulator.url)

  expect(built.error).toBeUndefined()
  expect(emulator.tasks).toHaveLength(1)
  expect([...(await describePictures(built)).values()].toSorted()).toEqual([
    '[avif 100×67]',
    '[avif 120×80]',
    '[avif 240×160]',
    '[avif 30×20]',
    '[avif 60×40]',
    '[avif 80×54]',
    '[jpeg 100×67]',
    '[jpeg 120×80]',
    '[jpeg 240×160]',
    '[jpeg 30×20]',
    '[jpeg 60×40]',
    '[jpeg 80×54]',
    '[png 240×160]',
    '[webp 100×67]',
    '[webp 120×80]',
    '[webp 240×160]',
    '[webp 30×20]',
    '[webp 60×40]',
    '[webp 80×54]',
  ])
  expect(built.code).toContain('width="240" height="160"')

  const again = await buildIn(host, project, emulator.url)
  expect(again.error).toBeUndefined()
  // Of two names for the same bytes, either may win.
  const hashes = ({ assets }: Built): string[] => [...assets.values()].map(hashOf).toSorted()
  expect(hashes(again)).toEqual(hashes(built))
  expect(postsTo(emulator)).toBe(1)
})

it.each(viteVersions)('%s: ?enhanced in scripts and globs does the same', async (host) => {
  const emulator = await startEmulator()
  const project = await svelteProject(`<script>
  import hero from './hero.png?enhanced&magnific=4x'
  const all = import.meta.glob('./oth*.png', { eager: true, import: 'default', query: { enhanced: true, magnific: '2x' } })
</script>
<enhanced:img src={hero} alt="" />
{#each Object.values(all) as each}<enhanced:img src={each} alt="" />{/each}`)
  const built = await buildIn(host, project, emulator.url)

  expect(built.error).toBeUndefined()
  expect(emulator.tasks).toHaveLength(2)
  const pictures = [...(await describePictures(built)).values()]
  expect(pictures).toHaveLength(12)
  expect(pictures).toEqual(expect.arrayContaining(['[avif 240×160]', '[webp 120×80]']))
  expect(pictures).not.toContain('[avif 30×20]')
})

it.each([
  ['&w=100;200', 'makes sizes and formats of one picture'],
  ['&as=picture', 'makes sizes and formats of one picture'],
  ['&creativty=2', 'Did you mean "creativity"?'],
])('refuses ?magnific=4x%s in <enhanced:img>, and buys nothing', async (query, words) => {
  const emulator = await startEmulator()
  const project = await svelteProject(
    `<enhanced:img src="./hero.png?magnific=4x${query}" alt="" />`,
  )
  const { error } = await buildIn('vite8', project, emulator.url)
  expect(error).toContain(words)
  expect(error).toContain(project.path('src/App.svelte'))
  expect(emulator.calls).toHaveLength(0)
})

it('refuses `enhanced` where nobody reads it', async () => {
  const emulator = await startEmulator()
  const project = await svelteProject(`<script>
  import hero from './hero.png?magnific=4x&enhanced'
</script>
<img src={hero} alt="" />`)
  const { error } = await buildIn('vite8', project, emulator.url, false)
  expect(error).toContain('Unknown key "enhanced"')
  expect(emulator.calls).toHaveLength(0)
})

it.each(viteVersions)('%s: a reference in markup is refused with the way out', async (host) => {
  const emulator = await startEmulator()
  const project = await svelteProject(`<script>let { open = true } = $props()</script>
{#if open}<img alt="a > b" src="./hero.png?magnific=4x&hdr=2" />{/if}`)
  const enhanced = await buildIn(host, project, emulator.url)
  expect(enhanced.error).toContain(
    'Svelte leaves <img src="./hero.png?magnific=4x&hdr=2"> as it is, and no image is upscaled for it.',
  )
  expect(enhanced.error).toContain('Or write <enhanced:img src="./hero.png?magnific=4x&hdr=2">.')
  expect(enhanced.error).toContain(`${project.path('src/App.svelte')}:2`)

  const plain = await buildIn(host, project, emulator.url, false)
  expect(plain.error).toContain("import hero from './hero.png?magnific=4x&hdr=2'")
  expect(plain.error).not.toContain('<enhanced:img')
  expect(emulator.calls).toHaveLength(0)
})

it.each([
  ['style="background: url(./hero.png?magnific=4x)"', 'style="background: url({hero})"'],
  ["style='background: url(./hero.png?magnific=4x)'", 'style="background: url({hero})"'],
  ['style:background-image="url(hero.png?magnific=4x)"', 'style:background-image="url({hero})"'],
])('a reference in <div %s> is refused with the way out', async (attribute, wayOut) => {
  const emulator = await startEmulator()
  const project = await svelteProject(`<div ${attribute}></div>`)
  const { error } = await buildIn('vite8', project, emulator.url)
  expect(error).toContain('hero.png?magnific=4x')
  expect(error).toContain(`write <div ${wayOut}>`)
  expect(error).toContain(`${project.path('src/App.svelte')}:1`)
  expect(emulator.calls).toHaveLength(0)
})

it('leaves comments, texts, other hosts, and what a preprocessor imports, alone', async () => {
  const emulator = await startEmulator()
  const project = await svelteProject(`<script>
  const text = '<img src="./hero.png?magnific=4x">'
</script>
<!-- <img src="./hero.png?magnific=4x"> -->
<p>{text} &lt;img src="./hero.png?magnific=4x"&gt;</p>
<img src="https://example.com/hero.png?magnific=4x" alt="" />
<img src="./hero.png?magnific=2x" alt="" />`)
  const preprocess = {
    markup: ({ content }: { content: string }) => ({
      code: content
        .replace('<script>', "<script>\n  import asset from './hero.png?magnific=2x'")
        .replace('src="./hero.png?magnific=2x"', 'src={asset}'),
    }),
  }
  const built = await build('vite8', project, {
    options: optionsFor(emulator),
    vite: { plugins: [svelte({ configFile: false, preprocess })] },
  })
  expect(built.error).toBeUndefined()
  expect([...(await describePictures(built)).values()]).toEqual(['[png 120×80]'])
})

it('a dev server spends nothing, and compiles a component anew when its picture changes', async () => {
  const emulator = await startEmulator()
  const project = await svelteProject('<enhanced:img src="./hero.png?magnific=4x" alt="" />')
  const { vite } = await startDevServer(vites.vite8, project, optionsFor(emulator), {
    plugins: pluginsFor('vite8'),
    server: { watch: {} },
  })
  const compile = async (): Promise<string> =>
    (await vite.environments.client.transformRequest('/src/App.svelte'))?.code ?? ''
  const first = await compile()
  expect(first).toContain('width="240" height="160"')

  project.write('src/hero.png', await makePng({ seed: 5 }))
  vite.watcher.emit('all', 'change', project.path('src/hero.png'))
  await vi.waitFor(async () => expect(await compile()).not.toBe(first))
  expect(await compile()).toContain('width="240" height="160"')
  expect(emulator.calls).toHaveLength(0)
})

it('has no hook for pages where SvelteKit would warn of it', async () => {
  const project = await svelteProject('<p>Nothing</p>')
  let hooked: string[] | undefined
  const kit: Plugin = {
    name: 'vite-plugin-sveltekit-setup',
    enforce: 'pre',
    configResolved({ plugins }) {
      hooked = plugins.filter((each) => each.transformIndexHtml).map(({ name }) => name)
    },
  }
  const vite = { plugins: pluginsFor('vite8', false) }
  const built = await build('vite8', project, { viteBefore: [kit], vite })
  expect(built.error).toBeUndefined()
  expect(hooked?.filter((name) => name.startsWith('unplugin-magnific'))).toEqual([])
})
