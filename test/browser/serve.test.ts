import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Emulator } from '../../src/emulator/index.ts'
import { chromePath, launchChrome, warnWithoutChrome } from '../helpers/browser.ts'
import { startEmulator } from '../helpers/emulator.ts'
import { createEnds } from '../helpers/ends.ts'
import { optionsFor } from '../helpers/hero.ts'
import { configFor, createReferencesApp, expectedSizes, pages } from '../helpers/references.ts'
import type { PageName } from '../helpers/references.ts'
import { recordOutcome, recordSizes } from '../helpers/results-table.ts'
import { expectHydrated, expectRight, visitPage } from '../helpers/visit.ts'
import type { Visit } from '../helpers/visit.ts'
import { startVite } from '../helpers/vite-process.ts'
import { versionsInBrowser } from '../helpers/vite-versions.ts'

warnWithoutChrome()

describe.skipIf(chromePath === undefined)('in Chromium,', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChrome()
  })
  afterAll(async () => browser.close())

  describe.each(versionsInBrowser)(
    "an app with every kind of reference, served by %s's dev server,",
    (version) => {
      const { onEnd, end } = createEnds()
      let emulator: Emulator
      const visits = new Map<PageName, Visit>()

      beforeAll(async () => {
        emulator = await startEmulator({}, onEnd)
        const app = await createReferencesApp(version, onEnd)
        const vite = await startVite(version, 'development')
        onEnd(vite.end)
        const url = await vite.serve(configFor(app, optionsFor(emulator)))
        for (const page of pages) visits.set(page, await visitPage(browser, app, url + page))
      }, 120_000)
      afterAll(async () => {
        for (const { page } of visits.values()) await page.context().close()
        await end()
      })

      it.each(pages)('shows every picture of %s as a preview of the right size', async (page) => {
        const visit = visits.get(page)!
        recordSizes(version, 'dev', visit.sizes, expectedSizes(page))
        await expectRight(visit, page)
      })

      it('is hydrated as the server rendered it', async () => {
        recordOutcome(version, 'dev', 'ssr-hydrated')
        await expectHydrated(visits.get('ssr.html')!)
      })

      it('costs nothing', () => {
        expect(emulator.calls).toEqual([])
      })
    },
  )
})
