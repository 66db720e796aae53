import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Emulator } from '../../src/emulator/index.ts'
import {
  chromePath,
  launchChrome,
  openPage,
  serveFolder,
  warnWithoutChrome,
} from '../helpers/browser.ts'
import type { OpenPage } from '../helpers/browser.ts'
import { postsTo, startEmulator } from '../helpers/emulator.ts'
import { createEnds } from '../helpers/ends.ts'
import { optionsFor } from '../helpers/hero.ts'
import { measurePage, sizesOf } from '../helpers/measure-page.ts'
import type { Shown } from '../helpers/measure-page.ts'
import {
  createReferencesApp,
  expectedSizes,
  isPlain,
  pages,
  referencesConfig,
  upscaledCount,
} from '../helpers/references.ts'
import type { PageName, ReferencesApp } from '../helpers/references.ts'
import { recordSizes } from '../helpers/results-table.ts'
import { startVite, viteVersions } from '../helpers/vite-process.ts'
import type { ViteConfig, ViteProcess } from '../helpers/vite-process.ts'

warnWithoutChrome()

/** Other ways to deploy, with other ways to make style sheets and workers beside them. */
const deployments = [
  [
    'a base path, with Lightning CSS and plain workers',
    'https://app.example.test/app/',
    { base: '/app/', transformer: 'lightningcss', workerFormat: 'iife' },
  ],
  [
    'an absolute base',
    'https://cdn.example.test/deep/er/',
    { base: 'https://cdn.example.test/deep/er/' },
  ],
  ['a relative base', 'https://example.test/any/where/', { base: './' }],
] as const

describe.skipIf(chromePath === undefined)('in Chromium,', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChrome()
  })
  afterAll(async () => browser.close())

  describe.each(viteVersions)('every kind of reference, built by %s,', (version) => {
    const { onEnd, end } = createEnds()
    let emulator: Emulator
    let app: ReferencesApp
    let vite: ViteProcess
    let warnings: string[]
    const opened = new Map<PageName, { open: OpenPage; shown: Map<string, Shown> }>()

    const config = (settings: object): ViteConfig => ({
      module: referencesConfig,
      settings: {
        root: app.root,
        ...(!isPlain && { options: optionsFor(emulator) }),
        ...settings,
      },
    })
    const visit = async (name: PageName, url: string, serve?: ReturnType<typeof serveFolder>) => {
      const open = await openPage(browser, url + name, serve)
      const shown = await measurePage(open.page)
      return { open, shown }
    }

    beforeAll(async () => {
      emulator = await startEmulator({}, onEnd)
      app = await createReferencesApp(version, onEnd)
      vite = await startVite(version, 'production')
      onEnd(vite.end)
      await vite.build(config({}))
      warnings = await vite.warnings()
      await vite.build(config({ ssr: true, outDir: 'dist/server' }))
      await renderServerPage(vite, app.root)
      const url = await vite.preview(config({}))
      for (const page of pages) {
        const visited = await visit(page, url)
        onEnd(async () => visited.open.page.context().close())
        opened.set(page, visited)
      }
    }, 120_000)
    afterAll(end)

    it('is built by that version', async () => {
      expect(await vite.version()).toMatch(new RegExp(`^${version.slice(-1)}\\.`))
    })

    it.each(pages)('shows every picture of %s at its upscaled size', (page) => {
      const sizes = sizesOf(opened.get(page)!.shown)
      recordSizes(version, page === 'ssr.html' ? 'ssr' : 'build', sizes, expectedSizes(page))
      expect(sizes).toEqual(expectedSizes(page))
    })

    it.each(pages)(
      'serves all of %s, without a complaint and without an original',
      async (page) => {
        const { open } = opened.get(page)!
        expect(open.problems).toEqual([])
        if (!isPlain) expect(await findOriginals(open, app)).toEqual([])
      },
    )

    it('is built without a warning', () => {
      // Vite 6 looks at a url() in an image-set() twice, and says so.
      const told = warnings.filter((warning) => !warning.includes('__VITE_ASSET__'))
      expect(told).toEqual([])
    })

    it.skipIf(isPlain)('is paid for once for each picture, by client and server together', () => {
      expect(emulator.tasks).toHaveLength(upscaledCount)
      expect(postsTo(emulator)).toBe(upscaledCount)
    })

    it('is hydrated as the server rendered it', async () => {
      const { page } = opened.get('ssr.html')!.open
      const read = '[window.serverSources, window.clientSources]'
      const [server, client] = await page.evaluate<Record<string, string>[]>(read)
      expect(Object.keys(server).toSorted()).toEqual(
        Object.keys(expectedSizes('ssr.html')).toSorted(),
      )
      expect(client).toEqual(server)
      expect(await page.locator('[data-hydrated=true]').count()).toBe(2)
    })

    it.each(deployments)('is right at %s, and costs nothing then', async (title, url, settings) => {
      const posts = postsTo(emulator)
      const outDir = `dist/${title.replaceAll(/\W+/g, '-')}`
      await vite.build(config({ ...settings, outDir }))
      const serve = serveFolder(join(app.root, outDir), url)
      for (const page of ['index.html', 'nested/page.html'] as const) {
        const { open, shown } = await visit(page, url, serve)
        const expected = expectedSizes(page)
        // Lightning CSS takes the place of PostCSS and its plugins.
        if ('transformer' in settings && 'css-postcss' in expected)
          expected['css-postcss'] = 'not loaded: '
        recordSizes(version, title, sizesOf(shown), expected)
        expect(sizesOf(shown)).toEqual(expected)
        expect(open.problems).toEqual([])
        if (!isPlain) expect(await findOriginals(open, app)).toEqual([])
        await open.page.context().close()
      }
      expect(postsTo(emulator)).toBe(posts)
    })
  })
})

/** Puts what the built server renders into the built page. */
async function renderServerPage(vite: ViteProcess, root: string): Promise<void> {
  const entry = pathToFileURL(join(root, 'dist/server/entry-server.js')).href
  const rendered = (await vite.call(entry, 'render')) as Record<string, string>
  const page = join(root, 'dist/client/ssr.html')
  const { fillPage } = (await import(referencesConfig)) as { fillPage: FillPage }
  writeFileSync(page, fillPage(readFileSync(page, 'utf8'), rendered))
}

type FillPage = (page: string, rendered: Record<string, string>) => string

async function findOriginals(open: OpenPage, { originals }: ReferencesApp): Promise<string[]> {
  const received = await open.received()
  return [...received].filter(([, hash]) => originals.has(hash)).map(([url]) => url)
}
