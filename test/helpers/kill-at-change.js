// Preloaded by a child: ends it, as a power cut would, at one of the operations that change what lies in a folder.
import { hookFs } from './fs-hooks.js'

const { KILL_IN: folder = '.magnific', KILL_AT: at = '0', KILL_PHASE: killPhase } = process.env
const changing = ['link', 'rename', 'rm', 'rmdir', 'unlink']

let changes = 0
hookFs(folder, ({ name, phase }) => {
  if (!changing.includes(name)) return
  if (phase === 'before') changes++
  if (changes === Number(at) && phase === killPhase) process.kill(process.pid, 'SIGKILL')
})
