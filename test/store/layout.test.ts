import { mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createLayout, prepareLayout, shardedPath } from '../../src/store/layout.ts'
import { namesIn, tmpLayout } from '../helpers/cache.ts'

describe('createLayout', () => {
  it('puts everything under one versioned folder', () => {
    expect(createLayout('/project/.magnific')).toEqual({
      dir: '/project/.magnific',
      results: '/project/.magnific/v1/results',
      blobs: '/project/.magnific/v1/blobs',
      journal: '/project/.magnific/v1/journal',
      budget: '/project/.magnific/v1/budget',
      variants: '/project/.magnific/v1/variants',
      memo: '/project/.magnific/v1/memo.json',
      tmp: '/project/.magnific/v1/tmp',
      quarantine: '/project/.magnific/v1/quarantine',
    })
  })

  it('spreads keys over folders of two digits', () => {
    expect(shardedPath('/blobs', 'abcdef')).toBe('/blobs/ab/abcdef')
    expect(shardedPath('/variants', 'abcdef', 'hero.png')).toBe('/variants/ab/abcdef/hero.png')
  })
})

describe('prepareLayout', () => {
  it('keeps out of git what is made again for free, and nothing that was paid for', async () => {
    const layout = tmpLayout()
    await prepareLayout(layout, Date.now())
    const rules = readFileSync(join(layout.dir, '.gitignore'), 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
    expect(rules).toEqual([
      '/v1/budget/',
      '/v1/variants/',
      '/v1/memo.json',
      '/v1/tmp/',
      '/v1/quarantine/',
    ])
    expect(namesIn(layout.dir)).toEqual(['.gitignore', 'v1'])
    expect(namesIn(layout.tmp)).toEqual([])
  })

  it('leaves a .gitignore alone that somebody changed', async () => {
    const layout = tmpLayout()
    await prepareLayout(layout, Date.now())
    const file = join(layout.dir, '.gitignore')
    for (const content of ['# ours\n', '']) {
      writeFileSync(file, content)
      await prepareLayout(layout, Date.now())
      expect(readFileSync(file, 'utf8')).toBe(content)
    }
  })

  it('clears away what killed builds left, and nothing that may still be written', async () => {
    const layout = tmpLayout()
    mkdirSync(layout.tmp, { recursive: true })
    for (const name of ['old', 'young']) writeFileSync(join(layout.tmp, name), name)
    const now = Date.now()
    const dayAgo = now / 1000 - 24 * 60 * 60 - 1
    utimesSync(join(layout.tmp, 'old'), dayAgo, dayAgo)
    await prepareLayout(layout, now)
    expect(namesIn(layout.tmp)).toEqual(['young'])
  })
})
