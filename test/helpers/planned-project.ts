import type { EmulatorOptions } from '../../src/emulator/index.ts'
import type { Emulator } from '../../src/emulator/index.ts'
import type { PlannedReference, PlanTotals } from '../../src/planner.ts'
import { canary } from './canary.ts'
import { runCli } from './cli.ts'
import type { Ran } from './cli.ts'
import { startEmulator } from './emulator.ts'
import { makePng } from './images.ts'
import { tmpProject } from './project.ts'
import type { Project } from './project.ts'

/** A project of Vite, what it buys with, and the command line in it. */
export interface PlannedProject {
  emulator: Emulator
  project: Project
  magnific: (...args: string[]) => Promise<Ran>
  magnificWith: (env: Record<string, string>, ...args: string[]) => Promise<Ran>
  /** The same in another folder. */
  magnificIn: (cwd: string, ...args: string[]) => Promise<Ran>
  /** What `plan --json` prints. */
  plan: (...args: string[]) => Promise<PlanObject>
}

/** What `plan --json` prints. */
export interface PlanObject {
  root: string
  references: (Omit<PlannedReference, 'reached' | 'reason' | 'fingerprint'> & {
    reached: boolean | null
    reason: string | null
    fingerprint: string | null
  })[]
  totals: PlanTotals
  problems: { file: string; message: string }[]
}

const plugin = new URL(import.meta.resolve('unplugin-magnific/vite')).href

/** A Vite config with the plugin. @param options as code */
export function viteConfigOf(options = '{}', more = ''): string {
  return `import magnific from '${plugin}'\nexport default { plugins: [magnific(${options})]${more} }\n`
}

/** A project whose page loads `src/main.js`, with pictures of 200×160 pixels called `a.png`, `b.png` and `c.png` beside it. */
export async function openPlannedProject(
  files: Record<string, string | Uint8Array>,
  options: EmulatorOptions = {},
): Promise<PlannedProject> {
  const emulator = await startEmulator(options)
  const pictures = await Promise.all(
    ['a', 'b', 'c'].map(async (name, index) => [
      `src/${name}.png`,
      await makePng({ width: 200, height: 160, seed: index + 1 }),
    ]),
  )
  const project = tmpProject({
    'package.json': '{"type":"module"}',
    'vite.config.js': viteConfigOf(),
    'index.html': '<script type="module" src="/src/main.js"></script>\n',
    '.env.local': `FREEPIK_API_KEY=${canary}\nMAGNIFIC_BASE_URL=${emulator.url}\n`,
    ...(Object.fromEntries(pictures) as Record<string, Buffer>),
    ...files,
  })
  const magnificWith: PlannedProject['magnificWith'] = async (env, ...args) =>
    runCli(project.dir, args, env)
  const magnific: PlannedProject['magnific'] = async (...args) => magnificWith({}, ...args)
  return {
    emulator,
    project,
    magnific,
    magnificWith,
    magnificIn: async (cwd, ...args) =>
      runCli(cwd, args, { MAGNIFIC_BASE_URL: emulator.url, FREEPIK_API_KEY: canary }),
    plan: async (...args) =>
      JSON.parse((await magnific('plan', '--json', ...args)).stdout) as PlanObject,
  }
}
