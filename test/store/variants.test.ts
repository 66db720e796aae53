import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../src/core/fingerprint.ts'
import type { Directives } from '../../src/core/directives.ts'
import type { Layout } from '../../src/store/layout.ts'
import { createMemo } from '../../src/store/memo.ts'
import { computeVariantKey, createVariantStore, infoPath } from '../../src/store/variants.ts'
import type { VariantInfo, VariantStore } from '../../src/store/variants.ts'
import { flipBit, laterMemo, namesIn, tmpLayout } from '../helpers/cache.ts'

const key = computeVariantKey('f'.repeat(64), { format: 'png' })
const name = 'hero.png'
const content = 'the pixels of a variant'
const info: Omit<VariantInfo, 'sha256'> = {
  bytes: content.length,
  format: 'png',
  width: 240,
  height: 160,
  source: { bytes: 1234, width: 60, height: 40 },
}

/** A store that knows nothing but what is on the disk. */
function openStore(layout: Layout): VariantStore {
  return createVariantStore(layout, laterMemo(layout))
}

async function putVariant(store: VariantStore, variant = name): Promise<string> {
  return store.put(key, variant, async (tmp) => {
    await writeFile(tmp, content)
    return info
  })
}

describe('computeVariantKey', () => {
  it('is SHA-256 over this very text', () => {
    expect(computeVariantKey('abc', { w: '640', format: 'jpeg', quality: '90' })).toBe(
      sha256('[2,"abc",{"w":"640","format":"jpeg","quality":"90"}]'),
    )
    expect(computeVariantKey('abc', { format: 'png' })).toBe(sha256('[2,"abc",{"format":"png"}]'))
  })

  it('is another one for every origin and directive', () => {
    const keys = ['a', 'b'].flatMap((origin) =>
      (
        [
          { format: 'png' },
          { format: 'jpeg', quality: '90' },
          { format: 'jpeg', quality: '80' },
          { format: 'webp', quality: '90' },
          { w: '90', format: 'webp' },
        ] satisfies Directives[]
      ).map((directives) => computeVariantKey(origin, directives)),
    )
    expect(new Set(keys).size).toBe(10)
  })
})

describe('createVariantStore', () => {
  it("stores a variant under the source's name, and what is known of it beside", async () => {
    const layout = tmpLayout()
    const store = openStore(layout)
    const file = await putVariant(store)
    expect(file).toBe(join(layout.variants, key.slice(0, 2), key, 'hero.png'))
    expect(file).toBe(store.path(key, name))
    expect(readFileSync(file, 'utf8')).toBe(content)
    expect(store.readInfo(file)).toEqual({ sha256: sha256(content), ...info })
    expect(namesIn(layout.tmp)).toEqual([])
  })

  it('finds what is stored, and nothing before', async () => {
    const store = openStore(tmpLayout())
    expect(store.find(key, name)).toBeUndefined()
    const file = await putVariant(store)
    expect(store.find(key, name)).toBe(file)
    expect(store.find(computeVariantKey('other', { format: 'png' }), name)).toBeUndefined()
    expect(store.find(key, 'other.png')).toBeUndefined()
  })

  it('proves a variant by its hash where the memo is lost, and then remembers it', async () => {
    const layout = tmpLayout()
    const file = await putVariant(openStore(layout))
    const memo = createMemo(layout)
    expect(memo.find(file)).toBeUndefined()
    expect(createVariantStore(layout, memo).find(key, name)).toBe(file)
    expect(memo.find(file)).toBe(sha256(content))
  })

  it('believes the memo about a file that is unchanged, without reading it', async () => {
    const layout = tmpLayout()
    const memo = createMemo(layout)
    const store = createVariantStore(layout, memo)
    const file = await putVariant(store)
    rmSync(infoPath(file))
    expect(store.find(key, name)).toBe(file)
  })

  it('sets a variant aside whose bytes have changed, with and without a memo', async () => {
    for (const forgetful of [false, true]) {
      const layout = tmpLayout()
      const store = openStore(layout)
      const file = await putVariant(store)
      flipBit(file)
      const asker = forgetful ? openStore(layout) : store
      expect(asker.find(key, name)).toBeUndefined()
      expect(existsSync(file)).toBe(false)
      expect(namesIn(layout.quarantine)).toHaveLength(1)
      // It is made again for free.
      expect(await putVariant(asker)).toBe(file)
      expect(openStore(layout).find(key, name)).toBe(file)
    }
  })

  it.each(['', '{', 'null', '[]', '7', `{"sha256":"${'e'.repeat(64)}"}`, '{"sha256":1}'])(
    'does not take a variant beside which stands %j',
    async (text) => {
      const layout = tmpLayout()
      const file = await putVariant(openStore(layout))
      writeFileSync(infoPath(file), text)
      expect(openStore(layout).find(key, name)).toBeUndefined()
    },
  )

  it('has nothing to tell of a variant that is missing', () => {
    const store = openStore(tmpLayout())
    expect(store.readInfo(store.path(key, name))).toBeUndefined()
  })

  it('misses a variant that is gone, though its figures are there', async () => {
    const layout = tmpLayout()
    const store = openStore(layout)
    const file = await putVariant(store)
    rmSync(file)
    expect(store.find(key, name)).toBeUndefined()
    expect(namesIn(layout.quarantine)).toEqual([])
  })

  it('does not take a variant that was put in place but not finished', async () => {
    const layout = tmpLayout()
    const file = await putVariant(openStore(layout))
    // As after a crash between the two files of a variant.
    rmSync(infoPath(file))
    expect(openStore(layout).find(key, name)).toBeUndefined()
    expect(await putVariant(openStore(layout))).toBe(file)
    expect(openStore(layout).find(key, name)).toBe(file)
  })

  it('stores nothing when writing fails halfway', async () => {
    const layout = tmpLayout()
    const store = openStore(layout)
    const putting = store.put(key, name, async (tmp) => {
      await writeFile(tmp, 'half of the pix')
      throw new Error('no more memory')
    })
    await expect(putting).rejects.toThrow('no more memory')
    expect(store.find(key, name)).toBeUndefined()
    expect(namesIn(layout.variants)).toEqual([])
  })

  it('leaves no temporary file behind when writing fails halfway', async () => {
    const layout = tmpLayout()
    const putting = openStore(layout).put(key, name, async (tmp) => {
      await writeFile(tmp, 'half of the pix')
      throw new Error('no more memory')
    })
    await expect(putting).rejects.toThrow('no more memory')
    expect(namesIn(layout.tmp)).toEqual([])
  })

  it('shows nobody a variant before it is whole', async () => {
    const layout = tmpLayout()
    const store = openStore(layout)
    await store.put(key, name, async (tmp) => {
      await writeFile(tmp, content)
      expect(store.find(key, name)).toBeUndefined()
      expect(namesIn(layout.variants)).toEqual([])
      return info
    })
    expect(store.find(key, name)).toBeDefined()
  })

  it('keeps two names of the same picture side by side', async () => {
    const layout = tmpLayout()
    const store = openStore(layout)
    const names = ['hero.png', 'other name.png']
    const files = [await putVariant(store, names[0]), await putVariant(store, names[1])]
    expect(new Set(files).size).toBe(2)
    const later = openStore(layout)
    expect(names.map((each) => later.find(key, each))).toEqual(files)
    flipBit(files[0])
    expect(later.find(key, names[0])).toBeUndefined()
    expect(later.find(key, names[1])).toBe(files[1])
  })
})
