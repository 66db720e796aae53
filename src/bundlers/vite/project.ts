import { realpath } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ResolvedConfig } from 'vite'
import { MagnificError } from '../../core/errors.ts'
import { findFile, readFsPath } from './files.ts'

/** What is left running counts as a server, watch mode too. */
export function commandOf({ command, build }: ResolvedConfig): 'build' | 'serve' {
  return command === 'serve' || build.watch ? 'serve' : 'build'
}

/**
 * Refuses a Vite that is too old, such as the one that VitePress 1 brings along.
 *
 * @throws MagnificError `BAD_OPTIONS`
 */
export function checkVersion({
  environments,
}: Partial<Pick<ResolvedConfig, 'environments'>>): void {
  if (environments) return
  throw new MagnificError(
    'BAD_OPTIONS',
    'unplugin-magnific needs Vite 6 or later, and this is an older one. Update Vite; where a framework brings its own, such as VitePress 1, ' +
      'update the framework, or write "overrides": { "vite": "^6.4.6" } into package.json and install anew.',
  )
}

/** Whether Vitest runs modules, to which it plays a dev server. Builds that a test starts are builds. */
export function isTestRun({ command, plugins }: ResolvedConfig): boolean {
  return command === 'serve' && plugins.some(({ name }) => /^vitest(?::|$)/.test(name))
}

/**
 * Whether another plugin has a hook that pictures may come to. Ours, Vite's own, and those for frameworks that take
 * Vite's prefix do not mind pictures.
 */
export function hasForeignHook({ plugins }: ResolvedConfig, hook: 'load' | 'resolveId'): boolean {
  const isOwnOrHost = /^(?:vite:|builtin:|rolldown:|unplugin-magnific|alias$|commonjs$)/
  return plugins.some((plugin) => plugin[hook] && !isOwnOrHost.test(plugin.name))
}

/** @param path below the base */
export function isPublicFile({ publicDir }: ResolvedConfig, path: string): boolean {
  return publicDir !== '' && findFile(join(publicDir, path)) !== undefined
}

/** @param path of a URL, with the base or without */
export function isPublicUrl(config: ResolvedConfig, path: string): boolean {
  const { base } = config
  const relative = path.startsWith(base) ? path.slice(base.length) : path
  return path.startsWith('/') && isPublicFile(config, relative)
}

/**
 * The file in `public/` that a text leads to, if it is the URL of a picture: relative to a page, whichever that is.
 *
 * @returns its path below the base
 */
export function findPublicPath(config: ResolvedConfig, path: string): string | undefined {
  const { base } = config
  const isInBase = path.startsWith('/') && path.startsWith(base)
  const below = isInBase ? path.slice(base.length) : path.replace(/^(?:\.{0,2}\/)+/, '')
  return isPublicFile(config, below) ? `/${below}` : undefined
}

/** The process's environment with what Vite's `.env` files add to it. */
export async function loadEnvironment(
  config: ResolvedConfig,
): Promise<Record<string, string | undefined>> {
  if (!config.envDir) return process.env
  const { loadEnv } = await importVite(config)
  return { ...loadEnv(config.mode, config.envDir, ['FREEPIK_', 'MAGNIFIC_']), ...process.env }
}

/**
 * Whether the dev server may read a file. Vite itself checks only after every plugin has declined.
 *
 * @param query what was asked for beside it: Vite's rules may speak of whole ids
 */
export async function mayRead(
  config: ResolvedConfig,
  file: string,
  query: string,
): Promise<boolean> {
  const { isFileLoadingAllowed, normalizePath } = await importVite(config)
  // Where a link leads counts as well as what it is called.
  const real = await realpath(file).catch(() => file)
  // A colon means a stream of NTFS to Vite; in a prompt it does not.
  const id = `${file}?${query.replaceAll(':', '_')}`
  return [file, id, real].every((path) => isFileLoadingAllowed(config, normalizePath(path)))
}

/**
 * Refuses what the dev server must not read.
 *
 * @throws MagnificError `UNSUPPORTED_REFERENCE`
 */
export async function checkAccess(
  config: ResolvedConfig,
  file: string,
  query: string,
): Promise<void> {
  if (await mayRead(config, file, query)) return
  throw new MagnificError(
    'UNSUPPORTED_REFERENCE',
    `The dev server may not read this file. Allow its folder in server.fs.allow, which holds ${config.server.fs.allow.join(', ')}.`,
    { file },
  )
}

/**
 * Refuses an image that Vite would not emit, before anything is spent on it.
 *
 * @throws MagnificError `UNSUPPORTED_REFERENCE`
 */
export function checkAsset({ assetsInclude }: ResolvedConfig, file: string): void {
  if (assetsInclude(file)) return
  const extension = extname(file)
  throw new MagnificError(
    'UNSUPPORTED_REFERENCE',
    `Vite does not take "${extension}" for an asset. Add '**/*${extension}' to assetsInclude, or rename the image.`,
    { file },
  )
}

/** Files in `public/` have URLs, but are no modules: an import of one names a file that is not there. */
export function explainPublicFile(error: unknown, file: string, config: ResolvedConfig): unknown {
  const isMissing = error instanceof MagnificError && error.code === 'SOURCE_MISSING'
  if (!isMissing || !isPublicFile(config, file)) return error
  return publicFileError(config, file, { importer: error.importer, cause: error })
}

/** @param path of the URL, below the base */
export function publicFileError(
  { publicDir }: ResolvedConfig,
  path: string,
  options: { importer?: string | undefined; cause?: unknown } = {},
): MagnificError {
  return new MagnificError(
    'UNSUPPORTED_REFERENCE',
    `"${path}" is in ${publicDir}, whose files are shipped as they are. Move it next to your sources and import it from there.`,
    { file: join(publicDir, path), ...options },
  )
}

/** The host's own module, which is loaded by now. Frameworks bring a Vite that is found from nowhere else. */
export async function importVite(config: ResolvedConfig): Promise<typeof import('vite')> {
  const own = findVite(config)
  try {
    return await (own === undefined ? import('vite') : import(pathToFileURL(own).href))
  } catch (error) {
    throw new MagnificError(
      'BAD_OPTIONS',
      'unplugin-magnific finds no package `vite` from where it is installed. Install both in the same project.',
      { cause: error },
    )
  }
}

/** Every config holds the path of a module that Vite sends to browsers, and that lies in its package. */
function findVite({ resolve: { alias } }: ResolvedConfig): string | undefined {
  const end = '/dist/client/env.mjs'
  const client = alias.find(({ replacement }) => replacement.endsWith(end))?.replacement
  return client && findFile(`${readFsPath(client.slice(0, -end.length))}/dist/node/index.js`)
}
