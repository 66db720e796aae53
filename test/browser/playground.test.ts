/// <reference lib="dom" />
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser } from 'playwright-core'
import sharp from 'sharp'
import type { Region, Sharp } from 'sharp'
import { build } from 'vite'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import {
  chromePath,
  launchChrome,
  openPage,
  serveFolder,
  warnWithoutChrome,
} from '../helpers/browser.ts'
import { startEmulator } from '../helpers/emulator.ts'
import { createEnds } from '../helpers/ends.ts'
import { tmpProject } from '../helpers/project.ts'
import type { Project } from '../helpers/project.ts'

warnWithoutChrome()

const config = fileURLToPath(new URL('../../playground/demo/vite.config.js', import.meta.url))
const url = 'https://playground.example.test/'

/** What each picture of the page is enlarged by, by its title. */
const scales = {
  Landscape: 4,
  'Still life': 4,
  Logo: 4,
  'Line art': 4,
  'Pixel art': 8,
  Swatch: 4,
  'Phone photo': 4,
}

describe.skipIf(chromePath === undefined)('the playground in Chromium', () => {
  const { onEnd, end } = createEnds()
  let browser: Browser
  let project: Project

  beforeAll(async () => {
    const emulator = await startEmulator({}, onEnd)
    project = tmpProject({}, onEnd)
    vi.stubEnv('MAGNIFIC_BASE_URL', emulator.url)
    vi.stubEnv('MAGNIFIC_CACHE_DIR', project.path('.magnific'))
    vi.stubEnv('FREEPIK_API_KEY', 'any-key-will-do-here')
    onEnd(() => void vi.unstubAllEnvs())
    const outDir = project.path('dist')
    await build({ configFile: config, logLevel: 'silent', build: { outDir } })
    browser = await launchChrome()
    onEnd(async () => browser.close())
  }, 120_000)
  afterAll(end)

  it.each([
    ['wide', 1280, 'light'],
    ['narrow', 390, 'light'],
    ['dark', 1280, 'dark'],
  ] as const)('looks right: %s', async (name, width, colorScheme) => {
    const serve = serveFolder(project.path('dist'), url)
    const settings = { viewport: { width, height: 844 }, colorScheme }
    const { page, problems } = await openPage(browser, `${url}index.html`, serve, settings)
    onTestFinished(async () => page.context().close())
    await page.waitForFunction(
      (count) => document.querySelectorAll('.figures strong').length === count,
      Object.keys(scales).length,
    )

    expect(await page.evaluate(readScales)).toEqual(scales)
    expect(await page.evaluate(readChoice)).toBe(`AVIF, ${width > 1000 ? 1920 : 480} pixels wide`)
    expect(await page.evaluate(findOverflow)).toEqual([])
    expect(problems).toEqual([])

    // KEEP_SCREENSHOTS names a folder where they can be looked at.
    const folder = process.env['KEEP_SCREENSHOTS'] ?? project.path('screenshots')
    mkdirSync(folder, { recursive: true })
    const path = join(folder, `playground-${name}.png`)
    const shot = sharp(await page.screenshot({ path, fullPage: true }))
    expect(await countColours(shot)).toBeGreaterThan(200)
    for (const place of await page.evaluate(findPictures)) {
      expect(await countColours(shot.clone().extract(place))).toBeGreaterThan(50)
    }
  })
})

/** Runs in the page: by what factor the upscaled pictures are larger than the originals. */
function readScales(): Record<string, number> {
  const cards = [...document.querySelectorAll('.card:has(.comparison)')].map((card) => {
    const [original, upscaled] = card.querySelectorAll('img')
    const title = card.querySelector('h2')?.textContent ?? ''
    return [title, (upscaled?.naturalWidth ?? 0) / (original?.naturalWidth ?? 0)] as const
  })
  return Object.fromEntries(cards)
}

/** Runs in the page: what the browser has taken of the responsive picture. */
function readChoice(): string {
  return document.querySelector('.card:has(.responsive) .figures')?.textContent ?? ''
}

/** Runs in the page: what sticks out at its sides, if it can be scrolled there. */
function findOverflow(): string[] {
  const { scrollWidth, clientWidth } = document.documentElement
  if (scrollWidth <= clientWidth) return []
  return [...document.body.querySelectorAll('*')]
    .filter((element) => element.getBoundingClientRect().right > clientWidth)
    .map((element) => `${element.tagName} ${element.className}`)
}

/** Runs in the page: where the pictures are, in pixels from its top left corner. */
function findPictures(): Region[] {
  return [...document.querySelectorAll('.comparison, .responsive')].map((picture) => {
    const { left, top, width, height } = picture.getBoundingClientRect()
    return {
      left: Math.round(left + scrollX),
      top: Math.round(top + scrollY),
      width: Math.floor(width),
      height: Math.floor(height),
    }
  })
}

/** How many colours a picture has, with shades taken together. */
async function countColours(picture: Sharp): Promise<number> {
  const { data, info } = await picture.removeAlpha().raw().toBuffer({ resolveWithObject: true })
  const colours = new Set<number>()
  for (let at = 0; at < data.length; at += info.channels) {
    const [red = 0, green = 0, blue = 0] = data.subarray(at, at + 3)
    colours.add(((red >> 3) << 10) | ((green >> 3) << 5) | (blue >> 3))
  }
  return colours.size
}
