import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import pLimit from 'p-limit'
import { describe, expect, it } from 'vitest'
import { MagnificError } from '../../src/core/errors.ts'
import type { Emulator } from '../../src/emulator/index.ts'
import { startEmulator } from '../helpers/emulator.ts'
import { createFsError, hookFs } from '../helpers/fs-hooks.js'
import type { Operation } from '../helpers/fs-hooks.js'
import { describeImage, makePng } from '../helpers/images.ts'
import { tmpProject } from '../helpers/project.ts'
import type { Project } from '../helpers/project.ts'
import { forgetProcess, openUpscaler } from '../helpers/upscalers.ts'

let seed = 0

/** A project with one picture that nobody else has. */
async function openProject(): Promise<{ project: Project; source: string }> {
  const bytes = await makePng({ width: 200, height: 160, seed: 1000 + seed++ })
  return {
    project: tmpProject({ 'hero.png': bytes }),
    source: createHash('sha256').update(bytes).digest('hex'),
  }
}

/** One build, in a process of its own as far as it can tell. */
async function build(project: Project, emulator: Emulator): Promise<string | Error> {
  forgetProcess(project)
  const upscaler = openUpscaler(project, { baseUrl: emulator.url })
  try {
    return (await upscaler.get('hero.png')).file
  } catch (error) {
    return error as Error
  } finally {
    await upscaler.end()
  }
}

async function isShipped(file: string | Error): Promise<boolean> {
  if (typeof file !== 'string') return false
  const { width, height } = await describeImage(readFileSync(file))
  return width === 400 && height === 320
}

function tasksFor(emulator: Emulator, source: string): number {
  return emulator.tasks.filter((task) => task.source.sha256 === source).length
}

/** What a build does on the disk, from the first look to the last. */
async function listOperations(emulator: Emulator): Promise<Operation[]> {
  const { project } = await openProject()
  const operations: Operation[] = []
  const unhook = hookFs(project.path('.magnific'), (operation) => {
    if (operation.phase === 'before') operations.push(operation)
  })
  await build(project, emulator)
  unhook()
  return operations
}

const faults = ['ENOSPC', 'EIO', 'EACCES', 'EROFS', 'a short write'] as const
/** All of them are a script of its own: see `test:faults`. */
const isEvery = Boolean(process.env['EVERY_FAULT'])
const tried = isEvery ? faults : (['ENOSPC'] as const)

/** What came of a build whose n-th operation failed, and of the next one. */
async function breakOperation(
  n: number,
  fault: (typeof faults)[number],
  emulator: Emulator,
): Promise<object | undefined> {
  const { project, source } = await openProject()
  let failed: Operation | undefined
  const unhook = hookFs(project.path('.magnific'), (operation) => {
    if (operation.index !== n || operation.phase !== 'before') return undefined
    failed = operation
    if (fault === 'a short write') return { short: true }
    throw createFsError(fault, operation)
  })
  const first = await build(project, emulator)
  unhook()
  const paid = tasksFor(emulator, source)
  const second = await build(project, emulator)
  const tasks = tasksFor(emulator, source)
  const holds = {
    // What was paid for is shipped, whatever the disk does; and what was not is told.
    first: paid === 1 ? await isShipped(first) : first instanceof MagnificError,
    // A short write is no failure: the rest follows.
    short: fault !== 'a short write' || (await isShipped(first)),
    second: await isShipped(second),
    once: tasks === 1,
  }
  if (!Object.values(holds).includes(false)) return undefined
  return { operation: `${n}: ${failed?.name} ${failed?.path}`, first, second, paid, tasks, holds }
}

describe('every operation on the disk, failing once', () => {
  it.each(tried)(
    'with %s: nothing is paid twice, what is paid for is shipped, and so does the next build',
    async (fault) => {
      // Without the list, what is not written down is lost.
      const emulator = await startEmulator({ list: false })
      const operations = await listOperations(emulator)
      expect(operations.length).toBeGreaterThan(100)
      const limit = pLimit(24)
      const broken = await Promise.all(
        operations
          .map((operation, index) => ({ ...operation, n: index + 1 }))
          .filter(({ name }) => fault !== 'a short write' || name === 'write')
          .filter(({ n }) => isEvery || n % 3 === 0)
          .map(async ({ n }) => limit(async () => breakOperation(n, fault, emulator))),
      )
      expect(broken.filter((violation) => violation !== undefined)).toEqual([])
    },
    // Hundreds of builds, on whatever disk there is.
    300_000,
  )
})
