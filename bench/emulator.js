import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/**
 * What became of the tasks: when each was accepted, done, and found done, ms since 1970; and the calls that asked.
 *
 * @typedef {{ tasks: { acceptedAt: number, doneAt: number, knownAt: number }[], asked: number }} Report
 */

/**
 * Starts the API in a process of its own.
 *
 * @param {object} options the emulator's, as JSON has them, and `latencies` of the tasks in turn, ms
 * @returns {Promise<{ env: Record<string, string>, report: () => Promise<Report>, close: () => Promise<void> }>} `env` leads a
 *   build to it, with a key
 */
export async function startEmulator(options) {
  const script = fileURLToPath(new URL('run-emulator.js', import.meta.url))
  const child = fork(script, [JSON.stringify(options)])
  const exit = once(child, 'exit')
  const [url] = await Promise.race([
    once(child, 'message'),
    exit.then(([code]) => {
      throw new Error(`The emulator ended with ${code}.`)
    }),
  ])
  return {
    env: { MAGNIFIC_BASE_URL: url, FREEPIK_API_KEY: 'a-key-for-the-bench' },
    report: async () => {
      child.send('report')
      const [report] = await once(child, 'message')
      return report
    },
    close: async () => {
      child.disconnect()
      await exit
    },
  }
}
