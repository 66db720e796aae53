import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import keyvTestSuite, { keyvIteratorTests } from '@keyv/test-suite'
import fc from 'fast-check'
import { Keyv } from 'keyv'
import * as test from 'vitest'
import { KeyvFiles } from '../../src/store/keyv-files.ts'

const { afterAll, describe, expect, it } = test
const dir = mkdtempSync(join(tmpdir(), 'magnific-keyv-'))
const createStore = (folder = 'suite'): KeyvFiles =>
  new KeyvFiles({ dir: join(dir, folder), tmpDir: join(dir, 'tmp') })

afterAll(() => rmSync(dir, { recursive: true, force: true }))

describe("Keyv's own adapter tests", () => {
  keyvTestSuite(test, Keyv, () => createStore())
  keyvIteratorTests(test, Keyv, () => createStore())
})

describe('KeyvFiles', () => {
  it('keeps every key apart from every other, whatever is in it', async () => {
    let run = 0
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.string({ unit: 'binary', minLength: 1, maxLength: 80 }), {
          minLength: 2,
          maxLength: 6,
        }),
        async (keys) => {
          const store = createStore(`keys-${run++}`)
          const wellFormed = keys.filter((key) => key.isWellFormed())
          for (const key of wellFormed) await store.set(key, `value of ${key}`)
          for (const key of wellFormed) expect(await store.get(key)).toBe(`value of ${key}`)
          const listed: string[] = []
          for await (const [key] of store.iterator()) listed.push(key as string)
          expect(listed.toSorted()).toEqual(wellFormed.toSorted())
        },
      ),
      { numRuns: 100 },
    )
  })

  it('lists its keys beside whatever else somebody has laid there', async () => {
    const store = createStore('strays')
    await store.set('key', '1')
    writeFileSync(join(dir, 'strays/.gitattributes'), '')
    writeFileSync(join(dir, 'strays/ke/key.json.bak'), '2')
    writeFileSync(join(dir, 'strays/ke/%zz.json'), '3')
    const listed: unknown[] = []
    for await (const entry of store.iterator()) listed.push(entry)
    expect(listed).toEqual([['key', '1']])
  })

  it('takes keys that lead elsewhere, differ in case only, or are longer than a file name', async () => {
    const store = createStore('odd')
    const keys = [
      '../../x',
      'Key',
      'key',
      '/etc/passwd',
      'a.json',
      'x'.repeat(1000),
      'CON',
      '.',
      '',
    ]
    for (const key of keys) await store.set(key, JSON.stringify(key))
    for (const key of keys) expect(await store.get(key)).toBe(JSON.stringify(key))
    expect(readdirSync(dir).toSorted()).not.toContain('x.json')
    expect(await store.delete('Key')).toBe(true)
    expect(await store.get('key')).toBe('"key"')
  })

  it('leaves no temporary file behind', async () => {
    await createStore('clean').set('a', '1')
    expect(readdirSync(join(dir, 'tmp'))).toEqual([])
  })

  it('refuses a value that Keyv did not serialise', async () => {
    await expect(createStore('raw').set('a', { b: 1 })).rejects.toThrow(
      'Expected a serialised value',
    )
  })
})
