import { onTestFinished } from 'vitest'
import { createEmulator } from '../../src/emulator/index.ts'
import type { Emulator, EmulatorOptions } from '../../src/emulator/index.ts'

/** An emulator that is fast, and closed when the test ends. */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const emulator = await createEmulator({ latency: 0, ...options })
  onTestFinished(async () => emulator.close())
  return emulator
}

/** How many submissions have come in, accepted or not. */
export function postsTo({ calls }: Emulator): number {
  return calls.filter(({ route }) => route === 'submit').length
}
