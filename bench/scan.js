import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleScript } from './bundle.js'
import { runPairs } from './pairs.js'
import { makeRow } from './rows.js'
import { makeSources } from './sources.js'

const goal = { of: 'ratio', most: 2 }
const script = fileURLToPath(new URL('run-scan.js', import.meta.url))

/**
 * What a scan of a project's sources costs beside listing and reading them alone. Each run is a process of its own, measured
 * from where its modules are loaded, so that nothing is warm but the file system.
 *
 * @param {{ folder: string, isQuick: boolean, pairsOr: (most: number) => number }} settings
 */
export async function measureScan({ folder: parent, isQuick, pairsOr }) {
  const folder = join(parent, 'sources')
  const count = isQuick ? 200 : 2000
  const { entry, references } = makeSources(folder, count)
  const bundle = await bundleScript('scanner')
  const rows = []
  const ways = [
    { what: 'without entries', ours: 'scan', plain: 'read', entries: [], goal },
    { what: 'from one entry', ours: 'scan', plain: 'read', entries: [entry], goal },
    { what: 'syntax checked', ours: 'checked', plain: 'read', entries: [], goal },
    // The fastest way to read there is, which the scan takes too.
    { what: 'beside readFileSync', ours: 'scan', plain: 'read-sync', entries: [] },
  ]
  for (const { what, entries, goal: target, ...hows } of ways) {
    const times = await runPairs(pairsOr(15), async (name) => {
      const asked = name === 'ours' ? entries : []
      const output = execFileSync(process.execPath, [script, hows[name], bundle, folder, ...asked])
      return readTime(output, hows[name], { count, references })
    })
    const name = `scan of ${count.toLocaleString('en')} sources, ${what}`
    rows.push(makeRow(name, times, target && { goal: target }))
  }
  return rows
}

/** @returns ms */
function readTime(output, name, { count, references }) {
  const { time, ...found } = JSON.parse(output)
  const isRight =
    found.sources === count + 1 &&
    (name.startsWith('read') || (found.references === references && found.problems.length === 0))
  if (!isRight) throw new Error(`${name} found ${JSON.stringify(found)}.`)
  return time
}
