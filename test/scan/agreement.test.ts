import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { resolveConfig } from 'vite'
import { createPlainResolve } from '../../src/scan/plain-resolve.ts'
import type { Resolve } from '../../src/scan/plain-resolve.ts'
import { scanProject } from '../../src/scan/scan-project.ts'
import type { FoundReference } from '../../src/scan/scan-project.ts'
import { createHotApp, hotIds } from '../helpers/hot.ts'
import { createReferencesApp, references } from '../helpers/references.ts'

const entries = ['index.html', 'nested/page.html', 'ssr.html', 'src/ssr/entry-server.js']
const hosts: Record<string, (root: string) => Promise<Resolve>> = {
  'the plain resolver': async (root) =>
    createPlainResolve({ root, alias: { '@': join(root, 'src') } }),
  "Vite's own": createViteResolve,
}

/** As the command line would have it. */
async function createViteResolve(root: string): Promise<Resolve> {
  const alias = { '@': join(root, 'src') }
  const config = await resolveConfig({ root, configFile: false, resolve: { alias } }, 'build')
  const script = config.createResolver()
  const style = config.createResolver({
    preferRelative: true,
    tryIndex: false,
    extensions: [],
  })
  return async (specifier, importer, kind) =>
    (kind === 'style' ? style : script)(specifier, importer, undefined)
}

/** `app/src/a.png 2`, as the helper has it. */
function describeAll(found: readonly FoundReference[], root: string): Set<string> {
  return new Set(
    found.map(({ file = '', query }) => {
      const path = relative(join(root, '..'), file).replace('app/node_modules/', '')
      return `${path} ${/(?:^|&)magnific=(?:2x|hero)/.test(query) ? 2 : 4}`
    }),
  )
}

it.each(Object.keys(hosts))(
  'finds just what the app with every kind of reference refers to, with %s',
  async (name) => {
    const { root } = await createReferencesApp('vite8', onTestFinished)
    const scan = await scanProject({
      root,
      entries: entries.map((entry) => join(root, entry)),
      resolve: await hosts[name](root),
    })
    const known = references.flatMap(({ file, scale }) => (scale > 1 ? `${file} ${scale}` : []))
    // What a plugin of PostCSS makes up stands in no source.
    const found = describeAll(scan.references, root).add('app/src/css/postcss.png 2')
    expect(found).toEqual(new Set(known))
    expect(scan.references.filter(({ reached }) => reached !== true)).toEqual([])
    expect(scan.problems).toEqual([])
  },
)

it('finds just what the small app refers to', async () => {
  const { project, fileOf } = await createHotApp(onTestFinished)
  const root = project.path('app')
  const scan = await scanProject({
    root,
    entries: [join(root, 'index.html')],
    resolve: createPlainResolve({ root }),
  })
  expect(new Set(scan.references.map(({ file }) => file))).toEqual(new Set(hotIds.map(fileOf)))
  expect(scan.references.every(({ reached }) => reached)).toBe(true)
})

it('finds every query that the typed projects import', async () => {
  const root = fileURLToPath(new URL('../fixtures/types', import.meta.url))
  const scan = await scanProject({ root, resolve: createPlainResolve({ root }) })
  const count = (name: string): number =>
    scan.references.filter(({ importer }) => importer === join(root, name)).length
  expect(count('client/src/objects.ts')).toBe(3)
  expect(count('client/src/page.tsx')).toBe(2)
  expect(count('client/src/urls.ts')).toBe(7)
  expect(count('generated/src/lists.ts')).toBe(13)
  expect(count('vue/src/app.vue')).toBe(6)
  expect(scan.references.some(({ importer }) => importer.includes('options'))).toBe(false)
  expect(scan.problems).toEqual([])
})
