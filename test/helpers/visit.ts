/// <reference lib="dom" />
import type { Browser, Page, Route } from 'playwright-core'
import { expect } from 'vitest'
import { openPage } from './browser.ts'
import { expectedSizes, isPlain } from './references.ts'
import type { PageName, ReferencesApp } from './references.ts'

/** A page of the fixture that was opened and looked at. */
export interface Visit {
  page: Page
  /** What it shows, as `96×72` by id. */
  sizes: Readonly<Record<string, string>>
  /** Errors and warnings, and requests that failed. Live. */
  problems: readonly string[]
  /** Waits until the page hears of what its dev server finds changed: Vite itself tells nobody later. */
  connected(): Promise<void>
  /** What was loaded when the page was there already. Live. */
  reloads: readonly string[]
  /** URLs at which an original was served that should have been upscaled. */
  originals(): Promise<string[]>
}

/** What a page shows of one reference. */
interface Shown {
  /** As the browser resolves it. */
  url: string
  /** pixels, 0 where nothing could be loaded */
  width: number
  height: number
}

/**
 * Opens a page of the fixture, waits until it says that it is ready, and measures every picture on it: by itself where it
 * is an `<img>`, otherwise by its URL.
 *
 * @param serve answers the requests in place of the network
 */
export async function visitPage(
  browser: Browser,
  app: Pick<ReferencesApp, 'originals'>,
  url: string,
  serve?: (route: Route) => Promise<void>,
): Promise<Visit> {
  const { page, problems, reloads, connected, received } = await openPage(browser, url, serve)
  const ready = page.waitForSelector('html[data-ready]', { state: 'attached', timeout: 20_000 })
  await ready.catch((error: unknown) => {
    throw new Error(`${url} did not come up. ${problems.join('\n')}`, { cause: error })
  })
  return {
    page,
    sizes: await measurePage(page),
    problems,
    reloads,
    connected,
    originals: async () =>
      [...(await received())].filter(([, hash]) => app.originals.has(hash)).map(([from]) => from),
  }
}

/** What a page shows at this moment, as `96×72` by id. */
export async function measurePage(page: Page): Promise<Record<string, string>> {
  const shown = await page.evaluate(measure)
  return Object.fromEntries(shown.map(([id, picture]) => [id, describeShown(picture)]))
}

/** Fails where a page lacks a picture, shows one at another size, complains, loads again, or was served an original. */
export async function expectRight(
  visit: Visit,
  name: PageName,
  expected: Readonly<Record<string, string>> = expectedSizes(name),
): Promise<void> {
  const { sizes, problems, reloads } = visit
  const originals = isPlain ? [] : await visit.originals()
  expect({ sizes, problems, reloads, originals }).toEqual({
    sizes: expected,
    problems: [],
    reloads: [],
    originals: [],
  })
}

/** Fails where the client made something else of what the server had rendered. */
export async function expectHydrated({ page }: Visit): Promise<void> {
  const read = '[window.serverSources, window.clientSources]'
  const [server = {}, client] = await page.evaluate<Record<string, string>[]>(read)
  const ids = Object.keys(expectedSizes('ssr.html'))
  expect(Object.keys(server).toSorted()).toEqual(ids.toSorted())
  expect(client).toEqual(server)
  expect(await page.locator('[data-hydrated=true]').count()).toBe(2)
}

function describeShown({ url, width, height }: Shown): string {
  return width > 0 ? `${width}×${height}` : `not loaded: ${url}`
}

/** Runs in the page: everything it needs is in it. */
async function measure(): Promise<[string, Shown][]> {
  const properties = [
    'background-image',
    'mask-image',
    'border-image-source',
    'list-style-image',
    'cursor',
  ]
  const readStyle = (element: Element): string[] => {
    const style = getComputedStyle(element)
    return properties
      .map((property) => style.getPropertyValue(property))
      .flatMap((value) => [...value.matchAll(/url\("((?:[^"\\]|\\.)*)"\)/g)])
      .map(([, url = '']) => url.replaceAll(/\\(.)/g, '$1'))
  }
  const readSet = (set: string): string[] =>
    set
      .trim()
      .split(/\s*,\s+/)
      .map((candidate) => candidate.split(/\s/)[0] ?? '')
  const readUrls = (element: Element): string[] => {
    const set = element.getAttribute('srcset') ?? element.getAttribute('imagesrcset')
    if (set !== null) return readSet(set)
    const names = ['src', 'poster', 'content', 'href']
    const attribute = names
      .map((name) => element.getAttribute(name))
      .find((value) => value !== null)
    return attribute === undefined || attribute === null ? readStyle(element) : [attribute]
  }
  const load = async (image: HTMLImageElement): Promise<{ width: number; height: number }> => {
    await image.decode().catch(() => {})
    return { width: image.naturalWidth, height: image.naturalHeight }
  }

  const elements = [...document.querySelectorAll<HTMLElement>('[data-ref]')]
  const found = await Promise.all(
    elements.map(async (element): Promise<[string, Shown][]> => {
      const ids = (element.dataset['ref'] ?? '').split(' ')
      const urls = readUrls(element).map((url) => new URL(url, document.baseURI).href)
      const isShown =
        element instanceof HTMLImageElement &&
        !element.hasAttribute('srcset') &&
        !(element.parentElement instanceof HTMLPictureElement)
      return Promise.all(
        ids.map(async (id, index): Promise<[string, Shown]> => {
          const url = urls[index]
          if (url === undefined) return [id, { url: '', width: 0, height: 0 }]
          const image = isShown ? element : Object.assign(new Image(), { src: url })
          return [id, { url, ...(await load(image)) }]
        }),
      )
    }),
  )
  return found.flat()
}
