import { basename, extname } from 'node:path'
import type { Loader } from 'esbuild'
import { MagnificError } from '../../core/errors.ts'

/** What import attributes are to esbuild. */
const loaderOfType: Readonly<Record<string, Loader>> = {
  bytes: 'binary',
  json: 'json',
  text: 'text',
}
/** Loaders that put a picture into the script or the style sheet. */
const inlining: readonly Loader[] = ['base64', 'binary', 'dataurl', 'text']

/** A picture that is about to be loaded. */
export interface LoadedPicture {
  /** The source: what the user may have named a loader for. */
  file: string
  /** The name that it ships under. */
  name: string
  /** What is left of the query for the host. */
  hostQuery: string
  /** Import attributes, where esbuild tells of them. */
  attributes: Readonly<Record<string, string>> | undefined
  /** Whether a module of ours makes something of its URL. */
  isPart: boolean
}

/**
 * What esbuild is to make of a picture: what the import asks for, else what the user has said of its extension, else a file.
 *
 * @throws MagnificError `UNSUPPORTED_REFERENCE` for an import attribute that esbuild does not know, and where a URL is wanted
 *   and the user's loader gives none
 */
export function chooseLoader(
  picture: LoadedPicture,
  loaders: Readonly<Record<string, Loader>> = {},
): Loader {
  const loader = findWanted(picture, loaders)
  if (!picture.isPart || loader === 'file' || loader === 'dataurl') return loader
  throw new MagnificError(
    'UNSUPPORTED_REFERENCE',
    `What the query asks for is made of URLs, and the loader '${loader}' of ${extname(picture.name)} gives none. Set it to 'file' or 'dataurl', or import one picture without \`as\`.`,
  )
}

function findWanted(
  { file, name, hostQuery, attributes }: LoadedPicture,
  loaders: Readonly<Record<string, Loader>>,
): Loader {
  const type = attributes?.['type']
  if (type !== undefined) {
    const loader = loaderOfType[type]
    if (loader) return loader
    throw new MagnificError(
      'UNSUPPORTED_REFERENCE',
      `An import with { type: '${type}' } makes no picture. Leave the attribute out.`,
    )
  }
  const keys = hostQuery.split('&')
  if (keys.includes('inline')) return 'dataurl'
  const said = findLoader(name, loaders) ?? findLoader(file, loaders) ?? 'file'
  return keys.includes('no-inline') && inlining.includes(said) ? 'file' : said
}

/** As esbuild does it: the longest extension that is named wins, `.thumb.png` before `.png`. */
function findLoader(file: string, loaders: Readonly<Record<string, Loader>>): Loader | undefined {
  const name = basename(file)
  for (let dot = name.indexOf('.'); dot !== -1; dot = name.indexOf('.', dot + 1)) {
    const loader = loaders[name.slice(dot)]
    if (loader !== undefined) return loader === 'default' ? undefined : loader
  }
  return undefined
}
