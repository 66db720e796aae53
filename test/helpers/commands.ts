import { mkdirSync } from 'node:fs'
import KeyvRedis from '@keyv/redis'
import { onTestFinished, vi } from 'vitest'
import { openWorkspace } from '../../src/cli/workspace.ts'
import type { Workspace } from '../../src/cli/workspace.ts'
import type { Emulator } from '../../src/emulator/index.ts'
import type { Project } from './project.ts'
import { forgetProcess } from './upscalers.ts'

/** The surroundings of a command. */
export interface Surroundings {
  emulator: Emulator
  /** A URL. */
  remote: string
  publicKey?: string
  privateKey?: string
}

/**
 * Runs a command on the cache of a project, in this process, as one of its own would.
 *
 * @returns what it prints
 */
export async function command(
  project: Project,
  { emulator, remote, publicKey, privateKey }: Surroundings,
  run: (workspace: Workspace, now: number) => Promise<unknown>,
): Promise<string> {
  const env = {
    FREEPIK_API_KEY: 'test-key-of-somebody',
    MAGNIFIC_BASE_URL: emulator.url,
    MAGNIFIC_CACHE_REMOTE: remote,
    MAGNIFIC_PUBLIC_KEY: publicKey,
    MAGNIFIC_PRIVATE_KEY: privateKey,
  }
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
  const printed: string[] = []
  const write = (text: string): void => void printed.push(text)
  forgetProcess(project)
  mkdirSync(project.path('.magnific'), { recursive: true })
  try {
    const settings = { cacheDir: project.path('.magnific') }
    const workspace = await openWorkspace(settings, { write, warn: write })
    await run(workspace, Date.now()).finally(workspace.finish)
  } finally {
    vi.unstubAllEnvs()
    forgetProcess(project)
  }
  return printed.join('\n')
}

/** What somebody who can write to a Redis sees of it. */
export interface RedisView {
  get(key: string): Promise<string | null>
  set(key: string, value: string): Promise<unknown>
  del(keys: string[]): Promise<unknown>
  keys(pattern: string): Promise<string[]>
}

/** Looks into a Redis, until the test ends. */
export async function lookInto(url: string): Promise<RedisView> {
  const redis = new KeyvRedis(url)
  onTestFinished(async () => redis.disconnect(true))
  return redis.getClient()
}
