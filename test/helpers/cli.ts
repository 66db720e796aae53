import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished } from 'vitest'
import type { Emulator, SubmitFault } from '../../src/emulator/index.ts'
import type { Order } from '../../src/purchase/order.ts'
import type { Shipment, Variant } from '../../src/shipment.ts'
import { canary, expectNoKey } from './canary.ts'
import { startEmulator } from './emulator.ts'
import { errorOf } from './errors.ts'
import { makePng } from './images.ts'
import { tmpProject } from './project.ts'
import type { OnEnd, Project } from './project.ts'
import { openShop } from './shop.ts'
import type { Shop } from './shop.ts'
import { forgetProcess, openUpscaler } from './upscalers.ts'

/** How the command line is started. */
export const cliCommand: readonly [string, string] = [
  process.execPath,
  fileURLToPath(new URL('cli.js', import.meta.resolve('unplugin-magnific'))),
]

/** How a command line ended. */
export interface Ran {
  /** `null` where it was killed. */
  code: number | null
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

/**
 * A project with one picture, and an API without a list that does this to submissions.
 *
 * @param onEnd for what several tests share
 */
export async function openDesk(
  effect: Omit<SubmitFault, 'route'> = {},
  onEnd: OnEnd = onTestFinished,
): Promise<Desk> {
  const faults = Object.keys(effect).length > 0 ? [{ route: 'submit', ...effect } as const] : []
  const emulator = await startEmulator({ list: false, faults }, onEnd)
  const files = {
    'src/hero.png': await makePng({ width: 200, height: 160 }),
    '.env.local': `FREEPIK_API_KEY=${canary}\nMAGNIFIC_BASE_URL=${emulator.url}\n`,
  }
  const project = tmpProject(files, onEnd)
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

/** The moment at which a command is ended: before or after one of its changes to the cache directory, counted from 1. */
export interface KillMoment {
  change: number
  phase: 'before' | 'after'
}

/**
 * Runs a command that is killed.
 *
 * @returns whether it was, and had not ended before
 */
export async function killAt(
  { change, phase }: KillMoment,
  { project }: Pick<Desk, 'project'>,
  ...args: string[]
): Promise<boolean> {
  const preload = new URL('kill-at-change.js', import.meta.url).href
  const env = {
    NODE_OPTIONS: `--import ${preload}`,
    KILL_IN: project.path('.magnific'),
    KILL_AT: String(change),
    KILL_PHASE: phase,
  }
  const { code, stderr } = await runCli(project.path('src'), args, env)
  if (code !== null) expect([code, stderr]).toEqual([0, ''])
  return code === null
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
      const code = error?.signal ? null : Number(error?.code ?? 0)
      resolve({ code, stdout, stderr })
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

/** Leaves a task that is paid for and whose result nobody has fetched, as a build that was killed would. */
export async function leavePending(
  { emulator, order, next }: Pick<Desk, 'emulator' | 'order' | 'next'>,
  wanted: Order = order,
): Promise<string> {
  emulator.setFaults([{ route: 'status', status: 503 }])
  expect((await errorOf(async () => next().buy(wanted))).code).toBe('TASK_PENDING')
  emulator.setFaults([])
  return emulator.tasks.at(-1)?.id ?? ''
}

/** What a build finds that knows of the disk and nothing else. */
export async function shipAnew(
  { emulator, project }: Pick<Desk, 'emulator' | 'project'>,
  query = 'magnific=2x&hdr=3',
): Promise<Variant & Pick<Shipment, 'from'>> {
  forgetProcess(project)
  return openUpscaler(project, { baseUrl: emulator.url }).get('src/hero.png', query)
}
