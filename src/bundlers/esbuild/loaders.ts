import { basename, extname } from 'node:path'
import type { BuildOptions, Loader } from 'esbuild'
import { MagnificError } from '../../core/errors.ts'

/** What import attributes are to esbuild. */
const loaderOfType: Readonly<Record<string, Loader>> = {
  bytes: 'binary',
  json: 'json',
  text: 'text',
}
/** Loaders that ship a picture. Others would drop it, or read its bytes as something else. */
const shipping: readonly Loader[] = ['base64', 'binary', 'copy', 'dataurl', 'file']
/** Loaders that put a picture into the script or the style sheet. */
const inlining: readonly Loader[] = ['base64', 'binary', 'dataurl', 'text']

/** A picture that is imported. */
export interface ImportedPicture {
  /** The source: what the user may have named a loader for. */
  file: string
  /** The name that it ships under. */
  name: string
  /** What is left of the query for the host. */
  hostQuery: string
  /** Import attributes, where esbuild tells of them. */
  attributes: Readonly<Record<string, string>> | undefined
}

/**
 * What esbuild is to make of a picture: what the import asks for, else what the user has said of its extension, else a file.
 *
 * @throws MagnificError `UNSUPPORTED_REFERENCE` for an import attribute that esbuild does not know
 */
export function chooseLoader(
  { file, name, hostQuery, attributes }: ImportedPicture,
  loaders: Readonly<Record<string, Loader>> = {},
): Loader {
  const type = attributes?.['type']
  if (type !== undefined) {
    const loader = loaderOfType[type]
    if (loader) return loader
    throw refusal(`An import with { type: '${type}' } makes no picture. Leave the attribute out.`)
  }
  const keys = hostQuery.split('&')
  if (keys.includes('inline')) return 'dataurl'
  const said = findLoader(name, loaders) ?? findLoader(file, loaders) ?? 'file'
  return keys.includes('no-inline') && inlining.includes(said) ? 'file' : said
}

/**
 * Refuses what would come out wrong, before anything is bought.
 *
 * @param isPart whether a module of ours makes something of its URL
 * @throws MagnificError `UNSUPPORTED_REFERENCE`
 */
export function checkLoader(
  picture: ImportedPicture,
  isPart: boolean,
  { loader: loaders, outdir, outfile }: BuildOptions,
): void {
  const loader = chooseLoader(picture, loaders)
  if (!shipping.includes(loader)) {
    throw refusal(
      `The loader '${loader}' does not ship the image. Set that of ${extname(picture.name)} to 'file', 'dataurl' or 'copy', and import the image without attributes.`,
    )
  }
  const isFile = loader === 'file' || loader === 'copy'
  // esbuild, which refuses this of its own loaders, lets the file go where it is lost.
  if (isFile && outdir === undefined && outfile === undefined) {
    throw refusal(
      'There is no place for the image: nothing is built into files. Set `outdir` or `outfile`, or write ?inline.',
    )
  }
  if (!isPart || loader === 'file' || loader === 'dataurl') return
  throw refusal(
    `What the query asks for is made of URLs, and the loader '${loader}' of ${extname(picture.name)} gives none. Set it to 'file' or 'dataurl', or import one picture without \`as\`.`,
  )
}

function refusal(text: string): MagnificError {
  return new MagnificError('UNSUPPORTED_REFERENCE', text)
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
