import type { Logger } from '../core/logger.ts'

/** For hosts that have no logger for others. */
export const stderrLogger: Logger = { info: writeLine, warn: writeLine }

function writeLine(message: string): void {
  process.stderr.write(`${message}\n`)
}
