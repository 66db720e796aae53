// Preloaded by a child: ends it at one operation on its cache directory as a power cut would, or counts them.
import { writeFileSync } from 'node:fs'
import { hookFs } from '../helpers/fs-hooks.js'

const {
  TORTURE_CACHE_DIR: folder = '.magnific',
  TORTURE_KILL_AT: at = '0',
  TORTURE_KILL_PHASE: killPhase = 'before',
  TORTURE_COUNT_FILE: countFile,
} = process.env

let operations = 0
/** The operations that give a file of the journal, the ledger or the records its name: the steps that others rely on. */
const steps = []
hookFs(folder, ({ name, index, phase }) => {
  operations = index
  if (phase === 'before' && (name === 'link' || name === 'rename')) steps.push(index)
  if (index === Number(at) && phase === killPhase) process.kill(process.pid, 'SIGKILL')
})
if (countFile) {
  process.on('exit', () => writeFileSync(countFile, JSON.stringify({ operations, steps })))
}
