// Builds the example projects in playground/ as a user would: from the packed tarball, with the hosts' own commands, at the
// versions and on the Nodes that are supported; and opens their pages in a browser. Nothing outside this machine is called
// but the npm registry.
// Usage: node test/examples/run.js [--only next,astro] [--parallel 2] [--keep <folder>]
// Run it after `npm run build`. It exits with 1 if anything fails, or nothing runs; what cannot run here is skipped, and the table says so.
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import pLimit from 'p-limit'
import { launchBrowser } from './browser.js'
import { examples } from './examples.js'
import { createNodes } from './nodes.js'
import { packPlugin } from './project.js'
import { countFailures, renderTable } from './table.js'
import { testExample } from './test-example.js'

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    parallel: { type: 'string', default: '2' },
    keep: { type: 'string' },
  },
})
const startedAt = performance.now()
const wanted = values.only?.split(',')
const chosen = examples.filter(({ folder }) => wanted?.includes(folder) ?? true)
if (chosen.length === 0) {
  throw new Error(`--only takes ${examples.map(({ folder }) => folder).join(', ')}.`)
}
const work = values.keep ?? mkdtempSync(join(realpathSync(tmpdir()), 'magnific-examples-'))
mkdirSync(work, { recursive: true })
const ended = new AbortController()
process.once('SIGINT', () => ended.abort(new Error('interrupted')))

const browser = await launchBrowser()
if (!browser) say('SKIPPED: the pages. No Chromium was found; CHROME_PATH may say where it is.')
try {
  const setting = {
    work,
    browser,
    tarball: await packPlugin(work),
    nodes: createNodes(join(work, 'nodes')),
    signal: ended.signal,
    say,
  }
  const limit = pLimit(Number(values.parallel))
  const rows = await Promise.all(
    chosen.flatMap((example) =>
      example.versions.map(async (version) =>
        limit(async () => testExample(example, version, setting)),
      ),
    ),
  )
  const all = rows.flat()
  const failures = countFailures(all)
  console.log(`\n${renderTable(all)}\n`)
  console.log(`${all.length} rows, ${failures} failed, in ${seconds()} s`)
  // Where nothing could run, nothing is right either.
  const isIdle = all.every(({ skipped }) => skipped !== undefined)
  process.exitCode = failures > 0 || isIdle ? 1 : 0
} finally {
  await browser?.close()
  if (values.keep === undefined) rmSync(work, { recursive: true, force: true, maxRetries: 5 })
}

function say(line) {
  console.log(`${seconds().padStart(4)} s  ${line}`)
}

function seconds() {
  return Math.round((performance.now() - startedAt) / 1000).toString()
}
