import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const repository = new URL('../../', import.meta.url)
const read = (name: string): string => readFileSync(new URL(name, repository), 'utf8')

/** Benchmarks are scripts without types. */
async function loadBench<T>(name: string): Promise<T> {
  return import(new URL(`bench/${name}`, repository).href) as Promise<T>
}

it('the page of figures is what was measured, and not edited by hand', async () => {
  const { renderPage } = await loadBench<{ renderPage(words: string, results: unknown): string }>(
    'results.js',
  )
  const results: unknown = JSON.parse(read('bench/results.json'))
  expect(read('docs/performance.md')).toBe(renderPage(read('bench/page.md'), results))
})

it('a row that misses its goal says so', async () => {
  interface Row {
    ratio: number
    difference: number
    goal?: unknown
  }
  const { makeRow, renderCells } = await loadBench<{
    makeRow(what: string, figures: { ours: number[]; plain: number[] }, about: object): Row
    renderCells(row: Row): Record<string, unknown>
  }>('rows.js')
  const figures = { ours: [120, 110, 200], plain: [100, 100, 100] }
  const row = makeRow('a build', figures, { goal: { of: 'ratio', most: 1.1 } })
  expect(renderCells(row)).toEqual({
    what: 'a build',
    ours: '120 ms',
    plain: '100 ms',
    ratio: '1.20',
    spread: '1.10–2.00',
    goal: '≤ 1.1, missed',
    n: 3,
  })
  const met = makeRow('a build', figures, { unit: 'MB', goal: { of: 'difference', most: 20 } })
  expect(renderCells(met)).toMatchObject({ ratio: '1.20 (+20 MB)', goal: '≤ +20 MB' })
})
