import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, renameSync, statSync, symlinkSync } from 'node:fs'
import { describe, expect, it, vi } from 'vitest'
import { runInit } from '../../../src/cli/init/index.ts'
import { attributes, recipes } from '../../../src/cli/init/recipes.ts'
import { readTree } from '../../helpers/canary.ts'
import { configProject, loadPlugins, runCli } from '../../helpers/config-project.ts'
import type { Ran } from '../../helpers/config-project.ts'
import type { Project } from '../../helpers/project.ts'
import { git } from '../../helpers/remote.ts'

const config =
  "import { defineConfig } from 'vite'\n\nexport default defineConfig({ plugins: [] })\n"
const edited =
  "import { defineConfig } from 'vite'\nimport magnific from 'unplugin-magnific/vite'\n\nexport default defineConfig({ plugins: [magnific()] })\n"

function startProject(files: Record<string, string> = {}): {
  project: Project
  init: (...args: string[]) => Promise<Ran>
  read: (name: string) => string
} {
  const project = configProject({
    'package.json': '{ "devDependencies": { "unplugin-magnific": "*" } }',
    'vite.config.js': config,
    '.gitignore': 'node_modules\n',
    ...files,
  })
  git(project.dir, 'init', '--quiet')
  return {
    project,
    init: async (...args) => runCli(project.dir, ['init', ...args]),
    read: (name) => readFileSync(project.path(name), 'utf8'),
  }
}

/** All files of a project with their bytes, but for what it has installed and git's own. */
function filesOf({ dir }: Project): Record<string, string> {
  const isOwn = ([name]: [string, string]): boolean => !/^(?:node_modules|\.git)\//.test(name)
  return Object.fromEntries(Object.entries(readTree(dir)).filter(isOwn))
}

