import { readText } from './flags.ts'
import type { CommonFlags, Terminal, Workspace } from './workspace.ts'

/** Opens the cache of the project, with the modules that this takes: for the command that needs them. */
export async function loadWorkspace(flags: CommonFlags, terminal: Terminal): Promise<Workspace> {
  const { openWorkspace } = await import('./workspace.ts')
  const paths = { cacheDir: readText('--cache-dir'), config: readText('--config') }
  return openWorkspace({ ...flags, ...paths }, terminal)
}
