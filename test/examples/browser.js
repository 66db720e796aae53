import { chromium } from 'playwright-core'
import { findChrome } from '../helpers/find-chrome.js'

/** The Chromium of this machine, or `undefined`. It reaches this machine and nothing else. */
export async function launchBrowser() {
  const executablePath = findChrome()
  if (executablePath === undefined) return undefined
  return chromium.launch({
    executablePath,
    chromiumSandbox: false,
    args: ['--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1'],
  })
}

/**
 * Opens a page, and looks at every picture in it.
 *
 * @param {import('playwright-core').Browser} browser
 * @param {string} url
 * @param {string} screenshot the file it is kept in
 * @returns {Promise<string[]>} what is wrong: pictures that are not there, or not as wide as `data-width` says, which is 800
 *   pixels where it says nothing
 */
export async function visitPage(browser, url, screenshot) {
  const page = await browser.newPage({ viewport: { width: 1000, height: 900 } })
  const problems = []
  page.on('pageerror', ({ message }) => problems.push(`the page threw ${message}`))
  page.on('response', (response) => {
    const { pathname } = new URL(response.url())
    if (response.status() < 400 || pathname === '/favicon.ico') return
    problems.push(`${response.status()} for ${pathname}`)
  })
  try {
    await page.goto(url, { waitUntil: 'load' })
    const visible = page.locator('img').first()
    await visible.waitFor({ state: 'attached' })
    const pictures = await measurePictures(page)
    for (const frame of page.frames().slice(1)) pictures.push(...(await measurePictures(frame)))
    for (const { src, width, wanted } of pictures) {
      if (width !== wanted) problems.push(`${src} is ${width} pixels wide, not ${wanted}`)
    }
    await page.screenshot({ path: screenshot, fullPage: true })
  } catch (error) {
    problems.push(error.message.split('\n', 1)[0])
  } finally {
    await page.close()
  }
  return problems
}

async function measurePictures(frame) {
  return frame.evaluate(async () =>
    Promise.all(
      [...document.images].map(async (image) => {
        image.loading = 'eager'
        await image.decode().catch(() => {})
        const src = image.currentSrc.slice(0, 120)
        return { src, width: image.naturalWidth, wanted: Number(image.dataset.width ?? 800) }
      }),
    ),
  )
}
