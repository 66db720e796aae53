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
