import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { findClosedPort } from './servers.ts'
import type { ViteVersion } from './vite-versions.ts'

/** A module that makes a config by default, and what it makes it of, as JSON; servers get a `port` more. */
export interface ViteConfig {
  /** A `file:` URL. */
  module: string
  settings: object
}

/** A process in which all plugins get one version of Vite. */
export interface ViteProcess {
  /** Such as `8.3.8`. */
  version(): Promise<string>
  /** @throws what the build throws */
  build(config: ViteConfig): Promise<void>
  /** @returns the server's URL */
  preview(config: ViteConfig): Promise<string>
  /** Starts a dev server. @returns its URL */
  serve(config: ViteConfig): Promise<string>
  /** Closes a server. */
  stop(url: string): Promise<void>
  /** Calls what a module exports, and returns what that returns. */
  call(module: string, name: string): Promise<unknown>
  /** What Vite warned of since this was last asked, errors too, without colours. */
  warnings(): Promise<string[]>
  /** Closes everything. */
  end(): Promise<void>
}

interface Answer {
  id: number
  result?: unknown
  error?: string
}

const script = fileURLToPath(new URL('vite-child.js', import.meta.url))

/** Starts a process with a version of Vite, which lives until it is ended. */
export async function startVite(
  version: ViteVersion,
  mode: 'development' | 'production',
): Promise<ViteProcess> {
  // Some plugins do other things where they see that they are under test.
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(?:VITEST.*|TEST|MODE|DEV|PROD|SSR|BASE_URL|MAGNIFIC_.*)$/.test(name),
  )
  const child = fork(script, {
    env: {
      ...Object.fromEntries(inherited),
      NODE_ENV: mode,
      VITE_VERSION: version,
      FREEPIK_API_KEY: '',
    },
    execArgv: [],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  let output = ''
  child.stdout?.on('data', (chunk) => (output += String(chunk)))
  child.stderr?.on('data', (chunk) => (output += String(chunk)))
  const asked = new Map<number, (answer: Answer) => void>()
  child.on('message', (answer: Answer) => {
    asked.get(answer.id)?.(answer)
    asked.delete(answer.id)
  })
  const gone = once(child, 'close')
  child.on('close', () => {
    for (const [id, answer] of asked) answer({ id, error: `The process ended. ${output}` })
  })
  const ready = new Promise<Answer>((resolve) => void asked.set(0, resolve))

  let last = 0
  const ask = async <T>(command: string, ...args: unknown[]): Promise<T> => {
    const id = ++last
    const { result, error } = await new Promise<Answer>((resolve) => {
      asked.set(id, resolve)
      child.send({ id, command, args })
    })
    if (error !== undefined) throw new Error(stripVTControlCharacters(error))
    return result as T
  }

  const { error } = await ready
  if (error !== undefined) throw new Error(error)
  return {
    version: async () => ask('version'),
    build: async (config) => ask('build', config),
    preview: async (config) => ask('preview', await withPort(config)),
    serve: async (config) => ask('serve', await withPort(config)),
    stop: async (url) => ask('stop', url),
    call: async (module, name) => ask('call', module, name),
    warnings: async () =>
      (await ask<string[]>('warnings')).map((text) => stripVTControlCharacters(text)),
    end: async () => {
      child.kill('SIGKILL')
      await gone
    },
  }
}

/** To older versions of Vite, port 0 is none. */
async function withPort({ module, settings }: ViteConfig): Promise<ViteConfig> {
  return { module, settings: { ...settings, port: await findClosedPort() } }
}
