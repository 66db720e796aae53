import { readFile } from 'node:fs/promises'
import type { Format } from '../core/formats.ts'
import type { Output } from '../core/outputs.ts'
import { isSingle } from '../core/single-request.ts'
import { describeVariant } from '../shipment.ts'
import type { PlannedVariant, Shipment, Variant } from '../shipment.ts'
import { toModuleId } from './redirect.ts'

/** What a module is made from where it is more than a URL. */
export interface ModuleImage extends PlannedVariant {
  /** The code of an expression whose value is the URL. */
  url: string
}

/**
 * The code of a module for a shipment: the host's own handling of assets gives each file its URL.
 *
 * @param toSpecifier what a variant is imported by; its file, unless it is said
 * @param toUrl the code of the URL in what such an import gives, by its name; all of it, unless it is said
 */
export async function renderShipment(
  shipment: Shipment,
  toSpecifier = ({ file }: Variant): string => toModuleId(file, shipment.hostQuery),
  toUrl = (name: string): string => name,
): Promise<string> {
  const { variants, origin } = shipment
  const specifiers = variants.map((variant) => JSON.stringify(toSpecifier(variant)))
  if (isSingle(shipment)) return `export { default } from ${specifiers[0]}`
  const imports = specifiers.map((specifier, index) => `import u${index} from ${specifier}\n`)
  const images = variants.map((variant, index) => ({
    ...describeVariant(variant, origin),
    url: toUrl(`u${index}`),
  }))
  return imports.join('') + (await renderOutput(shipment.output, images))
}

/** The code of a module that is a picture itself, as a data URI, for hosts that inline none. */
export async function renderUri(variant: Variant | undefined): Promise<string> {
  return `export default ${JSON.stringify(await readUri(variant))}\n`
}

/** A picture as a data URI. */
export async function readUri(variant: Variant | undefined): Promise<string> {
  return toDataUri(await readFile(variant?.file ?? ''), variant?.directives.format)
}

/** The same of bytes. */
export function toDataUri(bytes: Buffer, format: Format | undefined): string {
  return `data:image/${format};base64,${bytes.toString('base64')}`
}

/** The exports of a module that is more than a URL: as imagetools has them, the fields of an object by name as well. */
export async function renderOutput(
  output: Output,
  images: readonly ModuleImage[],
): Promise<string> {
  const { formatOutput: format } = await import('../image/outputs.ts')
  const urls = images.map(({ url }) => url)
  const marked = images.map(({ directives, ...image }, index) => ({
    ...image,
    format: directives.format,
    src: mark(index),
  }))
  const value = format(output, marked)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return `export default ${renderValue(value, urls)}\n`
  }
  const fields = Object.entries(value)
  const named = fields.map(([key, part]) => `export const ${key} = ${renderValue(part, urls)}\n`)
  return `${named.join('')}export default { ${fields.map(([key]) => key).join(', ')} }\n`
}

/** Stands in a text for a URL that only the host knows. */
function mark(index: number): string {
  return `\0${index}\0`
}

function renderValue(value: unknown, urls: readonly string[]): string {
  if (typeof value === 'string') return renderText(value, urls)
  if (Array.isArray(value)) return `[${value.map((each) => renderValue(each, urls)).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const fields = Object.entries(value).map(
    ([key, part]) => `${JSON.stringify(key)}: ${renderValue(part, urls)}`,
  )
  return `{ ${fields.join(', ')} }`
}

function renderText(text: string, urls: readonly string[]): string {
  // Every other part is the number of a URL.
  const parts = text
    .split('\0')
    .map((part, index) =>
      index % 2 === 1 ? (urls[Number(part)] ?? '') : part && JSON.stringify(part),
    )
    .filter(Boolean)
  return parts.length === 0 ? '""' : parts.join(' + ')
}
