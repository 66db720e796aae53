import { onTestFinished } from 'vitest'
import { createEmulator } from '../../src/emulator/index.ts'
import type { Emulator, EmulatorOptions } from '../../src/emulator/index.ts'
import type { OnEnd } from './project.ts'

/**
 * An emulator that is fast, and closed when the test ends.
 *
 * @param onEnd for what several tests share
 */
export async function startEmulator(
  options: EmulatorOptions = {},
  onEnd: OnEnd = onTestFinished,
): Promise<Emulator> {
  const emulator = await createEmulator({ latency: 0, ...options })
  onEnd(async () => emulator.close())
  return emulator
}

/** How many submissions have come in, accepted or not. */
export function postsTo({ calls }: Emulator): number {
  return calls.filter(({ route }) => route === 'submit').length
}
