/**
 * Runs two things in turn (plain, ours, ours, plain, …), so that a machine whose speed drifts does not favour one of
 * them, and neither always runs into the other's leftovers.
 *
 * @template T
 * @param {number} pairs how many count; one more warms the machine's caches
 * @param {(name: 'ours' | 'plain') => Promise<T>} run
 * @returns {Promise<{ ours: T[], plain: T[] }>} pair by pair
 */
export async function runPairs(pairs, run) {
  const results = { ours: [], plain: [] }
  for (let pair = -1; pair < pairs; pair++) {
    const order = pair % 2 === 0 ? ['plain', 'ours'] : ['ours', 'plain']
    for (const name of order) {
      const result = await run(name)
      if (pair >= 0) results[name].push(result)
    }
  }
  return results
}

/**
 * Compares pair by pair.
 *
 * @param {{ ours: number[], plain: number[] }} times ms
 * @returns medians, and the least and the largest of the ratios
 */
export function compare({ ours, plain }) {
  const ratios = ours.map((time, index) => time / plain[index]).toSorted((a, b) => a - b)
  return {
    ours: median(ours),
    plain: median(plain),
    ratio: median(ratios),
    low: ratios[0],
    high: ratios.at(-1),
  }
}

/**
 * Prints what was measured.
 *
 * @param {({ what: string, goal?: number, n: number } & ReturnType<typeof compare>)[]} rows
 */
export function printRows(rows) {
  console.table(
    rows.map((row) => ({
      what: row.what,
      'ours, ms': Math.round(row.ours),
      'plain, ms': Math.round(row.plain),
      ratio: row.ratio.toFixed(3),
      spread: `${row.low.toFixed(2)}–${row.high.toFixed(2)}`,
      goal: row.goal === undefined ? '' : `≤ ${row.goal}`,
      n: row.n,
    })),
  )
}

function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
