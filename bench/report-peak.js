// Imported first by what is measured: at its end a process tells its own peak of resident memory through the pipe that its
// parent holds. Asked from outside, what came in the last moment would be missed.
import { readFileSync, writeSync } from 'node:fs'

process.once('exit', () => {
  try {
    writeSync(3, String(readPeak()))
  } catch {
    // Nobody asked.
  }
})

/** @returns bytes */
function readPeak() {
  try {
    // Where there is one, the kernel's figure for this program alone: `maxRSS` may be that of who started it.
    const status = readFileSync('/proc/self/status', 'utf8')
    return Number(/^VmHWM:\s*(\d+) kB/m.exec(status)[1]) * 1024
  } catch {
    return process.resourceUsage().maxRSS * 1024
  }
}
