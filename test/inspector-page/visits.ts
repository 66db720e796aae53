/// <reference lib="dom" />
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { expect, onTestFinished } from 'vitest'
import type { Inspection } from '../../src/inspector/contract.ts'
import { openPage } from '../helpers/browser.ts'
import { tmpProject } from '../helpers/project.ts'
import { makeResult, makeScene } from './pictures.ts'

/** A page of the inspector that is open until the test ends. */
export interface InspectorVisit {
  page: Page
  /** Errors, warnings, refused styles and scripts, requests that failed. Live. */
  readonly problems: string[]
}

/** Opens the inspector and waits until it shows something. */
export async function visitInspector(
  browser: Browser,
  url: string,
  settings: BrowserContextOptions = {},
): Promise<InspectorVisit> {
  const { page, problems } = await openPage(browser, url, undefined, settings)
  page.setDefaultTimeout(10_000)
  onTestFinished(async () => page.context().close())
  await page.locator('main:not([hidden])').waitFor()
  return { page, problems }
}

/** Writes a report as the server half does, and returns its URL. */
export async function writeReport(inspection: Inspection): Promise<string> {
  const images = await Promise.all(
    inspection.images.map(async (image, index) => {
      const inline = (bytes: Buffer): string => `data:image/webp;base64,${bytes.toString('base64')}`
      return {
        ...image,
        pictures: {
          ...image.pictures,
          thumbnail: inline(await makeResult(index, 320)),
          before: inline(await makeScene(index, 400)),
          after: image.pictures.after && inline(await makeResult(index, 800)),
        },
      }
    }),
  )
  const json = JSON.stringify({ ...inspection, images, mode: 'report' }).replaceAll(
    '<',
    String.raw`\u003c`,
  )
  const shell = readFileSync(join(import.meta.dirname, '../../dist/inspector/report.html'), 'utf8')
  const mark = '<script type="application/json" id="inspection"></script>'
  expect(shell.split(mark)).toHaveLength(2)
  const project = tmpProject({})
  const file = project.path('report.html')
  writeFileSync(
    file,
    shell.replace(mark, () => mark.replace('></', () => `>${json}</`)),
  )
  return pathToFileURL(file).href
}
