import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/**
 * Starts the API in a process of its own.
 *
 * @param {object} options the emulator's, as JSON has them
 * @returns {Promise<{ env: Record<string, string>, close: () => Promise<void> }>} `env` leads a build to it, with a key
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
    close: async () => {
      child.disconnect()
      await exit
    },
  }
}
