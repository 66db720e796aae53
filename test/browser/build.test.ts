import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Emulator } from '../../src/emulator/index.ts'
import { chromePath, launchChrome, serveFolder, warnWithoutChrome } from '../helpers/browser.ts'
import { postsTo, startEmulator } from '../helpers/emulator.ts'
import { createEnds } from '../helpers/ends.ts'
import { optionsFor } from '../helpers/hero.ts'
import {
  configFor,
  createReferencesApp,
  expectedSizes,
  isPlain,
  pages,
  upscaledCount,
} from '../helpers/references.ts'
import type { PageName, ReferencesApp } from '../helpers/references.ts'
import { recordOutcome, recordSizes } from '../helpers/results-table.ts'
import { expectHydrated, expectRight, visitPage } from '../helpers/visit.ts'
import type { Visit } from '../helpers/visit.ts'
import { startVite } from '../helpers/vite-process.ts'
import { versionsInBrowser } from '../helpers/vite-versions.ts'
import type { ViteConfig, ViteProcess } from '../helpers/vite-process.ts'

warnWithoutChrome()

/** Other ways to deploy, one of them with other ways to make style sheets and workers. */
const deployments = [
  [
    'an absolute base, with Lightning CSS and plain workers',
    'https://cdn.example.test/deep/er/',
    {
      base: 'https://cdn.example.test/deep/er/',
      transformer: 'lightningcss',
      workerFormat: 'iife',
    },
  ],
  ['a relative base', 'https://example.test/any/where/', { base: './' }],
] as const

describe.skipIf(chromePath === undefined)('in Chromium,', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChrome()
  })
  afterAll(async () => browser.close())

  describe.each(versionsInBrowser)(
    'an app with every kind of reference, built by %s,',
    (version) => {
      const { onEnd, end } = createEnds()
      let emulator: Emulator
      let app: ReferencesApp
      let vite: ViteProcess
      let warnings: string[]
      const visits = new Map<PageName, Visit>()
      const config = (settings?: object): ViteConfig =>
        configFor(app, optionsFor(emulator), settings)

      beforeAll(async () => {
        emulator = await startEmulator({}, onEnd)
        app = await createReferencesApp(version, onEnd)
        vite = await startVite(version, 'production')
        onEnd(vite.end)
        await vite.build(config({ base: '/app/' }))
        warnings = await vite.warnings()
        await vite.build(config({ base: '/app/', ssr: true, outDir: 'dist/server' }))
        await renderServerPage(vite, app)
        const url = await vite.preview(config({ base: '/app/' }))
        await Promise.all(
          pages.map(async (page) => {
            visits.set(page, await visitPage(browser, app, url + page))
          }),
        )
      }, 120_000)
      afterAll(async () => {
        for (const { page } of visits.values()) await page.context().close()
        await end()
      })

      it.each(pages)('shows every picture of %s upscaled, and no original', async (page) => {
        const visit = visits.get(page)!
        recordSizes(version, 'build', visit.sizes, expectedSizes(page))
        await expectRight(visit, page)
      })

      it('was built by that version, without a warning', async () => {
        expect(`vite${await vite.version()}`).toContain(`${version}.`)
        // Vite 6 looks at a url() in an image-set() twice, and says so; Vite 8 tells where a slow machine was slow; and the
        // pictures are small, to be drawn in no time.
        const known = /__VITE_ASSET__|PLUGIN_TIMINGS|under 160 pixels/
        const told = warnings.filter((warning) => !known.test(warning))
        expect(told).toEqual([])
      })

      it.skipIf(isPlain)(
        'was paid for once for each picture, by client and server together',
        () => {
          expect(emulator.tasks).toHaveLength(upscaledCount)
          expect(postsTo(emulator)).toBe(upscaledCount)
        },
      )

      it('is hydrated as the server rendered it', async () => {
        recordOutcome(version, 'build', 'ssr-hydrated')
        await expectHydrated(visits.get('ssr.html')!)
      })

      it.each(deployments)(
        'is right at %s, and costs nothing then',
        async (title, url, settings) => {
          const posts = postsTo(emulator)
          const outDir = `dist/${title.replaceAll(/\W+/g, '-')}`
          await vite.build(config({ ...settings, outDir }))
          const serve = serveFolder(join(app.root, outDir), url)
          for (const page of ['index.html', 'nested/page.html'] as const) {
            const visit = await visitPage(browser, app, url + page, serve)
            const expected = expectedSizes(page)
            // Lightning CSS takes the place of PostCSS and its plugins.
            const isWithoutPlugins = 'transformer' in settings && page === 'index.html'
            if (isWithoutPlugins) delete expected['css-postcss']
            recordSizes(version, `build for ${title}`, visit.sizes, expected)
            if (isWithoutPlugins) expected['css-postcss'] = 'not loaded: '
            await expectRight(visit, page, expected)
            await visit.page.context().close()
          }
          expect(postsTo(emulator)).toBe(posts)
        },
      )
    },
  )
})

/** Puts what the built server renders into the built page. */
async function renderServerPage(vite: ViteProcess, app: ReferencesApp): Promise<void> {
  const entry = pathToFileURL(join(app.root, 'dist/server/entry-server.js')).href
  const rendered = (await vite.call(entry, 'render')) as Record<string, string>
  const file = join(app.root, 'dist/client/ssr.html')
  const page = Object.entries(rendered).reduce(
    (filled, [name, html]) => filled.replace(`<!--${name}-->`, () => html),
    readFileSync(file, 'utf8'),
  )
  writeFileSync(file, page)
}
