import { relative } from 'node:path'

/** `src/hero.png`: a file as its project calls it, with forward slashes everywhere. */
export function formatPath(root: string, file: string): string {
  return relative(root, file).replaceAll('\\', '/')
}
