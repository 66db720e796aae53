import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../src/core/fingerprint.ts'
import type { Layout } from '../../src/store/layout.ts'
import { createMemo } from '../../src/store/memo.ts'
import { laterMemo, namesIn, tmpLayout } from '../helpers/cache.ts'
import { tmpProject } from '../helpers/project.ts'

const lie = 'f'.repeat(64)

interface Saved {
  files: Record<string, [signature: string, sha256: string]>
}

function readSaved(layout: Layout): Saved {
  return JSON.parse(readFileSync(layout.memo, 'utf8')) as Saved
}

function writeSaved(layout: Layout, content: string): void {
  mkdirSync(dirname(layout.memo), { recursive: true })
  writeFileSync(layout.memo, content)
}

/** Writes another hash for a file into the saved memo: whoever gives it back has not read the file. */
function plantLie(layout: Layout, file: string): void {
  const saved = readSaved(layout)
  const entry = saved.files[file]
  if (!entry) throw new Error(`The memo knows nothing of ${file}.`)
  entry[1] = lie
  writeSaved(layout, JSON.stringify(saved))
}

/** A whole second: what is finer is lost when a time is set back. */
const longAgo = new Date('2020-01-01T00:00:00Z')

/** A source that was hashed and saved, and for which the memo now lies. */
function createKnownFile(): { layout: Layout; file: string } {
  const layout = tmpLayout()
  const file = tmpProject().write('hero.png', 'original')
  utimesSync(file, longAgo, longAgo)
  const memo = laterMemo(layout)
  expect(memo.hash(file)).toBe(sha256('original'))
  memo.save()
  plantLie(layout, file)
  return { layout, file }
}

describe('hash', () => {
  it('reads an unchanged file once', () => {
    const { layout, file } = createKnownFile()
    expect(laterMemo(layout).hash(file)).toBe(lie)
    expect(laterMemo(layout).find(file)).toBe(lie)
  })

  it('knows within a process what it has hashed', () => {
    const layout = tmpLayout()
    const file = tmpProject().write('hero.png', 'original')
    const memo = laterMemo(layout)
    memo.hash(file)
    expect(memo.find(file)).toBe(sha256('original'))
  })

  it('is not fooled by the same size and a restored mtime', () => {
    const { layout, file } = createKnownFile()
    const before = statSync(file, { bigint: true })
    writeFileSync(file, 'tampered')
    utimesSync(file, longAgo, longAgo)
    const { ino, size, mtimeNs } = statSync(file, { bigint: true })
    expect([ino, size, mtimeNs]).toEqual([before.ino, before.size, before.mtimeNs])
    expect(laterMemo(layout).find(file)).toBeUndefined()
    expect(laterMemo(layout).hash(file)).toBe(sha256('tampered'))
  })

  it('is not fooled by another file that was moved there', () => {
    const { layout, file } = createKnownFile()
    const copy = `${file}.copy`
    copyFileSync(file, copy)
    rmSync(file)
    copyFileSync(copy, file)
    utimesSync(file, longAgo, longAgo)
    expect(laterMemo(layout).hash(file)).toBe(sha256('original'))
  })

  it('hashes a file again that was changed so lately that it may change unseen', () => {
    const layout = tmpLayout()
    const file = tmpProject().write('hero.png', 'original')
    const { mtimeMs, ctimeMs } = statSync(file)
    const changedAt = Math.floor(Math.max(mtimeMs, ctimeMs))
    // Coarse timestamps tell two seconds apart, no less.
    const young = createMemo(layout, () => changedAt + 2000)
    expect(young.hash(file)).toBe(sha256('original'))
    expect(young.find(file)).toBeUndefined()
    young.save()
    expect(namesIn(dirname(layout.memo))).not.toContain('memo.json')

    const old = createMemo(layout, () => changedAt + 2001)
    expect(old.hash(file)).toBe(sha256('original'))
    expect(old.find(file)).toBe(sha256('original'))
  })

  it('goes by the ctime where the mtime was set back', () => {
    const layout = tmpLayout()
    const file = tmpProject().write('hero.png', 'original')
    utimesSync(file, 1_000_000_000, 1_000_000_000)
    const changedAt = Math.floor(statSync(file).ctimeMs)
    const memo = createMemo(layout, () => changedAt + 1000)
    memo.hash(file)
    expect(memo.find(file)).toBeUndefined()
  })

  it('goes by the mtime where it lies in the future', () => {
    const layout = tmpLayout()
    const file = tmpProject().write('hero.png', 'original')
    const inAnHour = Math.floor(Date.now() / 1000) + 3600
    utimesSync(file, inAnHour, inAnHour)
    const memo = createMemo(layout, () => inAnHour * 1000 + 1000)
    memo.hash(file)
    expect(memo.find(file)).toBeUndefined()
  })

  it('gives a renamed copy the hash of the original', () => {
    const memo = laterMemo(tmpLayout())
    const { write } = tmpProject()
    expect(memo.hash(write('copy/other.jpg', 'x'))).toBe(memo.hash(write('hero.png', 'x')))
  })

  it('says what is wrong with a file that cannot be read', () => {
    const { layout, file } = createKnownFile()
    rmSync(file)
    expect(() => laterMemo(layout).hash(file)).toThrow('ENOENT')
  })
})

