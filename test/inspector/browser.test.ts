/// <reference lib="dom" />
import type { Browser, Page } from 'playwright-core'
import type * as vite8 from 'vite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Emulator } from '../../src/emulator/index.ts'
import type { InspectorEvent } from '../../src/inspector/contract.ts'
import { chromePath, launchChrome, openPage, warnWithoutChrome } from '../helpers/browser.ts'
import { makeCertificate } from '../helpers/certificate.ts'
import { postsTo } from '../helpers/emulator.ts'
import { openInspected } from '../helpers/inspector.ts'
import type { InspectedProject } from '../helpers/inspector.ts'
import { openPlannedProject } from '../helpers/planned-project.ts'
import { startUi } from '../helpers/ui.ts'
import { versionsInBrowser, vites } from '../helpers/vite-versions.ts'

const main = "import a from './a.png?magnific=2x'\nconsole.log(a)\n"

warnWithoutChrome()

describe.skipIf(chromePath === undefined).each(versionsInBrowser)(
  'the inspector of %s in a browser',
  (version) => {
    let browser: Browser
    beforeAll(async () => {
      browser = await launchChrome()
    })
    afterAll(async () => browser.close())

    const open = async (base = '/', server: vite8.ServerOptions = {}): Promise<InspectedProject> =>
      openInspected(
        { 'src/main.js': main },
        {
          vite: vites[version],
          emulator: { latency: Number.POSITIVE_INFINITY },
          config: { base, server },
          hasSocket: true,
        },
      )

    it.each(['/', '/app/'])(
      'is loaded under its policy below %s, and hears of purchases over Vite’s socket',
      async (base) => {
        const desk = await open(base)
        const url = `http://127.0.0.1:${desk.port}${desk.base}`
        const opened = await openPage(browser, url)
        const { page, problems, reloads, connected } = opened
        await noteEvents(page)
        await page.getByText('a.png').first().waitFor()
        await connected()

        const { id, query } = await desk.find('src/a.png')
        await desk.upscale(id, query, 0.1)
        await expect.poll(async () => phasesIn(page)).toContain('upscaling')
        // What is done to the pages of the app is not done to it.
        const { hot } = desk.dev.vite.environments.client
        hot.send({ type: 'full-reload', path: '*' })
        hot.send({ type: 'error', err: { message: 'An error of the app.', stack: '' } })
        desk.emulator.complete()
        await expect.poll(async () => phasesIn(page)).toContain('done')
        await expect
          .poll(async () => page.locator('img').evaluateAll((images) => images.length))
          .toBeGreaterThan(0)
        expect(await page.locator('vite-error-overlay').count()).toBe(0)
        expect(reloads).toEqual([])
        expect(problems).toEqual([])
        expect(postsTo(desk.emulator)).toBe(1)
      },
    )

    it('shows how a purchase goes on, from the click to the result', async () => {
      const desk = await open()
      const { page, problems, connected } = await openPage(
        browser,
        `http://127.0.0.1:${desk.port}${desk.base}`,
      )
      await connected()
      await buyInPage(page, desk.emulator)
      expect(problems).toEqual([])
    })

    it('does so by TLS, where requests are those of HTTP/2', async () => {
      const desk = await open('/', { https: makeCertificate() })
      const url = `https://127.0.0.1:${desk.port}${desk.base}`
      const settings = { ignoreHTTPSErrors: true }
      const { page, problems, connected } = await openPage(browser, url, undefined, settings)
      await connected()
      await buyInPage(page, desk.emulator)
      expect(problems).toEqual([])
    })

    it('is read by no script of the app, however it asks', async () => {
      const desk = await open()
      const { page } = await openPage(browser, `http://127.0.0.1:${desk.port}/`)
      const seen = await page.evaluate(async (url) => {
        const response = await fetch(url)
        const frame = document.createElement('iframe')
        frame.src = url
        const loaded = new Promise((resolve) => {
          frame.addEventListener('load', resolve)
        })
        document.body.append(frame)
        await loaded
        const framed = frame.contentDocument?.documentElement.outerHTML ?? ''
        return { status: response.status, fetched: await response.text(), framed }
      }, desk.base)
      expect(seen.status).toBe(403)
      expect(seen.fetched).not.toContain('magnific-token')
      expect(seen.framed).not.toContain('magnific-token')
      const [opened] = await Promise.all([
        page.context().waitForEvent('page'),
        page.evaluate((url) => void Object.assign(globalThis, { opened: open(url) }), desk.base),
      ])
      // Whoever comes to it sees it, and whoever has opened it does not.
      await opened.locator('meta[name=magnific-token]').waitFor({ state: 'attached' })
      expect(
        await page.evaluate(() => (globalThis as unknown as { opened: Window }).opened.closed),
      ).toBe(true)
    })

    it('is loaded anew when its server is started anew, and may buy again', async () => {
      const desk = await open()
      const { page, problems, reloads, connected } = await openPage(
        browser,
        `http://127.0.0.1:${desk.port}${desk.base}`,
      )
      await page.getByText('a.png').first().waitFor()
      await connected()
      const tokenOf = async (): Promise<string | null> =>
        page.locator('meta[name=magnific-token]').getAttribute('content')
      const token = await tokenOf()
      await desk.dev.vite.restart()
      await expect.poll(() => reloads.length).toBeGreaterThan(0)
      await expect.poll(tokenOf).not.toBe(token)
      expect(problems.filter((each) => each.startsWith('exception'))).toEqual([])
    })
  },
)

