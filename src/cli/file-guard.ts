import { existsSync, readFileSync } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'

/**
 * Tells which files may be shown: those of the project, and of the workspace that it is a package of. A source may refer to a
 * picture anywhere, and a link may lead anywhere; a browser is shown what a dev server of Vite would show.
 */
export function createFileGuard(root: string): (file: string) => Promise<boolean> {
  const folder = realpath(findWorkspaceRoot(root))
  return async (file) => {
    try {
      return (await realpath(file)).startsWith(`${await folder}${sep}`)
    } catch {
      return false
    }
  }
}

/** The workspace that a project belongs to, as Vite finds it; else the project itself. */
function findWorkspaceRoot(root: string): string {
  for (let folder = root; ; folder = dirname(folder)) {
    if (isWorkspaceRoot(folder)) return folder
    if (folder === dirname(folder)) return root
  }
}

function isWorkspaceRoot(folder: string): boolean {
  if (['pnpm-workspace.yaml', 'lerna.json'].some((name) => existsSync(join(folder, name)))) {
    return true
  }
  try {
    const text = readFileSync(join(folder, 'package.json'), 'utf8')
    return (JSON.parse(text) as { workspaces?: unknown }).workspaces !== undefined
  } catch {
    return false
  }
}
