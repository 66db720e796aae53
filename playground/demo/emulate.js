import { existsSync, readdirSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createEmulator } from 'unplugin-magnific/emulator'

/**
 * Starts the API's emulator on this machine, and has everything that runs in this process ask it: no key and no money are
 * needed. What is bought is kept in playground/demo/.magnific.
 *
 * @param {import('unplugin-magnific/emulator').EmulatorOptions} options
 */
export async function emulate(options) {
  // An emulator forgets its tasks when it ends. What an interrupted run was waiting for is gone with the one of that run;
  // a build would ask for it in vain, and rightly refuse to buy it again.
  const journal = fileURLToPath(new URL('.magnific/v1/journal', import.meta.url))
  for (const folder of existsSync(journal) ? readdirSync(journal, { recursive: true }) : []) {
    const attempt = join(journal, folder)
    // Attempts alone: a fingerprint may end in four digits, too.
    if (/^\d{4}$/.test(basename(folder)) && !existsSync(join(attempt, 'outcome'))) {
      rmSync(attempt, { recursive: true, force: true })
    }
  }
  const emulator = await createEmulator(options)
  process.env.MAGNIFIC_BASE_URL = emulator.url
  process.env.FREEPIK_API_KEY = 'any-key-will-do-here'
  console.log(`The emulator of the Magnific API listens on ${emulator.url}`)
  return emulator
}
