import { createServer } from 'node:http'
import { once } from 'node:events'
import { join } from 'node:path'
import { startEmulator } from './emulator.js'
import { drawPicture } from './pictures.js'
import { forget, makeProject } from './projects.js'
import { makeRow } from './rows.js'
import { runBuild } from './run.js'

const concurrency = 8
const secret = 'a-secret-of-the-bench'
/** Of the tasks, ms: half take longer, one of twenty thrice as long. */
const median = 4000
const sigma = Math.log(3) / 1.645

/** How it is known that a task is done; what that may cost is in the project's goals. */
const ways = {
  'by webhooks': { hasWebhook: true, lag: 200, calls: 2 },
  'by the list': { lag: 600, calls: 5 },
  'by status calls alone': { api: { list: false }, lag: 1800, calls: 7 },
}

/**
 * How late it is known that tasks are done, and how many calls that takes, in a real build with real time.
 *
 * @param {{ folder: string, isQuick: boolean }} settings
 */
export async function measureWaiting({ folder, isQuick }) {
  const images = isQuick ? 16 : 48
  const latencies = Array.from({ length: images }, (_, index) =>
    drawLatency((index + 0.5) / images),
  )
  const project = join(folder, 'waiting')
  await makeProject(project, async (index) => drawPicture(index), images)
  const rows = []
  for (const [way, { hasWebhook, api, lag, calls }] of Object.entries(ways)) {
    const emulator = await startEmulator({ webhookSecret: secret, latencies, ...api })
    try {
      forget(project, ['.'])
      const port = await findPort()
      const webhook = { url: `http://127.0.0.1:${port}/magnific`, port, secret }
      await runBuild('vite', project, emulator.env, { concurrency, ...(hasWebhook && { webhook }) })
      const { tasks, asked } = await emulator.report()
      const mean = (read) => tasks.reduce((sum, task) => sum + read(task), 0) / tasks.length
      const known = [mean((task) => task.knownAt - task.acceptedAt)]
      const done = [mean((task) => task.doneAt - task.acceptedAt)]
      rows.push(
        makeRow(
          `a task until it is known to be done, ${way}`,
          { ours: known, plain: done },
          { goal: { of: 'difference', most: lag } },
        ),
        makeRow(
          `calls for a task, ${way}`,
          { ours: [asked / tasks.length], plain: [1] },
          { unit: 'calls', goal: { of: 'ratio', most: calls } },
        ),
      )
    } finally {
      await emulator.close()
    }
  }
  return rows
}

/** Quantiles of a lognormal distribution, in an order that looks like chance and is the same each time. */
function drawLatency(quantile) {
  const mixed = (quantile * 0.618034 * 1000) % 1
  return Math.round(median * Math.exp(sigma * toNormal(mixed)))
}

/** The standard normal quantile, by the logistic one: near enough. */
function toNormal(quantile) {
  const clamped = Math.min(Math.max(quantile, 0.01), 0.99)
  return Math.log(clamped / (1 - clamped)) / 1.702
}

async function findPort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}
