import { symlinkSync } from 'node:fs'
import { expect, it } from 'vitest'
import { findReferences } from '../../src/scan/find-references.ts'
import { isSource, listSources } from '../../src/scan/list-sources.ts'
import { tmpProject } from '../helpers/project.ts'

const text = "import a from './a.png?magnific'\n"

it('finds references in every kind of script and component, in the order of their paths', async () => {
  const scripts = ['a.js', 'b.mjs', 'c.cjs', 'd.ts', 'e.mts', 'f.cts', 'g.jsx', 'h.tsx', 'l.mdx']
  const block = `<script>\n${text}</script>`
  const all = new Map([
    ...[...scripts, 'sub/folder/(m)/[id].ts'].map((name) => [name, text] as const),
    ['i.vue', block],
    ['j.svelte', block],
    ['k.astro', `---\n${text}---\n`],
  ])
  const project = tmpProject(Object.fromEntries(all))
  const found = await findReferences({ root: project.dir })
  const paths = [...all.keys()].toSorted().map((name) => project.path(name))
  expect(found.map(({ importer }) => importer)).toEqual(paths)
})

it('leaves out what is no source of the project', async () => {
  const ignored = ['node_modules/a/a.js', 'sub/node_modules/b.js', 'dist/a.js', '.magnific/a.js']
  const more = ['.config.js', 'a.d.ts', 'b.d.mts', 'readme.md', 'out (1)/a.js', 'src/.nuxt/a.ts']
  const names = [...ignored, ...more]
  const project = tmpProject(Object.fromEntries(names.map((name) => [name, text])))
  const settings = {
    root: project.dir,
    ignored: [project.path('out (1)'), '/elsewhere', project.path('..')],
  }
  const kept = project.write('out (1).js', text)
  symlinkSync(project.dir, project.path('loop'), 'junction')
  expect(await listSources(settings)).toEqual([kept])
  expect(isSource(kept, settings)).toBe(true)
  expect(names.filter((name) => isSource(project.path(name), settings))).toEqual([])
  expect(isSource('/elsewhere/a.js', settings)).toBe(false)
})

it('tells where the image is, unless only a host can', async () => {
  const project = tmpProject()
  const importer = project.write(
    'src/a.js',
    `import('./a.png?magnific'), import('../b.png?magnific=4x'), import('/c.png?magnific')
    import('@/d.png?magnific'), import.meta.glob('./*.png', { query: '?magnific' })`,
  )
  const found = await findReferences({ root: project.dir })
  expect(found.map(({ file }) => file)).toEqual([
    project.path('src', 'a.png'),
    project.path('b.png'),
    project.path('c.png'),
    undefined,
    undefined,
  ])
  expect(found[1]).toMatchObject({
    importer,
    specifier: '../b.png?magnific=4x',
    query: 'magnific=4x',
    file: project.path('b.png'),
    isPattern: false,
  })
})

it('leaves out keys of other plugins', async () => {
  const { dir: root } = tmpProject({ 'a.js': "import './a.png?magnifico' // magnific" })
  expect(await findReferences({ root })).toHaveLength(1)
  expect(await findReferences({ root, passthrough: ['magnifico'] })).toEqual([])
})
