// Preloaded by a child: ends it at one operation on its cache directory as a power cut would, or counts them.
import { writeFileSync } from 'node:fs'
import { hookFs } from '../helpers/fs-hooks.js'

const {
  TORTURE_CACHE_DIR: folder = '.magnific',
  TORTURE_KILL_AT: at = '0',
  TORTURE_KILL_PHASE: killPhase = 'before',
  TORTURE_COUNT_FILE: countFile,
} = process.env

let count = 0
hookFs(folder, ({ index, phase }) => {
  count = index
  if (index === Number(at) && phase === killPhase) process.kill(process.pid, 'SIGKILL')
})
if (countFile) process.on('exit', () => writeFileSync(countFile, String(count)))