describe.skipIf(chromePath === undefined)('without Vite', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChrome()
  })
  afterAll(async () => browser.close())

  it('magnific ui shows how a purchase goes on, from the click to the result', async () => {
    const planned = await openPlannedProject(
      { 'src/main.js': main },
      { latency: Number.POSITIVE_INFINITY },
    )
    const ui = await startUi(planned)
    const { page, problems } = await openPage(browser, `http://127.0.0.1:${ui.port}/__magnific/`)
    await buyInPage(page, planned.emulator)
    expect(problems).toEqual([])
    await ui.end()
  })

  it('a report shows every picture, and reaches nobody', async () => {
    const { magnific, project } = await openPlannedProject({ 'src/main.js': main })
    await magnific('upscale', '--yes')
    await magnific('report')
    const url = `file://${project.path('magnific-report.html')}`
    const { page, problems } = await openPage(browser, url)
    const requests: string[] = []
    page.on('request', (request) => {
      if (!request.url().startsWith('data:')) requests.push(request.url())
    })
    await page.getByRole('link', { name: 'a.png' }).click()
    await page.locator('.is-after').getByText('Result').waitFor()
    const widths = await page.locator('img:visible').evaluateAll(async (images) =>
      Promise.all(
        (images as HTMLImageElement[]).map(async (image) => {
          await image.decode()
          return image.naturalWidth
        }),
      ),
    )
    expect(widths).toContain(400)
    expect(await page.getByRole('button', { name: /Upscale|Spend/ }).count()).toBe(0)
    expect(requests).toEqual([])
    expect(problems).toEqual([])
  })
})

/** Buys the one image as a user does, and waits until its result is there. */
async function buyInPage(page: Page, emulator: Emulator): Promise<void> {
  await page.getByRole('link', { name: 'a.png' }).click()
  await page.getByRole('button', { name: 'Upscale this one · ~€0.10' }).click()
  expect(postsTo(emulator)).toBe(0)
  await page.getByRole('button', { name: 'Spend ~€0.10' }).click()
  await emulator.until(() => emulator.tasks.length === 1)
  await page.locator('.running').getByText('Upscaling').waitFor()
  emulator.complete()
  await page.locator('.is-after').getByText('Result').waitFor()
  await page.locator('.detail-title').getByText('Cached').waitFor()
  expect(postsTo(emulator)).toBe(1)
}

/** Keeps what the page is told. */
async function noteEvents(page: Page): Promise<void> {
  await page.evaluate(() => {
    const noted: unknown[] = []
    Object.assign(globalThis, { noted })
    addEventListener('magnific-event', (event) => void noted.push((event as CustomEvent).detail))
  })
}

async function phasesIn(page: Page): Promise<string[]> {
  const events = await page.evaluate(
    () => (globalThis as unknown as { noted: InspectorEvent[] }).noted,
  )
  return events.flatMap((event) => (event.kind === 'progress' ? event.phase : []))
}
