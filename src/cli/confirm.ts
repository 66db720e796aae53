import { createInterface } from 'node:readline/promises'
import { MagnificError } from '../core/errors.ts'

/** How a command asks before it does what cannot be undone. */
export interface ConfirmFlags {
  /** Goes on without being asked. */
  yes?: boolean | undefined
  json?: boolean | undefined
}

/**
 * Asks on a terminal; elsewhere, who started the command has to have said so.
 *
 * @param question as a sentence without its mark: `Upscale 3 images for ~€1.20`
 * @throws MagnificError `BAD_COMMAND` where there is nobody to ask
 */
export async function confirm(
  question: string,
  { yes = false, json = false }: ConfirmFlags,
): Promise<boolean> {
  if (yes) return true
  if (json || !process.stdin.isTTY || !process.stderr.isTTY) {
    throw new MagnificError(
      'BAD_COMMAND',
      `${question}? There is no terminal to ask on. Add --yes to go on without being asked. Nothing was done.`,
    )
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await terminal.question(`${question}? [y/N] `)
    return /^y(?:es)?$/i.test(answer.trim())
  } finally {
    terminal.close()
  }
}
