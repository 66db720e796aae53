import { EventEmitter, once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { chromium } from 'playwright-core'
import type { Browser, BrowserContextOptions, Page, Response, Route } from 'playwright-core'
import { findChrome } from './find-chrome.js'
import { hashOf } from './references.ts'

/** The Chromium of this machine, as CHROME_PATH says or where it usually is. Nothing is ever downloaded. */
export const chromePath: string | undefined = findChrome()

/** Says it where it can be seen, since tests that are skipped are not looked at. */
export function warnWithoutChrome(): void {
  if (chromePath !== undefined) return
  process.stderr.write(
    '\nSKIPPED: the tests in a browser. No Chromium was found: install one, or say in CHROME_PATH where it is.\n\n',
  )
}

/** Starts the browser. It reaches this machine and nothing else. */
export async function launchChrome(): Promise<Browser> {
  return chromium.launch({
    ...(chromePath !== undefined && { executablePath: chromePath }),
    args: ['--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1'],
  })
}

/** A page, and all that went over the wire for it. */
export interface OpenPage {
  page: Page
  /** Errors and warnings of the console, exceptions, and requests that failed. Live. */
  readonly problems: string[]
  /** Waits until the page hears of what its dev server finds changed. */
  connected(): Promise<void>
  /** URLs that were loaded in place of the first one, be it the same. Live. */
  readonly reloads: string[]
  /** The pictures that were received, as SHA-256 by URL. */
  received(): Promise<Map<string, string>>
}

/**
 * Opens a page in a context of its own.
 *
 * @param serve answers the requests in place of the network
 */
export async function openPage(
  browser: Browser,
  url: string,
  serve?: (route: Route) => Promise<void>,
  settings: BrowserContextOptions = {},
): Promise<OpenPage> {
  const context = await browser.newContext(settings)
  const page = await context.newPage()
  const problems: string[] = []
  const reloads: string[] = []
  const hashes = new Map<string, Promise<string>>()

  const connections = new EventEmitter()
  const state = { isConnected: false }
  page.on('console', (message) => {
    if (message.text() === '[vite] connected.') {
      state.isConnected = true
      connections.emit('connected')
    }
    if (!['error', 'warning'].includes(message.type())) return
    problems.push(`${message.type()}: ${message.text()} (${message.location().url})`)
  })
  page.on('pageerror', (error) => void problems.push(`exception: ${error.stack ?? error.message}`))
  page.on('requestfailed', (request) => {
    problems.push(`failed: ${request.url()} ${request.failure()?.errorText ?? ''}`)
  })
  page.on('response', (response) => {
    if (response.status() >= 400) problems.push(`${response.status()}: ${response.url()}`)
    else if (isPicture(response)) hashes.set(response.url(), hashBody(response))
  })
  if (serve) await context.route('**', serve)
  await page.goto(url, { waitUntil: 'commit' })
  page.on('framenavigated', (frame) => {
    if (frame !== page.mainFrame()) return
    state.isConnected = false
    reloads.push(frame.url())
  })
  return {
    page,
    problems,
    reloads,
    connected: async () => {
      const signal = AbortSignal.timeout(20_000)
      while (!state.isConnected) await once(connections, 'connected', { signal })
    },
    received: async () =>
      new Map(
        await Promise.all([...hashes].map(async ([from, hash]) => [from, await hash] as const)),
      ),
  }
}

function isPicture(response: Response): boolean {
  const { 'content-type': type = '' } = response.headers()
  return response.status() === 200 && type.startsWith('image/')
}

async function hashBody(response: Response): Promise<string> {
  try {
    return hashOf(await response.body())
  } catch (error) {
    return `unread: ${error instanceof Error ? error.message : String(error)}`
  }
}

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript',
  '.png': 'image/png',
  '.webp': 'image/webp',
}

/** Serves a folder at a URL, whatever its host is, as a plain file server would. */
export function serveFolder(folder: string, base: string): (route: Route) => Promise<void> {
  return async (route) => {
    const url = route.request().url()
    const path = url.startsWith(base) ? decodeURIComponent(new URL(url).pathname) : ''
    const file = join(folder, path.slice(new URL(base).pathname.length))
    if (path === '' || !existsSync(file)) return route.fulfill({ status: 404 })
    const contentType = types[extname(file).toLowerCase()] ?? 'application/octet-stream'
    return route.fulfill({ body: await readFile(file), contentType })
  }
}
