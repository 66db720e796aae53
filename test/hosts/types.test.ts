import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs'
import { describe, expect, it, vi } from 'vitest'
import type { Emulator } from '../../src/emulator/index.ts'
import type { Options } from '../../src/index.ts'
import { build, hosts } from '../helpers/build.ts'
import { startDevServer } from '../helpers/dev-server.ts'
import { startEmulator } from '../helpers/emulator.ts'
import { heroProject, optionsFor, writeEntry } from '../helpers/hero.ts'
import type { Project } from '../helpers/project.ts'
import { vites, viteVersions } from '../helpers/vite-versions.ts'

const presets = {
  hero: { magnific: '4x', w: 20, format: ['avif', 'webp'], as: 'picture' },
} as const
const typedOptions = (emulator: Emulator): Options => ({
  ...optionsFor(emulator),
  dts: true,
  presets,
})

const readTypes = (project: Project): string => readFileSync(project.path('magnific.d.ts'), 'utf8')
const listPatterns = (project: Project): string[] =>
  [...readTypes(project).matchAll(/^declare module '(.*)' \{$/gm)].map(([, name = '']) => name)

describe.each(hosts)('a build with %s', (host) => {
  it('writes the types of all sources, and of what it met beside them', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=hero', './hero.png?magnific=2x')
    project.write('src/unused.ts', "import a from '@/a.png?magnific=2x&w=640'\nexport { a }\n")
    project.write(
      'node_modules/pkg/index.js',
      "import a from '../../src/hero.png?magnific=2x&h=9'\nconsole.log(a)\n",
    )
    project.write('src/entry.js', "import '../node_modules/pkg/index.js'\nimport './main.js'\n")
    const settings = { entry: 'src/entry.js', options: typedOptions(emulator) }
    expect((await build(host, project, settings)).error).toBeUndefined()
    expect(listPatterns(project)).toEqual([
      '.*?magnific=2x',
      '*?magnific=2x&w=640',
      '*?magnific=hero',
      '*?magnific=2x&h=9',
      '*&magnific=hero',
    ])
    expect(readdirSync(project.dir).filter((name) => name.includes('magnific.d.ts'))).toEqual([
      'magnific.d.ts',
    ])
  })

  it('leaves a file that is up to date alone', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    const settings = { options: typedOptions(emulator) }
    await build(host, project, settings)
    utimesSync(project.path('magnific.d.ts'), 1, 1)
    const before = statSync(project.path('magnific.d.ts'))
    await build(host, project, settings)
    const after = statSync(project.path('magnific.d.ts'))
    expect([after.ino, after.mtimeMs]).toEqual([before.ino, before.mtimeMs])
    writeEntry(project, './hero.png?magnific=hero')
    await build(host, project, settings)
    expect(listPatterns(project)).toEqual(['*?magnific=hero', '*&magnific=hero'])
  })

  it('writes types where it is told to, and none where it is not', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    await build(host, project, { options: optionsFor(emulator) })
    expect(existsSync(project.path('magnific.d.ts'))).toBe(false)
    await build(host, project, { options: { ...typedOptions(emulator), dts: 'types/images.d.ts' } })
    expect(existsSync(project.path('magnific.d.ts'))).toBe(false)
    expect(readFileSync(project.path('types/images.d.ts'), 'utf8')).toContain("'.*?magnific=2x'")
  })

  it('succeeds where types cannot be written, and says so', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    mkdirSync(project.path('magnific.d.ts/in-the-way'), { recursive: true })
    const { error, assets, log } = await build(host, project, { options: typedOptions(emulator) })
    expect(error).toBeUndefined()
    expect(assets.size).toBe(1)
    expect(log).toContain('the types in magnific.d.ts are not brought up to date')
  })
})

describe.each(viteVersions)('a dev server of %s', (host) => {
  const vite = vites[host]
  it('has types before anything is loaded, and brings them up to date when sources change', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    // Polled, since other tests may hold all that the system watches.
    const watch = { usePolling: true, interval: 20 }
    await startDevServer(vite, project, typedOptions(emulator), { server: { watch } })
    const expectPatterns = async (patterns: readonly string[]): Promise<void> =>
      vi.waitFor(
        () =>
          expect(listPatterns(project)).toEqual([
            ...patterns,
            '*?magnific=hero',
            '*&magnific=hero',
          ]),
        { timeout: 20_000 },
      )
    await expectPatterns(['.*?magnific=2x'])
    writeEntry(project, './hero.png?magnific=4x')
    await expectPatterns(['.*?magnific=4x'])
    project.write('src/new.vue', '<script setup>import a from "./a.png?magnific=2x&w=3"</script>')
    await expectPatterns(['*?magnific=2x&w=3', '.*?magnific=4x'])
    rmSync(project.path('src/main.js'))
    await expectPatterns(['*?magnific=2x&w=3'])
    expect(emulator.tasks).toEqual([])
  })
})

it('a server does not take out what a build met', async () => {
  const emulator = await startEmulator()
  const project = await heroProject('./hero.png?magnific=2x')
  project.write(
    'node_modules/pkg/index.js',
    "import a from '../../src/hero.png?magnific=2x&h=9'\nconsole.log(a)\n",
  )
  project.write('src/entry.js', "import '../node_modules/pkg/index.js'\n")
  const options = typedOptions(emulator)
  await build('vite8', project, { entry: 'src/entry.js', options })
  const before = readTypes(project)
  expect(before).toContain("'*?magnific=2x&h=9'")
  const vite = vites.vite8
  const server = await startDevServer(vite, project, options)
  await server.vite.close()
  expect(readTypes(project)).toBe(before)
})
