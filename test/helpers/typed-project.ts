import { execFile, execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { tmpProject } from './project.ts'
import type { OnEnd, Project } from './project.ts'

const repository = fileURLToPath(new URL('../../', import.meta.url))
const fixtures = fileURLToPath(new URL('../fixtures/types/', import.meta.url))

/** What a type checker or a command said. */
export interface Said {
  code: number
  /** Both of its streams. */
  text: string
}

/**
 * Packs the package, as it would be published.
 *
 * @returns the folder that it is unpacked in
 */
export function packPackage(onEnd: OnEnd): string {
  const { dir } = tmpProject({}, onEnd)
  execFileSync('npm', ['pack', '--silent', '--pack-destination', dir], { cwd: repository })
  const name = readdirSync(dir).find((file) => file.endsWith('.tgz')) ?? ''
  execFileSync('tar', ['-xzf', join(dir, name), '-C', dir])
  return join(dir, 'package')
}

/**
 * A copy of a fixture of `test/fixtures/types`, with the packed package in its `node_modules`.
 *
 * @param packed see `packPackage`
 * @param linked packages of ours that it has beside it, and no others
 */
export function typedProject(fixture: string, packed: string, linked: readonly string[]): Project {
  const project = tmpProject({ 'package.json': '{ "type": "module" }' })
  cpSync(join(fixtures, fixture), project.dir, { recursive: true })
  cpSync(packed, project.path('node_modules', 'unplugin-magnific'), { recursive: true })
  for (const name of linked) {
    const link = project.path('node_modules', name)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(join(repository, 'node_modules', name), link, 'junction')
  }
  return project
}

/** Runs a type checker over a project. */
export async function checkTypes(project: Project, checker: 'tsc' | 'vue-tsc'): Promise<Said> {
  const script = checker === 'tsc' ? 'typescript/bin/tsc' : 'vue-tsc/bin/vue-tsc.js'
  return run(
    join(repository, 'node_modules', script),
    ['-p', project.dir, '--pretty', 'false'],
    project,
  )
}

/** Runs the command line as it is built here. */
export async function runMagnific(project: Project, ...args: string[]): Promise<Said> {
  return run(join(repository, 'dist', 'cli.js'), args, project)
}

async function run(script: string, args: readonly string[], { dir }: Project): Promise<Said> {
  const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined }
  return new Promise((resolve) => {
    execFile(process.execPath, [script, ...args], { cwd: dir, env }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, text: stdout + stderr })
    })
  })
}
