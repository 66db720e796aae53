import { copyFileSync } from 'node:fs'
import { resolveOptions } from '../src/core/resolve-options.ts'
import { nameVariant } from '../src/core/formats.ts'
import { createLookup } from '../src/lookup.ts'
import { getShared } from '../src/shared.ts'
import { createVariantStore } from '../src/store/variants.ts'

/** So many files are written at once. */
const atOnce = 32

/**
 * Fills a cache as if everything had been bought: the plugin's own store writes the variants, and only their pixels are made
 * up. Much faster than buying 10,000 images, even of an emulator.
 *
 * @param {string} root the project
 * @param {Record<string, string>} env of the builds to come
 * @param {readonly string[]} files the sources, absolute paths
 * @param {string} query of each, for one PNG
 * @param {(index: number) => string} find the PNG that stands for the variant of a source, an absolute path
 */
export async function fillCache(root, env, files, query, find) {
  const options = resolveOptions({}, { root, command: 'build', env })
  const shared = getShared(root, options.cacheDir)
  const variants = createVariantStore(shared.layout, shared.memo)
  const lookup = createLookup(options, shared, variants)

  const put = async (file, index) => {
    const { keys } = lookup.look({ file, query })
    const size = { bytes: 1, width: 16, height: 16 }
    await variants.put(keys[0], nameVariant(file, 'png'), async (tmp) => {
      copyFileSync(find(index), tmp)
      return { ...size, format: 'png', source: size }
    })
  }
  for (let first = 0; first < files.length; first += atOnce) {
    await Promise.all(
      files.slice(first, first + atOnce).map(async (file, index) => put(file, first + index)),
    )
  }
  shared.memo.save()
}
