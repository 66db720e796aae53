import { readText } from './flags.ts'
import type { CommonFlags, Terminal, Workspace } from './workspace.ts'

const opened: Workspace[] = []

/** Opens the cache of the project, with the modules that this takes: for the command that needs them. */
export async function loadWorkspace(flags: CommonFlags, terminal: Terminal): Promise<Workspace> {
  const { openWorkspace } = await import('./workspace.ts')
  const paths = { cacheDir: readText('--cache-dir'), config: readText('--config') }
  const remote = readText('--remote')
  // As whoever reads the options looks for it.
  if (remote !== undefined) process.env['MAGNIFIC_CACHE_REMOTE'] = remote
  const workspace = await openWorkspace({ ...flags, ...paths }, terminal)
  opened.push(workspace)
  return workspace
}

/** Waits until other machines can have what commands have written. */
export async function finishWorkspaces(): Promise<void> {
  for (const { finish } of opened) await finish()
}
