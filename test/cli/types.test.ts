import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { openDesk } from '../helpers/cli.ts'
import type { Desk } from '../helpers/cli.ts'

const source = "import a from './a.png?magnific=card'\nexport { a }\n"
const options = "{ presets: { card: { magnific: '2x', w: [1, 2] } } }"

const openTypesDesk = async (files: Record<string, string>): Promise<Desk> => {
  const desk = await openDesk()
  for (const [name, text] of Object.entries({
    'package.json': '{"type":"module"}',
    'src/a.ts': source,
    ...files,
  }))
    desk.project.write(name, text)
  return desk
}
const plugin = new URL(import.meta.resolve('unplugin-magnific/vite')).href
const viteConfig = (given: string): string =>
  `import magnific from '${plugin}'\nexport default { plugins: [magnific(${given})] }\n`

describe('magnific types', () => {
  it('takes presets from the Vite config, and writes where that says', async () => {
    const given = options.replace('{', "{ dts: 'src/images.d.ts', ")
    const { project, magnific } = await openTypesDesk({ 'vite.config.js': viteConfig(given) })
    expect(await magnific('types')).toEqual({
      code: 0,
      stdout: 'images.d.ts is written.\n',
      stderr: '',
    })
    const text = readFileSync(project.path('src/images.d.ts'), 'utf8')
    expect(text).toContain("declare module '*?magnific=card' {\n  const urls: [string, string]\n")
    expect(existsSync(project.path('.magnific'))).toBe(false)
  })

  it('takes them from a module where it is named, and a path from --out', async () => {
    const { project, magnific } = await openTypesDesk({
      'src/magnific.options.js': `export default ${options}`,
    })
    const args = ['types', '--config', 'magnific.options.js', '--out', '../types/a.d.ts']
    expect((await magnific(...args)).stdout).toBe('../types/a.d.ts is written.\n')
    expect(readFileSync(project.path('types/a.d.ts'), 'utf8')).toContain('[string, string]')
  })

  it('knows no presets without either', async () => {
    const { project, magnific } = await openTypesDesk({
      'src/b.ts': "import './a.png?magnific=2x'",
    })
    expect((await magnific('types')).code).toBe(0)
    const text = readFileSync(project.path('magnific.d.ts'), 'utf8')
    expect(text).toContain("'.*?magnific=2x'")
    expect(text).not.toContain('card')
  })

  it('works beside a Vite config without the plugin', async () => {
    const { project, magnific } = await openTypesDesk({
      'vite.config.mjs': "export default { root: 'src' }",
    })
    expect((await magnific('types')).stdout).toBe('magnific.d.ts is written.\n')
    expect(existsSync(project.path('src/magnific.d.ts'))).toBe(true)
  })

  it('looks only with --check, and ends with 1 where the file would change', async () => {
    const { project, magnific } = await openTypesDesk({ 'vite.config.js': viteConfig(options) })
    const missing = await magnific('types', '--check')
    expect([missing.code, missing.stdout]).toEqual([1, ''])
    expect(missing.stderr).toContain('../magnific.d.ts is not up to date. Run `magnific types`')
    expect(existsSync(project.path('magnific.d.ts'))).toBe(false)
    await magnific('types')
    expect(await magnific('types', '--check')).toEqual({
      code: 0,
      stdout: '../magnific.d.ts is up to date.\n',
      stderr: '',
    })
    project.write('src/b.ts', "import './a.png?magnific=2x'")
    const before = readFileSync(project.path('magnific.d.ts'), 'utf8')
    expect((await magnific('types', '--check')).code).toBe(1)
    expect(readFileSync(project.path('magnific.d.ts'), 'utf8')).toBe(before)
  })

  it('leaves a file alone that is up to date, as git may have checked it out too', async () => {
    const { project, magnific } = await openTypesDesk({})
    await magnific('types')
    const file = project.path('magnific.d.ts')
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll('\n', '\r\n'))
    const before = statSync(file)
    expect((await magnific('types', '--check')).code).toBe(0)
    const { stdout } = await magnific('types', '--json')
    expect(JSON.parse(stdout)).toEqual({ file, changed: false })
    const after = statSync(file)
    expect([after.ino, after.mtimeMs]).toEqual([before.ino, before.mtimeMs])
  })

  it.each([
    ['a Vite config that fails', { 'vite.config.js': "throw new Error('broken')" }, [], 'broken'],
    [
      'options that are refused',
      { 'vite.config.js': viteConfig('{ preset: 1 }') },
      [],
      'Unknown option `preset`',
    ],
    ['options that are not there', {}, ['--config', 'none.js'], 'none.js cannot be loaded'],
    [
      'a module without options',
      { 'src/none.js': '' },
      ['--config', 'none.js'],
      'it has no default export',
    ],
  ])('explains %s', async (_, files, args, explanation) => {
    const { project, magnific } = await openTypesDesk(files)
    const { code, stdout, stderr } = await magnific('types', ...args)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain(explanation)
    expect(existsSync(project.path('magnific.d.ts'))).toBe(false)
  })
})
