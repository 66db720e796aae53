/// <reference lib="dom" />
import type { Page } from 'playwright-core'

/** What a page shows of one reference. */
export interface Shown {
  /** As the browser resolves it. */
  url: string
  /** pixels, 0 where nothing could be loaded */
  width: number
  height: number
}

/**
 * Waits until a page says that it is ready, and measures every picture on it: by itself where it is an `<img>`, otherwise by
 * its URL.
 *
 * @returns by the ids in `data-ref`
 */
export async function measurePage(page: Page): Promise<Map<string, Shown>> {
  await page.waitForSelector('html[data-ready]', { state: 'attached' })
  return new Map(await page.evaluate(measure))
}

/** What was measured, as `96×72` by id. */
export function sizesOf(shown: ReadonlyMap<string, Shown>): Record<string, string> {
  return Object.fromEntries(
    [...shown].map(([id, { url, width, height }]) => [
      id,
      width > 0 ? `${width}×${height}` : `not loaded: ${url}`,
    ]),
  )
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
      const isPlain =
        element instanceof HTMLImageElement &&
        !element.hasAttribute('srcset') &&
        !(element.parentElement instanceof HTMLPictureElement)
      return Promise.all(
        ids.map(async (id, index): Promise<[string, Shown]> => {
          const url = urls[index]
          if (url === undefined) return [id, { url: '', width: 0, height: 0 }]
          const image = isPlain ? element : Object.assign(new Image(), { src: url })
          return [id, { url, ...(await load(image)) }]
        }),
      )
    }),
  )
  return found.flat()
}
