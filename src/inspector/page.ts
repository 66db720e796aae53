import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MagnificError } from '../core/errors.ts'

/** Where the built page is: beside what is packed, or where it is built to from the sources. */
export function findPageDir(): string {
  const places = ['./inspector/', '../../dist/inspector/'].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  )
  return places.find((dir) => existsSync(join(dir, 'index.html'))) ?? places[0] ?? ''
}

/**
 * The page, with what shows this server that it comes from here.
 *
 * @param head what brings it the news: markup
 * @throws MagnificError `BAD_COMMAND` where it is not built
 */
export function renderPage(dir: string, token: string, head: string): string {
  const page = readPageFile(dir, 'index.html')
  const added = `<meta name="magnific-token" content="${token}" />\n    ${head}\n  `
  return page.replace('</head>', (end) => `  ${added}${end}`)
}

/** A script or a style sheet of the page, by its name; `undefined` where there is none that is called so. */
export function findAsset(dir: string, name: string): { file: string; type: string } | undefined {
  const assets = join(dir, 'assets')
  const extension = /\.[a-z0-9]+$/.exec(name)?.[0] ?? ''
  const type = assetTypes[extension]
  // By what is there, so that no name leads anywhere else.
  if (type === undefined || !existsSync(assets) || !readdirSync(assets).includes(name)) {
    return undefined
  }
  return { file: join(assets, name), type }
}

const assetTypes: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
}

/**
 * A file of the built page.
 *
 * @throws MagnificError `BAD_COMMAND` where it is not built
 */
export function readPageFile(dir: string, name: string): string {
  try {
    return readFileSync(join(dir, name), 'utf8')
  } catch (error) {
    throw new MagnificError(
      'BAD_COMMAND',
      `The inspector's page is not there (${join(dir, name)}). Install the package anew; in its repository, run \`npm run build\`.`,
      { cause: error },
    )
  }
}

/**
 * What the page may load and do: its own files, and this server.
 *
 * @param sockets other places where the news come from, as sources of a policy
 */
export function renderPolicy(sockets: readonly string[]): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    ["connect-src 'self'", ...sockets].join(' '),
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join('; ')
}
