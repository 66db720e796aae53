import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Emulator, SubmitFault } from '../../src/emulator/index.ts'
import type { Order } from '../../src/purchase/order.ts'
import { canary, expectNoKey } from './canary.ts'
import { startEmulator } from './emulator.ts'
import { makePng } from './images.ts'
import { tmpProject } from './project.ts'
import type { Project } from './project.ts'
import { openShop } from './shop.ts'
import type { Shop } from './shop.ts'

/** How the command line is started. */
export const cliCommand: readonly [string, string] = [
  process.execPath,
  fileURLToPath(new URL('cli.js', import.meta.resolve('unplugin-magnific'))),
]

/** How a command line ended. */
export interface Ran {
  code: number
  stdout: string
  stderr: string
}

/** A project, what its builds buy with, and the command line in it. */
export interface Desk {
  emulator: Emulator
  project: Project
  /** Of the one picture. */
  order: Order
  next: () => Shop
  magnific: (...args: string[]) => Promise<Ran>
  /** The same with more in the environment. */
  magnificWith: (env: Record<string, string>, ...args: string[]) => Promise<Ran>
}

/** A project with one picture, and an API without a list that does this to submissions. */
export async function openDesk(effect: Omit<SubmitFault, 'route'> = {}): Promise<Desk> {
  const faults = Object.keys(effect).length > 0 ? [{ route: 'submit', ...effect } as const] : []
  const emulator = await startEmulator({ list: false, faults })
  const project = tmpProject({
    'src/hero.png': await makePng({ width: 200, height: 160 }),
    '.env.local': `FREEPIK_API_KEY=${canary}\nMAGNIFIC_BASE_URL=${emulator.url}\n`,
  })
  const next = (): Shop => openShop(project, { baseUrl: emulator.url, deadline: 10_000 })
  return {
    emulator,
    project,
    order: next().order(project.path('src/hero.png'), 'magnific=2x&hdr=3'),
    next,
    magnific: async (...args) => runCli(project.path('src'), args),
    magnificWith: async (env, ...args) => runCli(project.path('src'), args, env),
  }
}

/**
 * Runs the command line in a process of its own, with no key in the environment but those that are given.
 *
 * @param cwd where it stands
 */
export async function runCli(
  cwd: string,
  args: readonly string[],
  more: Record<string, string> = {},
): Promise<Ran> {
  const [node, cli] = cliCommand
  return new Promise((resolve) => {
    const settings = { cwd, env: cliEnvironment(more) }
    execFile(node, [cli, ...args], settings, (error, stdout, stderr) => {
      expectNoKey({ stdout, stderr })
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr })
    })
  })
}

/** The environment of somebody who has set nothing, and wants no colours. */
export function cliEnvironment(more: Record<string, string> = {}): NodeJS.ProcessEnv {
  const hidden = ['FREEPIK_API_KEY', 'MAGNIFIC_API_KEY', 'MAGNIFIC_BASE_URL', 'MAGNIFIC_CACHE_DIR']
  return {
    ...process.env,
    ...Object.fromEntries(
      [...hidden, 'MAGNIFIC_ON_MISS', 'FORCE_COLOR'].map((name) => [name, undefined]),
    ),
    NO_COLOR: '1',
    ...more,
  }
}

/** A fingerprint as people are shown it. */
export function shortOf({ fingerprint }: Order): string {
  return fingerprint.slice(0, 12)
}