describe('magnific init', () => {
  it('sets up a project, and changes nothing the second time', async () => {
    const { project, init, read } = startProject({
      'tsconfig.json': '{ "compilerOptions": { "types": [] } }\n',
    })
    const first = await init('--yes', '--ci', 'github')
    expect([first.code, first.stderr]).toEqual([0, ''])
    expect(first.stdout).toContain(
      'Written: vite.config.js, tsconfig.json, .gitignore, .gitattributes, .github/workflows/magnific.yml.',
    )
    expect(read('vite.config.js')).toBe(edited)
    expect(read('tsconfig.json')).toBe(
      '{ "compilerOptions": { "types": ["unplugin-magnific/client"] } }\n',
    )
    expect(read('.gitignore')).toBe('node_modules\n.env.local\n')
    expect(read('.gitattributes')).toBe(attributes.commit)
    expect(read('.github/workflows/magnific.yml')).toBe(recipes.github.commit)
    const before = filesOf(project)
    const second = await init('--yes', '--ci', 'github')
    expect(second.code).toBe(0)
    expect(second.stdout).toContain('Nothing is to be written.')
    expect(filesOf(project)).toEqual(before)
  })

  it('shows a diff that git can apply, and writes nothing without being told to', async () => {
    const { project, init } = startProject()
    const before = filesOf(project)
    const asked = await init()
    expect(asked.code).toBe(1)
    expect(asked.stderr).toContain('Add --yes')
    const shown = await init('--dry-run')
    expect([shown.code, shown.stderr]).toEqual([0, ''])
    expect(shown.stdout).toContain("+import magnific from 'unplugin-magnific/vite'\n")
    expect(asked.stdout).toBe(shown.stdout)
    expect(filesOf(project)).toEqual(before)
    execFileSync('git', ['apply', '-'], { cwd: project.dir, input: shown.stdout })
    const applied = filesOf(project)
    expect(applied['vite.config.js']).toBe(edited)
    await init('--yes')
    expect(filesOf(project)).toEqual(applied)
  })

  it('asks on a terminal, and takes no for an answer', async () => {
    const { project } = startProject()
    vi.spyOn(process, 'cwd').mockReturnValue(project.dir)
    const before = filesOf(project)
    const answer = async (yes: boolean): Promise<{ asked: string[]; said: string[] }> => {
      const said: string[] = []
      const asked: string[] = []
      const confirm = async (question: string): Promise<boolean> => {
        asked.push(question)
        return yes
      }
      await runInit({}, { write: (text) => void said.push(text), confirm })
      return { asked, said }
    }
    const no = await answer(false)
    expect(no.asked).toEqual(['Write these 3 files'])
    expect(no.said.at(-1)).toBe('Nothing is written.')
    expect(filesOf(project)).toEqual(before)
    await answer(true)
    expect(filesOf(project)['vite.config.js']).toBe(edited)
    expect((await answer(true)).asked).toEqual([])
    vi.restoreAllMocks()
  })

  it('prints an object for programs', async () => {
    const { project, init } = startProject()
    const asked = await init('--json')
    expect(asked.code).toBe(1)
    const { stdout, code } = await init('--json', '--yes')
    expect(code).toBe(0)
    const said = JSON.parse(stdout) as object
    expect(said).toMatchObject({
      root: project.dir,
      host: 'vite',
      files: [
        { file: 'vite.config.js', action: 'change', written: true },
        { file: '.gitignore', action: 'change', written: true },
        { file: '.gitattributes', action: 'create', written: true },
      ],
      notes: [],
      byHand: [],
    })
    expect(JSON.parse(asked.stdout)).toMatchObject({ files: [{ written: false }, {}, {}] })
  })

  it('works from a folder below, and says how to install the plugin', async () => {
    const { project, read } = startProject({
      'package.json': '{}',
      'pnpm-lock.yaml': '',
      'src/main.js': '',
    })
    const { code, stdout } = await runCli(project.path('src'), ['init', '--yes'])
    expect(code).toBe(0)
    expect(stdout).toContain('pnpm add --save-dev unplugin-magnific')
    expect(read('vite.config.js')).toBe(edited)
  })

  it('leaves to a person what it does not understand, does the rest, and ends with 1', async () => {
    const text = 'export default { plugins: createPlugins() }\n'
    const { init, read } = startProject({ 'vite.config.js': text })
    const { code, stdout, stderr } = await init('--yes')
    expect(code).toBe(1)
    expect(stdout).toContain(
      "vite.config.js makes its list of plugins somewhere else. Add the plugin yourself, in front of the others:\n    import magnific from 'unplugin-magnific/vite'\n    plugins: [magnific()]\n",
    )
    expect(stderr).toContain('Something is left for you to do')
    expect(read('vite.config.js')).toBe(text)
    expect(read('.gitattributes')).toBe(attributes.commit)
    expect((await init('--yes')).code).toBe(1)
  })

  it.each([
    ['nothing', {}, [], 1, 'that is known: vite.config.*, webpack.config.*, '],
    [
      'two hosts',
      { 'vite.config.ts': '', 'webpack.config.js': '' },
      [],
      1,
      'There is more than one config in ',
    ],
    [
      'another one',
      { 'vite.config.ts': '' },
      ['--host', 'webpack'],
      1,
      'There is no webpack.config.*',
    ],
    [
      'bad flags',
      {},
      ['--host', 'parcel', '--cache', 's3', '--ci', 'travis'],
      2,
      '--host must be one of vite, webpack, rspack, rollup, rolldown, astro, nuxt, next, rsbuild, got "parcel".\n--cache must be one of commit, lfs, ci, got "s3".\n--ci must be one of github, gitlab, none, got "travis".',
    ],
  ])('explains %s', async (_, files, args, code, says) => {
    const project = configProject(files)
    const ran = await runCli(project.dir, ['init', '--yes', ...args])
    expect([ran.code, ran.stdout]).toEqual([code, ''])
    expect(ran.stderr).toContain(says)
  })

  it.each([
    ['next', 'export default withMagnific('],
    ['rsbuild', 'tools: { rspack: { plugins: [magnific()] } }'],
  ])('says what to write into a config of %s, and does the rest', async (host, line) => {
    const file = `${host}.config.ts`
    const project = configProject({ [file]: 'export default {}\n' })
    const ran = await runCli(project.dir, ['init', '--yes'])
    expect(ran.code).toBe(1)
    expect(ran.stdout).toContain(`${file} is for you to edit:\n    import `)
    expect(ran.stdout).toContain(line)
    expect(ran.stdout).toContain('Written: .gitignore')
    project.write(file, `import 'unplugin-magnific/next'\n`)
    const again = await runCli(project.dir, ['init', '--yes'])
    expect([again.code, again.stdout]).toEqual([
      0,
      expect.stringContaining(`The plugin is in ${file} already.`),
    ])
  })

  it.each(['js', 'ts'])('makes a config for a Vite project that has none: %s', async (type) => {
    const files = type === 'ts' ? { 'tsconfig.json': '{}' } : {}
    const project = configProject(files)
    expect((await runCli(project.dir, ['init', '--host', 'vite', '--yes'])).code).toBe(0)
    const [first] = await loadPlugins('vite', project, `vite.config.${type}`)
    expect(first).toBe('unplugin-magnific:setup')
  })

  it('writes nothing at all where one file is read-only', async () => {
    const { project, init } = startProject()
    chmodSync(project.path('.gitignore'), 0o444)
    const before = filesOf(project)
    const { code, stderr } = await init('--yes')
    expect(code).toBe(1)
    expect(stderr).toContain(`${project.path('.gitignore')} cannot be written: it is read-only.`)
    expect(filesOf(project)).toEqual(before)
  })

  it('keeps the mode of a file, and writes what a link leads to', async () => {
    const { project, init, read } = startProject()
    renameSync(project.path('vite.config.js'), project.path('real.js'))
    symlinkSync('real.js', project.path('vite.config.js'))
    chmodSync(project.path('real.js'), 0o640)
    expect((await init('--yes')).code).toBe(0)
    expect(read('real.js')).toBe(edited)
    expect(statSync(project.path('real.js')).mode & 0o777).toBe(0o640)
    expect(existsSync(project.path('vite.config.js'))).toBe(true)
    expect(Object.keys(filesOf(project)).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })
})

describe('the lines for git', () => {
  it.each([
    ['commit', 'node_modules\n.env.local\n', attributes.commit],
    ['lfs', 'node_modules\n.env.local\n', attributes.lfs],
    ['ci', 'node_modules\n.env.local\n.magnific/\n', undefined],
  ])('with --cache %s', async (way, ignored, kept) => {
    const { project, init, read } = startProject()
    expect((await init('--yes', '--cache', way)).code).toBe(0)
    expect(read('.gitignore')).toBe(ignored)
    expect(existsSync(project.path('.gitattributes')) ? read('.gitattributes') : undefined).toBe(
      kept,
    )
    expect((await init('--yes', '--cache', way)).stdout).toContain('Nothing is to be written.')
  })

  it.each(['*.local', '.env*'])('leave alone what %s ignores already', async (line) => {
    const { init, read } = startProject({ '.gitignore': `${line}\n` })
    await init('--yes')
    expect(read('.gitignore')).toBe(`${line}\n`)
  })

  it('are added to files without an end of line, and with CRLF', async () => {
    const { init, read } = startProject({
      '.gitignore': 'node_modules\r\ndist',
      '.gitattributes': '* text=auto',
    })
    await init('--yes')
    expect(read('.gitignore')).toBe('node_modules\r\ndist\r\n.env.local\r\n')
    expect(read('.gitattributes')).toBe(`* text=auto\n${attributes.commit}`)
  })

  it('say so where git ignores what it is to take in', async () => {
    const { init } = startProject({ '.gitignore': '.magnific\n' })
    const { code, stdout } = await init('--yes')
    expect(code).toBe(1)
    expect(stdout).toContain(
      'git ignores .magnific/, which --cache commit and --cache lfs take in.',
    )
  })

  it('are written without a repository too', async () => {
    const project = configProject({ 'vite.config.js': config })
    await runCli(project.dir, ['init', '--yes', '--cache', 'ci'])
    expect(readFileSync(project.path('.gitignore'), 'utf8')).toBe('.env.local\n.magnific/\n')
    const again = await runCli(project.dir, ['init', '--yes', '--cache', 'ci'])
    expect(again.stdout).toContain('Nothing is to be written.')
  })
})

describe('the build for CI', () => {
  it('is offered where a project has others, and written where it is asked for', async () => {
    const { init, read } = startProject({ '.github/workflows/test.yml': 'on: push\n' })
    expect((await init('--yes')).stdout).toContain('--ci github writes a build for CI as well')
    await init('--yes', '--ci', 'github', '--cache', 'ci')
    expect(read('.github/workflows/magnific.yml')).toBe(recipes.github.ci)
    expect(read('.github/workflows/test.yml')).toBe('on: push\n')
  })

  it('is left to a person where there is another one under its name', async () => {
    const { init, read } = startProject({ '.gitlab-ci.yml': 'test:\n  script: npm test\n' })
    const { code, stdout } = await init('--yes', '--ci', 'gitlab', '--cache', 'ci')
    expect(code).toBe(1)
    expect(stdout).toContain('.gitlab-ci.yml is there already, and is another one.')
    expect(stdout).toContain('    resource_group: magnific-$CI_COMMIT_REF_SLUG')
    expect(read('.gitlab-ci.yml')).toBe('test:\n  script: npm test\n')
  })

  it('is left to a person where the project is a part of a repository', async () => {
    const { project } = startProject({
      'packages/site/package.json': '{}',
      'packages/site/vite.config.js': config,
    })
    const { code, stdout } = await runCli(project.path('packages/site'), [
      'init',
      '--yes',
      '--ci',
      'github',
    ])
    expect(code).toBe(1)
    expect(stdout).toContain('The project is a part of a repository')
    expect(existsSync(project.path('packages/site/.github'))).toBe(false)
    expect(existsSync(project.path('packages/site/.gitattributes'))).toBe(true)
  })
})
