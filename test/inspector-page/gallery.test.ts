/// <reference lib="dom" />
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chromePath, launchChrome, warnWithoutChrome } from '../helpers/browser.ts'
import { createHostile, createImage, createInspection, createShop, hostile } from './inspections.ts'
import { startMock } from './mock-server.ts'
import type { MockServer } from './mock-server.ts'
import { visitInspector } from './visits.ts'

warnWithoutChrome()

async function names(page: Page): Promise<string[]> {
  return page.locator('.card .path-name').allTextContents()
}

function thumbnails(server: MockServer): string[] {
  return server.requests.filter(({ url }) => url.includes('/thumbnail')).map(({ url }) => url)
}

describe.skipIf(chromePath === undefined)('the gallery', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChrome()
  })
  afterAll(async () => browser.close())

  it('shows every image with its figures, and what all of it costs', async () => {
    const { page, problems } = await visitInspector(browser, (await startMock(createShop())).page)
    expect(await page.locator('.card').count()).toBe(9)
    const hero = page.getByRole('listitem').filter({ hasText: 'hero.png' })
    const text = (await hero.textContent()) ?? ''
    for (const part of ['Missing', '400 × 250', '1600 × 1000', '120 kB', '×16', '~€0.20']) {
      expect(text).toContain(part)
    }
    expect(text).toContain('src/pages/Home.tsx:4')
    expect(text).toContain('prompt a quiet valley')
    const banner = page.getByRole('banner')
    expect(await banner.textContent()).toContain('Emulator')
    expect(await banner.textContent()).toContain('Spent~€1.20')
    expect(await banner.textContent()).toContain('Outstanding~€0.90')
    expect(await page.title()).toBe('shop · Magnific')
    expect(problems).toEqual([])
  })

  it('counts what is cached, references and cards so that they agree, and a purchase once', async () => {
    const shared = { fingerprint: 'f-shared', params: { scale_factor: '4x' } } as const
    const inspection = createInspection([
      createImage('a', 'src/a.png', 'missing', { ...shared, query: 'magnific=4x&w=400' }),
      createImage('b', 'src/a.png', 'missing', { ...shared, query: 'magnific=4x&w=800' }),
      createImage('c', 'src/copy.png', 'missing', { ...shared, query: 'magnific=4x' }),
      createImage('d', 'src/d.png', 'failed', { fingerprint: 'f-failed' }),
      createImage('e', 'src/e.png', 'failed', { fingerprint: 'f-failed' }),
      createImage('f', 'src/f.png', 'cached'),
    ])
    // As the server counts: by what is bought.
    inspection.totals.byState = { ...inspection.totals.byState, missing: 1, failed: 1 }
    const server = await startMock(inspection)
    const { page } = await visitInspector(browser, server.page)
    const banner = await page.getByRole('banner').textContent()
    expect(banner).toContain('1 of 3 cached, for 6 references')
    const status = await page.getByRole('main').getByRole('status').textContent()
    expect(status).toMatch(/^6 references\./)
    const chips = await page.locator('.filters .segment').allTextContents()
    expect(chips).toEqual(['All6', 'Failed2', 'Missing3', 'Cached1'])
    const card = (index: number) => page.locator('.card').nth(index)
    const texts = async (selector: string): Promise<string[]> =>
      Promise.all(
        [0, 1, 2, 3, 4, 5].map(async (index) =>
          (await card(index).locator(selector).allTextContents()).join(),
        ),
      )
    expect(await texts('.price')).toEqual(['Estimate ~€0.20', '', '', 'Estimate ~€0.10', '', ''])
    expect(await texts('.card-note')).toEqual([
      'Bought once, with ?magnific=4x&w=800 and 1 other.',
      'Bought once, with ?magnific=4x&w=400 and 1 other.',
      'Bought once, with src/a.png and 1 other.',
      '',
      '',
      '',
    ])
    await card(1).getByRole('link').click()
    await page
      .locator('.facts')
      .getByText('Bought once, with ?magnific=4x&w=400 and 1 other.')
      .waitFor()
  })

  it('counts cards where several references ask for the same', async () => {
    const { page } = await visitInspector(browser, (await startMock(createShop())).page)
    const status = await page.getByRole('main').getByRole('status').textContent()
    expect(status).toMatch(/^9 cards for 10 references\./)
    expect(await page.getByRole('banner').textContent()).toContain(
      '3 of 9 cached, for 10 references',
    )
  })

  it('says why there is no preview', async () => {
    const inspection = createShop()
    const [hero, team] = inspection.images
    hero.pictures.thumbnail = 'api/unreadable'
    team.pictures.thumbnail = 'api/inspection'
    const { page } = await visitInspector(browser, (await startMock(inspection)).page)
    await page.getByText('No preview. There is nothing here.').waitFor()
    await page.getByText('No preview. The browser cannot show it.').waitFor()
  })

  it('names the service where money is spent', async () => {
    const inspection = createShop({ service: 'api.magnific.test' })
    const { page } = await visitInspector(browser, (await startMock(inspection)).page)
    const banner = (await page.getByRole('banner').textContent()) ?? ''
    expect(banner).toContain('api.magnific.test')
    expect(banner).not.toContain('Emulator')
  })

  it('is filtered by text and state, and says how many are left', async () => {
    const { page } = await visitInspector(browser, (await startMock(createShop())).page)
    // By keyboard: the slash leads to the field.
    await page.keyboard.press('/')
    await page.keyboard.type('quiet home')
    expect(await names(page)).toEqual(['hero.png'])
    expect(await page.getByRole('main').getByRole('status').textContent()).toContain('1 of 9 cards')
    await page.getByRole('searchbox').fill('nothing like it')
    expect(await page.getByRole('heading', { name: 'No image matches' }).isVisible()).toBe(true)
    await page.getByRole('button', { name: 'Show all images' }).click()
    expect(await names(page)).toHaveLength(9)
    await page.getByRole('radio', { name: /^All/ }).focus()
    await page.keyboard.press('End')
    await page
      .getByText(/^Cached/)
      .first()
      .click()
    expect(await names(page)).toEqual(['team.jpg', 'valley.jpg', 'logo.png'])
  })

  it('is sorted by each figure, both ways', async () => {
    const { page } = await visitInspector(browser, (await startMock(createShop())).page)
    const sort = async (by: string): Promise<string[]> => {
      await page.getByLabel('Sort by').selectOption(by)
      return names(page)
    }
    expect((await sort('Name'))[0]).toBe('dunes.webp')
    expect((await sort('State')).slice(0, 2)).toEqual(['moor.png', 'peak.png'])
    expect((await sort('Estimate')).slice(0, 3)).toEqual(['coast.png', 'moor.png', 'hero.png'])
    expect((await sort('Gain')).slice(0, 2)).toEqual(['coast.png', 'moor.png'])
    expect((await sort('Size')).at(-1)).toBe('logo.png')
    await page.getByRole('button', { name: 'Reverse the order' }).click()
    expect((await names(page))[0]).toBe('logo.png')
  })

  it('is arranged as before where the page is loaded anew', async () => {
    const { page } = await visitInspector(browser, (await startMock(createShop())).page)
    await page.getByRole('searchbox').fill('src/assets')
    await page
      .getByText(/^Cached/)
      .first()
      .click()
    await page.getByLabel('Sort by').selectOption('Gain')
    await page.getByRole('button', { name: 'Reverse the order' }).click()
    const before = await names(page)
    expect(before).toEqual(['valley.jpg', 'team.jpg'].toReversed())
    await page.reload()
    await page.locator('.card').first().waitFor()
    expect(await names(page)).toEqual(before)
    expect(await page.getByRole('searchbox').inputValue()).toBe('src/assets')
    expect(await page.getByRole('radio', { name: /^Cached/ }).isChecked()).toBe(true)
    expect(await page.getByLabel('Sort by').inputValue()).toBe('gain')
    const reverse = page.getByRole('button', { name: 'Reverse the order' })
    expect(await reverse.getAttribute('aria-pressed')).toBe('true')
  })

  it('is walked through with the arrow keys, and comes back to where one was', async () => {
    const { page } = await visitInspector(browser, (await startMock(createShop())).page)
    await page.getByRole('link', { name: 'dunes.webp' }).focus()
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'lake.png' }).waitFor()
    await page.goBack()
    await expect
      .poll(async () => page.evaluate(() => document.activeElement?.textContent))
      .toContain('lake.png')
  })

  it('asks for the thumbnails that are in sight, of 500', async () => {
    const images = Array.from({ length: 500 }, (_, index) =>
      createImage(`i${index}`, `src/${String(index).padStart(3, '0')}.png`, 'missing'),
    )
    const server = await startMock(createInspection(images))
    const viewport = { width: 1280, height: 800 }
    const { page } = await visitInspector(browser, server.page, { viewport })
    const last = page.getByRole('link', { name: '499.png' })
    await page.locator('.card img[src]').first().waitFor()
    await page.waitForLoadState('networkidle')
    const first = thumbnails(server).length
    expect(first).toBeGreaterThan(3)
    expect(first).toBeLessThan(40)
    await last.focus()
    await page.waitForLoadState('networkidle')
    await expect.poll(() => thumbnails(server).some((url) => url.includes('/i499/'))).toBe(true)
    expect(thumbnails(server).length).toBeLessThan(100)
    // Never anything larger than a thumbnail.
    expect(server.requests.filter(({ url }) => /before|after/.test(url))).toEqual([])
    expect(new Set(thumbnails(server)).size).toBe(thumbnails(server).length)
  })

  it('says how to begin where there is no image', async () => {
    const server = await startMock(createInspection([]))
    const { page, problems } = await visitInspector(browser, server.page)
    expect(await page.getByRole('heading', { name: 'No image is upscaled yet' }).isVisible()).toBe(
      true,
    )
    expect(problems).toEqual([])
  })

  it('says that a build pays nothing where everything is cached', async () => {
    const server = await startMock(createInspection([createImage('a', 'a.png', 'cached')]))
    const { page } = await visitInspector(browser, server.page)
    expect(await page.getByRole('main').getByRole('status').textContent()).toContain('pays nothing')
  })

  it('shows what has changed as soon as it is told, and how far a task is', async () => {
    const server = await startMock(createShop({ mode: 'ui' }))
    const { page } = await visitInspector(browser, server.page)
    const hero = page.getByRole('listitem').filter({ hasText: 'hero.png' })
    await server.until(() => server.requests.some(({ url }) => url.endsWith('api/events')))
    server.send({ kind: 'progress', fingerprint: 'f-hero', phase: 'upscaling', since: Date.now() })
    await hero.getByText('Upscaling').waitFor()
    const { images } = server.state.inspection
    server.state.inspection = createInspection(
      [createImage('hero', 'src/assets/hero.png', 'cached'), ...images.slice(1, 3)],
      { mode: 'ui' },
    )
    server.send({ kind: 'changed' })
    await hero.getByText('Cached').waitFor()
    expect(await names(page)).toHaveLength(3)
  })

  it('hears of the same through events of the window, as the socket of Vite brings them', async () => {
    const server = await startMock(createShop())
    const { page } = await visitInspector(browser, server.page)
    server.state.inspection = createShop({ images: [] })
    await page.evaluate(() => {
      dispatchEvent(new CustomEvent('magnific-event', { detail: { kind: 'changed' } }))
    })
    await page.getByRole('heading', { name: 'No image is upscaled yet' }).waitFor()
  })

  it('says that it is not live any more when the server is gone, and finds it again', async () => {
    const server = await startMock(createShop({ mode: 'ui' }))
    const { page } = await visitInspector(browser, server.page)
    const banner = page.getByText('The server is gone')
    await server.until(() => server.requests.some(({ url }) => url.endsWith('api/events')))
    server.state.isGone = true
    server.drop()
    await banner.waitFor()
    server.state.isGone = false
    server.state.inspection = createShop({
      mode: 'ui',
      images: [createImage('new', 'new.png', 'missing')],
    })
    await banner.waitFor({ state: 'hidden' })
    expect(await names(page)).toEqual(['new.png'])
  })

  it('says why there is nothing to show', async () => {
    const server = await startMock(createShop())
    Object.assign(server.state, {
      inspection: { ok: false, problem: 'The sources cannot be read.' },
    })
    const { page } = await visitInspector(browser, server.page)
    expect(await page.getByRole('alert').textContent()).toBe('The sources cannot be read.')
  })

  it('shows hostile names and prompts as the texts that they are', async () => {
    const server = await startMock(createHostile())
    const viewport = { width: 360, height: 740 }
    const { page, problems } = await visitInspector(browser, server.page, { viewport })
    expect(await names(page)).toEqual(
      expect.arrayContaining([
        hostile.markup.slice(4),
        hostile.quotes.slice(4),
        'photo⟨U+202E⟩gnp.exe',
        hostile.long.slice(4),
      ]),
    )
    await page.getByText('1 problem').click()
    expect(await page.locator('.problems').textContent()).toContain(hostile.prompt)
    for (const id of ['markup', 'quotes', 'turned', 'long']) {
      await page.goto(`${server.page}#/image/${id}`)
      await page.getByRole('heading', { level: 2 }).first().waitFor()
      expect(await page.getByLabel('Prompt').inputValue()).toBe(hostile.prompt)
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360)
    }
    expect(await page.title()).toContain('very-long-name')
    expect(await page.locator('img[src=x], [onerror]').count()).toBe(0)
    expect(problems).toEqual([])
  })
})
