import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { onTestFinished } from 'vitest'
import type { Options } from '../../src/index.ts'
import type { Project } from './project.ts'

/** A host that a process of its own can build with. */
export type ChildHost = 'vite' | 'rollup' | 'webpack' | 'esbuild'

/** A build in a process of its own. */
export interface Child {
  process: ChildProcess
  ended: Promise<{ code: number | null; output: string }>
}

const script = fileURLToPath(new URL('child-build.js', import.meta.url))

/**
 * Builds a project in a process of its own, which is gone when the test ends.
 *
 * @param wrapper a command that runs the build, where it is to run in surroundings of its own
 */
export function buildInChild(
  host: ChildHost,
  project: Project,
  options: Options,
  env: Record<string, string> = {},
  wrapper: readonly string[] = [],
): Child {
  const build = [process.execPath, script, host, project.dir, JSON.stringify(options)]
  const [command = '', ...args] = [...wrapper, ...build]
  const child = spawn(command, args, {
    env: {
      ...process.env,
      FREEPIK_API_KEY: '',
      MAGNIFIC_API_KEY: '',
      MAGNIFIC_BASE_URL: '',
      NODE_ENV: 'production',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let output = ''
  child.stdout?.on('data', (chunk) => (output += String(chunk)))
  child.stderr?.on('data', (chunk) => (output += String(chunk)))
  return {
    process: child,
    ended: once(child, 'close').then(([code]) => ({
      code: code as number | null,
      output: stripVTControlCharacters(output),
    })),
  }
}
