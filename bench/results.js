import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { renderCells } from './rows.js'

/**
 * What was measured, by group: each may be of another day.
 *
 * @typedef {Record<string, { measured: string, rows: import('./rows.js').Row[] }>} Results
 */

const page = fileURLToPath(new URL('../docs/performance.md', import.meta.url))
const frame = fileURLToPath(new URL('page.md', import.meta.url))
/** Decimals that are kept: what is measured has no more. */
const decimals = 4

/** @returns {Results} */
export function readResults(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}
}

/** Puts a group's rows in place of what was measured of it before. */
export function mergeResults(file, order, name, rows) {
  const results = { ...readResults(file), [name]: { measured: describeRun(), rows } }
  const sorted = Object.fromEntries(
    order.filter((each) => results[each]).map((each) => [each, results[each]]),
  )
  const round = (_, value) => (typeof value === 'number' ? Number(value.toFixed(decimals)) : value)
  writeFileSync(file, `${JSON.stringify(sorted, round, 2)}\n`)
}

/** Writes docs/performance.md. */
export function writePage(results) {
  writeFileSync(page, renderPage(readFileSync(frame, 'utf8'), results))
}

/**
 * The page: a frame of words, with the table in it, and where and when it was measured.
 *
 * @param {string} words with `<!-- table -->` where the table goes
 * @param {Results} results
 */
export function renderPage(words, results) {
  const groups = Object.values(results)
  const runs = new Set(groups.map(({ measured }) => measured))
  const several = runs.size > 1
  const numbers = new Map([...runs].map((run, index) => [run, index + 1]))
  const lines = [...runs].map((run, index) => `${several ? `${index + 1}. ` : ''}${run}`)
  const cells = groups.flatMap(({ measured, rows }) =>
    rows.map((row) => ({
      ...renderCells(row),
      ...(several && { run: numbers.get(measured) }),
    })),
  )
  const table = `${lines.join('\n')}\n\n${renderTable(cells)}`
  return words.replace('<!-- table -->', () => table)
}

/** As the formatter has it. */
function renderTable(rows) {
  const names = Object.keys(rows[0] ?? {})
  const lines = [names, ...rows.map((row) => names.map((name) => String(row[name])))]
  const widths = names.map((_, column) => Math.max(3, ...lines.map((line) => line[column].length)))
  const render = (line) =>
    `| ${line.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`
  const rule = render(widths.map((width) => '-'.repeat(width)))
  return [render(lines[0]), rule, ...lines.slice(1).map(render)].join('\n')
}

function describeRun() {
  const [cpu] = cpus()
  const memory = Math.round(totalmem() / 2 ** 30)
  const date = new Date().toISOString().slice(0, 10)
  return `${date}: Node ${process.version} on ${process.platform}, ${cpus().length} × ${cpu?.model.trim()}, ${memory} GiB.`
}
