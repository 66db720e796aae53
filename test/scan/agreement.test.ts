import { join, relative } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { createPlainResolve } from '../../src/scan/plain-resolve.ts'
import { scanProject } from '../../src/scan/scan-project.ts'
import { createReferencesApp, references } from '../helpers/references.ts'

it('finds just what the app with every kind of reference refers to', async () => {
  const { root } = await createReferencesApp('vite8', onTestFinished)
  const entries = ['index.html', 'nested/page.html', 'ssr.html', 'src/ssr/entry-server.js']
  const scan = await scanProject({
    root,
    entries: entries.map((entry) => join(root, entry)),
    resolve: createPlainResolve({ root, alias: { '@': join(root, 'src') } }),
  })
  const found = scan.references.map(({ file = '' }) =>
    relative(join(root, '..'), file).replace('app/node_modules/', ''),
  )
  const known = references.filter(({ scale }) => scale > 1).map(({ file }) => file)
  // What a plugin of PostCSS makes up stands in no source.
  expect(new Set([...found, 'app/src/css/postcss.png'])).toEqual(new Set(known))
  expect(scan.references.every(({ reached }) => reached === true)).toBe(true)
  expect(scan.problems).toEqual([])
})
