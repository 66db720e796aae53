import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { tmpProject } from './project.ts'
import type { OnEnd, Project } from './project.ts'

const repository = fileURLToPath(new URL('../../', import.meta.url))

/** A repository as a git host has it, and a clone that people work in. */
export interface Remote {
  /** Where people work. */
  work: Project
  /** Commits all that is in the clone, to a branch of the host. */
  push(branch: string): void
  /** What a runner's checkout gives: a fresh clone at a branch, or at what is told by one. */
  clone(ref: string): string
}

/** Packs the package once, as it would be published. */
export function packTarball(onEnd: OnEnd): string {
  const { dir } = tmpProject({}, onEnd)
  execFileSync('npm', ['pack', '--silent', '--pack-destination', dir], { cwd: repository })
  return join(dir, readdirSync(dir).find((name) => name.endsWith('.tgz')) ?? '')
}

/**
 * A repository with a Vite project in it that depends on the packed plugin.
 *
 * @param tarball see `packTarball`
 * @param more packages that it has beside it
 */
export function createRemote(
  tarball: string,
  files: Record<string, string | Uint8Array>,
  onEnd?: OnEnd,
  more: readonly string[] = [],
): Remote {
  const work = tmpProject({ ...describePackages(tarball, more), ...files }, onEnd)
  copyFileSync(tarball, work.path('unplugin-magnific.tgz'))
  const host = tmpProject({}, onEnd)
  const bare = host.path('site.git')
  git(host.dir, 'init', '--bare', '--quiet', '--initial-branch=main', bare)
  git(work.dir, 'init', '--quiet', '--initial-branch=main')
  git(work.dir, 'remote', 'add', 'origin', bare)
  return {
    work,
    push: (branch) => {
      git(work.dir, 'add', '--all')
      git(work.dir, 'commit', '--quiet', '--allow-empty', '--message', 'Work')
      git(work.dir, 'push', '--quiet', 'origin', `HEAD:refs/heads/${branch}`)
    },
    clone: (ref) => {
      const { dir } = tmpProject({}, onEnd)
      const folder = join(dir, 'site')
      git(dir, 'clone', '--quiet', '--no-checkout', bare, folder)
      git(folder, 'checkout', '--quiet', '--detach', `origin/${ref}`)
      return folder
    },
  }
}

/** Runs git, as somebody. */
export function git(cwd: string, ...args: string[]): string {
  const who = ['-c', 'user.name=Somebody', '-c', 'user.email=somebody@example.com']
  return execFileSync('git', [...who, ...args], { cwd, encoding: 'utf8' })
}

type LockEntry = Record<string, unknown> & {
  version: string
  dependencies?: Record<string, string> | undefined
  optionalDependencies?: Record<string, string>
}

/**
 * A package.json and its lock: the packed plugin, Vite, and what both need, in the versions that are installed here. So
 * `npm ci` finds all of it in npm's own cache, or else in the registry.
 */
function describePackages(tarball: string, more: readonly string[]): Record<string, string> {
  const { packages: known } = readJson('package-lock.json') as {
    packages: Record<string, LockEntry>
  }
  const own = readJson('package.json') as Record<string, unknown> & LockEntry
  const taken: Record<string, LockEntry> = {}
  const take = (path: string): void => {
    const entry = known[path]
    if (!entry || taken[path]) return
    const { dev: _dev, devOptional: _devOptional, peer: _peer, ...rest } = entry
    taken[path] = rest
    for (const name of Object.keys({ ...entry.dependencies, ...entry.optionalDependencies })) {
      take(findPackage(known, path, name))
    }
  }
  const names = [...Object.keys(own.dependencies ?? {}), 'vite', ...more]
  for (const name of names) take(`node_modules/${name}`)
  const { version, bin, dependencies, peerDependencies, peerDependenciesMeta } = own
  taken['node_modules/unplugin-magnific'] = {
    version,
    resolved: 'file:unplugin-magnific.tgz',
    integrity: `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`,
    bin,
    dependencies,
    peerDependencies,
    peerDependenciesMeta,
  }
  const devDependencies = {
    'unplugin-magnific': 'file:unplugin-magnific.tgz',
    ...Object.fromEntries(
      ['vite', ...more].map((name) => [name, known[`node_modules/${name}`]?.version]),
    ),
  }
  const scripts = { build: 'vite build' }
  return {
    'package.json': JSON.stringify({ name: 'site', type: 'module', scripts, devDependencies }),
    'package-lock.json': JSON.stringify({
      name: 'site',
      lockfileVersion: 3,
      requires: true,
      packages: { '': { name: 'site', devDependencies }, ...taken },
    }),
  }
}

/** Where Node finds a package from another one. */
function findPackage(known: Record<string, LockEntry>, from: string, name: string): string {
  for (
    let folder = from;
    folder !== '';
    folder = folder.slice(0, folder.lastIndexOf('node_modules/')).replace(/\/$/, '')
  ) {
    const path = `${folder}/node_modules/${name}`
    if (known[path]) return path
  }
  return `node_modules/${name}`
}

function readJson(name: string): unknown {
  return JSON.parse(readFileSync(join(repository, name), 'utf8'))
}
