/// <reference lib="dom" />
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import axe from 'axe-core'
import type { AxeResults } from 'axe-core'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chromePath, launchChrome, warnWithoutChrome } from '../helpers/browser.ts'
import type { Inspection } from '../../src/inspector/contract.ts'
import { createImage, createShop } from './inspections.ts'
import { createComparison, startMock } from './mock-server.ts'
import { visitInspector, writeReport } from './visits.ts'

warnWithoutChrome()

/** A folder for screenshots, where they are to be looked at. */
const { INSPECTOR_SHOTS: shots } = process.env

/** What axe-core calls serious or critical. */
async function findViolations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  const { violations } = await page.evaluate<AxeResults>('axe.run()')
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(
        ({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary ?? ''}`,
      ),
    )
}

/** Nothing lies beside the window, where nobody would find it. */
async function findOverflow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
}

const views: Record<string, (page: Page) => Promise<void>> = {
  gallery: async (page) => {
    await page.locator('.card img[src]').first().waitFor()
  },
  detail: async (page) => {
    await page.getByRole('link', { name: 'hero.png' }).click()
    await page.getByRole('slider', { name: 'Before and after' }).waitFor()
  },
  edited: async (page) => {
    await page.getByRole('link', { name: 'hero.png' }).click()
    await page.getByRole('spinbutton', { name: 'Creativity' }).fill('3')
    await page.getByRole('button', { name: /Upscale this one · ~€0.20/ }).waitFor()
  },
  invalid: async (page) => {
    await page.getByRole('link', { name: 'peak.png' }).click()
    await page.getByRole('heading', { name: 'peak.png' }).waitFor()
  },
  dialog: async (page) => {
    await page.getByRole('link', { name: 'hero.png' }).click()
    await page.getByRole('button', { name: /Upscale this one/ }).click()
    await page.getByRole('dialog').waitFor()
  },
  gone: async (page) => {
    await page.getByRole('link', { name: 'hero.png' }).click()
    await page.getByRole('spinbutton', { name: 'Creativity' }).fill('3')
    await page.getByRole('button', { name: /Upscale this one · ~€0.20/ }).waitFor()
    await page.evaluate(() => {
      dispatchEvent(new CustomEvent('magnific-event', { detail: { kind: 'changed' } }))
    })
    await page.getByRole('alert').getByText('The project refers to it no longer').waitFor()
  },
  compare: async (page) => {
    await page.getByRole('link', { name: 'valley.jpg' }).click()
    await page.getByRole('link', { name: /^Compare/ }).click()
    await page.getByRole('button', { name: 'Pick result 2' }).click()
    await page.getByText('Write this to use result 2').first().waitFor()
  },
}

const sizes = {
  desktop: { width: 1440, height: 900 },
  phone: { width: 360, height: 740 },
}

describe.skipIf(chromePath === undefined)('the inspector', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChrome()
  })
  afterAll(async () => browser.close())

  const cases = Object.keys(views).flatMap((view) =>
    (['light', 'dark'] as const).flatMap((scheme) =>
      (['desktop', 'phone'] as const).map((size) => [view, scheme, size] as const),
    ),
  )

  it.each(cases)('can be used by everybody: %s, %s, %s', async (view, colorScheme, size) => {
    const server = await startMock(createShop(), {
      comparison: createComparison('valley', 'src/assets/valley.jpg'),
    })
    const settings = { colorScheme, viewport: sizes[size], hasTouch: size === 'phone' }
    const { page, problems } = await visitInspector(browser, server.page, settings)
    if (view === 'gone') server.state.inspection = moveHero(server.state.inspection)
    await views[view](page)
    await page.waitForLoadState('networkidle')
    await shoot(page, `${view}-${colorScheme}-${size}`)
    // A dialog's page is not to be read.
    expect(await findViolations(page)).toEqual([])
    expect(await findOverflow(page)).toBe(0)
    expect(problems).toEqual([])
  })

  it.each([
    ['light', 'desktop'],
    ['dark', 'desktop'],
    ['light', 'phone'],
    ['dark', 'phone'],
  ] as const)('is as good in a report: %s, %s', async (colorScheme, size) => {
    const url = await writeReport(
      createShop({ mode: 'report', buying: { allowed: false, why: '' } }),
    )
    const settings = { colorScheme, viewport: sizes[size], bypassCSP: false }
    const { page, problems } = await visitInspector(browser, url, settings)
    await shoot(page, `report-${colorScheme}-${size}`)
    expect(await findViolations(page)).toEqual([])
    await page.getByRole('link', { name: 'valley.jpg' }).click()
    await page.getByRole('slider', { name: 'Before and after' }).waitFor()
    await shoot(page, `report-detail-${colorScheme}-${size}`)
    expect(await findViolations(page)).toEqual([])
    expect(await findOverflow(page)).toBe(0)
    expect(problems).toEqual([])
  })
})

describe.skipIf(chromePath === undefined)('forced colours', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChrome()
  })
  afterAll(async () => browser.close())

  it('show which choice is made, and where a slider stands', async () => {
    const server = await startMock(createShop())
    const settings = { forcedColors: 'active' } as const
    const { page } = await visitInspector(browser, `${server.page}#/image/hero`, settings)
    const style = async (selector: string, name: string): Promise<string[]> =>
      page
        .locator(selector)
        .evaluateAll(
          (elements, key) => elements.map((each) => getComputedStyle(each).getPropertyValue(key)),
          name,
        )
    expect(new Set(await style('.fields .segment:has(:checked)', 'outline-style'))).toEqual(
      new Set(['solid']),
    )
    expect(new Set(await style('.fields .segment:not(:has(:checked))', 'outline-style'))).toEqual(
      new Set(['none']),
    )
    expect(new Set(await style('input[type=range], .switch', 'appearance'))).toEqual(
      new Set(['auto']),
    )
    await shoot(page, 'forced-colors')
  })
})

/** As if its source line had got another query, and a second one. */
function moveHero(inspection: Inspection): Inspection {
  const [{ file }, ...others] = inspection.images
  const moved = ['magnific=8x', 'magnific=2x&w=800'].map((query) =>
    createImage(query, file, 'missing', { query }),
  )
  return { ...inspection, images: [...moved, ...others] }
}

async function shoot(page: Page, name: string): Promise<void> {
  if (shots === undefined) return
  mkdirSync(shots, { recursive: true })
  const pictures = page.locator('img[src]').locator('visible=true')
  await pictures.evaluateAll(async (images) =>
    Promise.allSettled(images.map(async (image) => (image as HTMLImageElement).decode())),
  )
  await page.screenshot({ path: join(shots, `${name}.png`) })
}
