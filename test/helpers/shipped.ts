import { createHash } from 'node:crypto'
import { compileFunction } from 'node:vm'
import sharp from 'sharp'
import type { Built } from './build.ts'

/** What a script that was built logs: with an entry of `writeEntry`, the values of its imports in order. */
export function evaluate({ code }: Pick<Built, 'code'>): unknown[] {
  const logged: unknown[] = []
  const script = code
    .replaceAll('import.meta.url', '"file:///dist/main.js"')
    .replaceAll(/^export \{\};?$/gm, '')
  const run = compileFunction(script, ['console']) as (console: unknown) => void
  run({ log: (...values: unknown[]) => logged.push(...values) })
  return logged
}

/** Replaces each URL in a value by what stands for its picture; of a data URI, what it holds: `[data webp 20×13]`. */
export async function replaceUrls(
  value: unknown,
  pictures: ReadonlyMap<string, string>,
): Promise<unknown> {
  const text = JSON.stringify(value)
  const inlined = new Map<string, string>()
  for (const [uri, type, data = ''] of text.matchAll(/data:image\/(\w+);base64,([\w+/=]+)/g)) {
    const described = await describeShort(Buffer.from(data, 'base64'))
    inlined.set(
      uri,
      described.startsWith(`${type} `) ? `[data ${described}]` : `[${type} is ${described}]`,
    )
  }
  const replaced = text.replaceAll(
    /data:image[^\s"]+|[^\s"]*\/([^\s"/]+)/g,
    (url, name?: string) => inlined.get(url) ?? pictures.get(name ?? '') ?? url,
  )
  return JSON.parse(replaced) as unknown
}

/** What the imports of a built entry of `writeEntry` are, with pictures in place of their URLs. */
export async function describeValues(built: Built): Promise<unknown[]> {
  const pictures = await describePictures(built)
  return Promise.all(evaluate(built).map(async (value) => replaceUrls(value, pictures)))
}

/** Each picture of a build by its name: `[webp 120×80]`. */
export async function describePictures({
  assets,
}: Pick<Built, 'assets'>): Promise<Map<string, string>> {
  const pictures = [...assets].filter(([name]) => !/\.(?:html|css|map|txt)$/.test(name))
  return describeEach(new Map(pictures), async (bytes) => describeShort(bytes))
}

/** The same with a hash of the pixels: `[webp 120×80 3f2a…]`. */
export async function describePixels({
  assets,
}: Pick<Built, 'assets'>): Promise<Map<string, string>> {
  return describeEach(assets, async (bytes) => {
    // What a profile says about colours is none of the pixels.
    const image = sharp(bytes, { ignoreIcc: true }).toColourspace('srgb').ensureAlpha()
    const hash = createHash('sha256')
      .update(await image.raw().toBuffer())
      .digest('hex')
    return `${await describeShort(bytes)} ${hash.slice(0, 12)}`
  })
}

async function describeEach(
  assets: Built['assets'],
  describe: (bytes: Buffer) => Promise<string>,
): Promise<Map<string, string>> {
  const entries = [...assets].map(
    async ([name, bytes]) => [name, `[${await describe(bytes)}]`] as const,
  )
  return new Map(await Promise.all(entries))
}

async function describeShort(bytes: Buffer): Promise<string> {
  const { format, compression, width, height } = await sharp(bytes).metadata()
  return `${compression === 'av1' ? 'avif' : format} ${width}×${height}`
}
