/**
 * What was measured, in the unit of its figures.
 *
 * @typedef {object} Row
 * @property {string} what
 * @property {Unit} unit
 * @property {number} ours median
 * @property {number} plain median of what it is beside
 * @property {number} ratio median of the ratios, pair by pair
 * @property {number} low the least ratio
 * @property {number} high the largest ratio
 * @property {number} difference median of the differences, pair by pair
 * @property {Goal} [goal]
 * @property {number} n pairs
 */
/** @typedef {'ms' | 'MB' | 'calls' | '× plain'} Unit */
/** @typedef {{ of: 'ratio' | 'difference', most: number }} Goal */

/**
 * Compares pair by pair.
 *
 * @param {string} what
 * @param {{ ours: number[], plain: number[] }} figures in the unit
 * @param {{ unit?: Unit, goal?: Goal }} [about]
 * @returns {Row}
 */
export function makeRow(what, { ours, plain }, { unit = 'ms', goal } = {}) {
  const ratios = ours.map((figure, index) => figure / plain[index]).toSorted((a, b) => a - b)
  return {
    what,
    unit,
    ours: median(ours),
    plain: median(plain),
    ratio: median(ratios),
    low: ratios[0],
    high: ratios.at(-1),
    difference: median(ours.map((figure, index) => figure - plain[index])),
    ...(goal && { goal }),
    n: ours.length,
  }
}

/**
 * Two rows of whole processes: how long they took, and the most memory that they had.
 *
 * @param {string} what
 * @param {Record<'ours' | 'plain', { time: number, peak: number }[]>} runs ms, bytes
 * @param {Goal} [goal] of each
 * @returns {Row[]}
 */
export function makeProcessRows(what, { ours, plain }, goal) {
  const pick = (read) => ({ ours: ours.map(read), plain: plain.map(read) })
  const times = pick(({ time }) => time)
  const peaks = pick(({ peak }) => peak / 1e6)
  return [
    makeRow(what, times, { goal }),
    makeRow(`${what}: peak memory`, peaks, { unit: 'MB', goal }),
  ]
}

/** @param {Row} row */
export function isMissed({ goal, ...row }) {
  return goal !== undefined && row[goal.of] > goal.most
}

/**
 * A row as it is shown, on a terminal and on the page.
 *
 * @param {Row} row
 */
export function renderCells(row) {
  const { what, unit, ours, plain, ratio, low, high, difference, goal, n } = row
  const digits = unit === '× plain' ? 2 : unit === 'calls' ? 1 : 0
  const show = (figure) =>
    `${figure.toLocaleString('en', { maximumFractionDigits: digits })} ${unit}`
  const more = goal?.of === 'difference' ? ` (${difference < 0 ? '' : '+'}${show(difference)})` : ''
  const most = goal?.of === 'difference' ? `+${show(goal.most)}` : goal?.most
  return {
    what,
    ours: show(ours),
    plain: show(plain),
    ratio: ratio.toFixed(2) + more,
    spread: n > 1 ? `${low.toFixed(2)}–${high.toFixed(2)}` : '',
    goal: goal ? `≤ ${most}${isMissed(row) ? ', missed' : ''}` : '',
    n,
  }
}

/** @param {Row[]} rows */
export function printRows(rows) {
  console.table(rows.map(renderCells))
}

function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
