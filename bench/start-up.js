import { runPairs } from './pairs.js'
import { makeRow } from './rows.js'
import { runScript } from './run.js'

const goal = { of: 'difference', most: 15 }

/**
 * What it costs to load the plugin: a process that imports it after its host, as a config does, beside one that imports the
 * host alone.
 *
 * @param {{ pairsOr: (most: number) => number }} settings
 */
export async function measureStartUp({ pairsOr }) {
  const rows = []
  for (const host of ['vite', 'webpack', 'rollup']) {
    const entry = `unplugin-magnific/${host}`
    const runs = await runPairs(pairsOr(41), async (name) =>
      runScript('run-import.js', name === 'ours' ? [host, entry] : [host]),
    )
    const pick = (name) => runs[name].map(({ time }) => time)
    const times = { ours: pick('ours'), plain: pick('plain') }
    rows.push(makeRow(`import '${entry}', after '${host}'`, times, { goal }))
  }
  return rows
}