describe('remember', () => {
  it('takes our word for a file of our own, however young it is', () => {
    const layout = tmpLayout()
    const file = tmpProject().write('variant.png', 'original')
    const memo = createMemo(layout)
    memo.remember(file, lie)
    expect(memo.find(file)).toBe(lie)
    memo.save()
    expect(createMemo(layout).find(file)).toBe(lie)
    expect(createMemo(layout).hash(file)).toBe(lie)
  })

  it('forgets a file that has changed or gone', () => {
    const file = tmpProject().write('variant.png', 'original')
    const memo = createMemo(tmpLayout())
    memo.remember(file, lie)
    writeFileSync(file, 'changed!')
    expect(memo.find(file)).toBeUndefined()
    rmSync(file)
    expect(memo.find(file)).toBeUndefined()
  })
})

describe('the saved memo', () => {
  it('may be lost: that costs a hash', () => {
    const { layout, file } = createKnownFile()
    rmSync(layout.memo)
    expect(laterMemo(layout).find(file)).toBeUndefined()
    expect(laterMemo(layout).hash(file)).toBe(sha256('original'))
  })

  it.each([
    '',
    '{',
    'null',
    '7',
    '[]',
    '"text"',
    '{}',
    '{"files":null}',
    '{"files":7}',
    '{"files":"text"}',
    '{"files":["text"]}',
    '{"files":{"FILE":null}}',
    '{"files":{"FILE":7}}',
    '{"files":{"FILE":[]}}',
    '{"files":{"FILE":{"0":1}}}',
    '{"files":{"FILE":["another signature","' + lie + '"]}}',
    '{"entries":{"FILE":["1:2:3:4","' + lie + '"]}}',
    '\0\u0001\uFFFD',
  ])('may be spoilt or foreign: %s', (content) => {
    const layout = tmpLayout()
    const file = tmpProject().write('hero.png', 'original')
    writeSaved(layout, content.replace('FILE', file))
    const memo = laterMemo(layout)
    expect(memo.find(file)).toBeUndefined()
    expect(memo.hash(file)).toBe(sha256('original'))
    memo.save()
    expect(laterMemo(layout).find(file)).toBe(sha256('original'))
  })

  it('holds nothing that was not learned', () => {
    const layout = tmpLayout()
    laterMemo(layout).save()
    expect(namesIn(layout.dir)).toEqual([])
  })

  it('is not written again where nothing was learned', () => {
    const { layout, file } = createKnownFile()
    const { ino } = statSync(layout.memo)
    const memo = laterMemo(layout)
    memo.hash(file)
    memo.save()
    expect(statSync(layout.memo).ino).toBe(ino)
  })

  it('holds what two processes learned at the same time', () => {
    const layout = tmpLayout()
    const { write } = tmpProject()
    const files = [write('a.png', 'a'), write('b.png', 'b'), write('c.png', 'c')] as const
    const first = laterMemo(layout)
    const second = laterMemo(layout)
    // Both have read the empty memo before either saves.
    first.hash(files[0])
    second.hash(files[1])
    second.hash(files[2])
    first.save()
    second.save()
    const later = laterMemo(layout)
    expect(files.map((file) => later.find(file))).toEqual(['a', 'b', 'c'].map(sha256))
    expect(namesIn(layout.tmp)).toEqual([])
  })

  it('loses nothing as long as it is not large', () => {
    const layout = tmpLayout()
    const file = tmpProject().write('new.png', 'new')
    writeSaved(layout, JSON.stringify(strangers(19_999)))
    const memo = laterMemo(layout)
    memo.hash(file)
    memo.save()
    expect(Object.keys(readSaved(layout).files)).toHaveLength(20_000)
  })

  it('drops what this build did not use once it is large', () => {
    const layout = tmpLayout()
    const { write } = tmpProject()
    const used = write('used.png', 'used')
    const file = write('new.png', 'new')
    const before = laterMemo(layout)
    before.hash(used)
    before.save()
    const { files } = readSaved(layout)
    writeSaved(layout, JSON.stringify({ files: { ...strangers(20_000).files, ...files } }))
    plantLie(layout, used)

    const memo = laterMemo(layout)
    expect(memo.hash(used)).toBe(lie)
    memo.hash(file)
    memo.save()
    expect(Object.keys(readSaved(layout).files).toSorted()).toEqual([file, used].toSorted())
    expect(laterMemo(layout).hash(used)).toBe(lie)
  })

  it('that cannot be written harms nobody', () => {
    const project = tmpProject({ '.magnific': 'a file where the folder should be' })
    const layout = {
      ...tmpLayout(),
      memo: project.path('.magnific/v1/memo.json'),
      tmp: project.path('.magnific/v1/tmp'),
    }
    const file = project.write('hero.png', 'original')
    const memo = laterMemo(layout)
    expect(memo.hash(file)).toBe(sha256('original'))
    memo.save()
    expect(memo.find(file)).toBe(sha256('original'))
  })
})

function strangers(count: number): Saved {
  const entries = Array.from({ length: count }, (_, index) => [
    `/elsewhere/${index}.png`,
    ['1:2:3:4', lie],
  ])
  return { files: Object.fromEntries(entries) as Saved['files'] }
}
