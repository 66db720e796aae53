import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, rmSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import sharp from 'sharp'
import { expect, onTestFinished } from 'vitest'
import type { Emulator } from '../../src/emulator/index.ts'
import type { Options } from '../../src/index.ts'
import { optionsFor, writeEntry } from './hero.ts'
import { makePng } from './images.ts'
import { tmpProject } from './project.ts'
import type { OnEnd, Project } from './project.ts'

/** What a machine builds with: `cache.remote` may be settings for remotes-in-code.js. */
export interface MachineOptions extends Omit<Options, 'cache'> {
  cache?: Omit<NonNullable<Options['cache']>, 'remote'> & { remote?: string | object }
}

/** How one build is disturbed. */
export interface BuildSettings extends MachineOptions {
  env?: Record<string, string>
  /** Modules that the process loads first. */
  preload?: string[]
}

/** A build of a machine. */
export interface MachineBuild {
  process: ChildProcess
  /** Live. */
  output(): string
  ended: Promise<Ended>
}

/** How a build ended. */
export interface Ended {
  code: number | null
  signal: NodeJS.Signals | null
  output: string
}

/** A computer with a checkout and a cache directory of its own: in truth, processes with a host name of their own. */
export interface Machine {
  name: string
  project: Project
  start(settings?: BuildSettings): MachineBuild
  build(settings?: BuildSettings): Promise<Ended>
  /** Drops the whole cache directory, or some of what is in it. */
  forget(...names: string[]): void
}

const script = fileURLToPath(new URL('sharing-child.js', import.meta.url))

/** Pictures of 60×40 pixels, no two alike, by the names that the sources have. */
export async function drawPictures(count: number): Promise<Record<string, Buffer>> {
  const drawn = await Promise.all(
    Array.from({ length: count }, async (_, seed) => [
      `src/image-${seed}.png`,
      await makePng({ seed: seed + 1 }),
    ]),
  )
  return Object.fromEntries(drawn) as Record<string, Buffer>
}

/** Machines that build the same pictures, all in one module. */
export function setUpMachines(
  count: number,
  pictures: Record<string, Buffer>,
  options: MachineOptions,
  onEnd: OnEnd = onTestFinished,
): Machine[] {
  return Array.from({ length: count }, (_, index) =>
    setUpMachine(`machine-${index + 1}`, pictures, options, onEnd),
  )
}

function setUpMachine(
  name: string,
  pictures: Record<string, Buffer>,
  options: MachineOptions,
  onEnd: OnEnd,
): Machine {
  const project = tmpProject(pictures, onEnd)
  writeEntry(project, ...Object.keys(pictures).map((file) => `./${basename(file)}?magnific=2x`))
  const start: Machine['start'] = ({ env = {}, preload = [], ...more } = {}) => {
    const cache = { dir: project.path('.magnific'), ...options.cache, ...more.cache }
    const all = JSON.stringify({ ...options, ...more, cache })
    const imports = preload.flatMap((module) => ['--import', module])
    const child = spawn(process.execPath, [...imports, script, project.dir, all], {
      env: {
        PATH: process.env['PATH'],
        NODE_ENV: 'production',
        MACHINE: name,
        KILL_IN: project.path('.magnific'),
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    onEnd(async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => (output += String(chunk)))
    }
    return {
      process: child,
      output: () => stripVTControlCharacters(output),
      ended: once(child, 'close').then(([code, signal]) => ({
        code: code as number | null,
        signal: signal as NodeJS.Signals | null,
        output: stripVTControlCharacters(output),
      })),
    }
  }
  return {
    name,
    project,
    start,
    build: async (settings) => start(settings).ended,
    forget: (...names) => {
      for (const each of names.length > 0 ? names : ['.']) {
        rmSync(project.path('.magnific', each), { recursive: true, force: true })
      }
      rmSync(project.path('dist'), { recursive: true, force: true })
    },
  }
}

/** The options of machines that nobody holds back. */
export function fastOptions(
  emulator: Emulator,
  cache: NonNullable<MachineOptions['cache']>,
): MachineOptions {
  return { ...optionsFor(emulator), ratePerMinute: 100_000, concurrency: 32, cache }
}

/** Fails unless each picture was bought once, and never anything else. */
export function expectBoughtOnce({ tasks }: Emulator, pictures: Record<string, Buffer>): void {
  const bought = tasks.map(({ source }) => source.sha256).toSorted()
  expect(bought).toEqual(Object.values(pictures).map(hash).toSorted())
}

/** Fails where anything was bought twice. */
export function expectNoneTwice({ tasks }: Emulator): void {
  const bought = tasks.map(({ source }) => source.sha256)
  expect(bought).toHaveLength(new Set(bought).size)
}

/** Fails unless machines ship what the API made of each picture, to the pixel. */
export async function expectShipped(
  machines: readonly Machine[],
  emulator: Emulator,
  pictures: Record<string, Buffer>,
): Promise<void> {
  const known = new Map<string, Promise<string>>()
  const hashPixels = async (bytes: Buffer): Promise<string> => {
    const name = hash(bytes)
    const pixels = known.get(name) ?? sharp(bytes).removeAlpha().raw().toBuffer().then(hash)
    known.set(name, pixels)
    return pixels
  }
  const results = new Map<string, string>()
  for (const { id, source } of emulator.tasks) {
    results.set(source.sha256, await hashPixels(await downloadResult(emulator, id)))
  }
  const wanted = Object.entries(pictures).map(([name, bytes]) => [
    basename(name, '.png'),
    results.get(hash(bytes)),
  ])
  for (const { project } of machines) {
    const files = project.list('dist').filter((file) => file.endsWith('.png'))
    const shipped = await Promise.all(
      files.map(async (file) => [
        /^image-\d+/.exec(basename(file))?.[0],
        await hashPixels(readFileSync(file)),
      ]),
    )
    expect(shipped).toHaveLength(wanted.length)
    expect(Object.fromEntries(shipped)).toEqual(Object.fromEntries(wanted))
  }
}

/** The bytes that the emulator has for a task that is done. */
export async function downloadResult(emulator: Emulator, task: string): Promise<Buffer> {
  const path = '/v1/ai/image-upscaler/'
  const answer = await fetch(`${emulator.url}${path}${task}`, {
    headers: { 'x-freepik-api-key': 'test-key-of-somebody' },
  })
  const { data } = (await answer.json()) as { data: { generated: string[] } }
  const file = await fetch(data.generated[0] ?? '')
  return Buffer.from(await file.arrayBuffer())
}

/** SHA-256 of bytes, in hex. */
export function hash(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
