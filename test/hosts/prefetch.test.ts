import { describe, expect, it } from 'vitest'
import { build, hosts } from '../helpers/build.ts'
import type { Host } from '../helpers/build.ts'
import { postsTo, startEmulator } from '../helpers/emulator.ts'
import type { Emulator } from '../../src/emulator/index.ts'
import { optionsFor } from '../helpers/hero.ts'
import { makePng } from '../helpers/images.ts'
import { tmpProject } from '../helpers/project.ts'
import type { Project } from '../helpers/project.ts'

/** So long something is waited for that comes for certain, ms. */
const patience = 40_000

/** A chain of modules with an image in the last one, and another one that only a text speaks of. */
async function chainProject(): Promise<Project> {
  return tmpProject({
    'src/hero.png': await makePng({ width: 200, height: 160 }),
    'src/other.png': await makePng({ width: 200, height: 160, seed: 2 }),
    'src/main.js': "import './one.js'\n",
    'src/one.js': "import './two.js'\n",
    'src/two.js': "import hero from './hero.png?magnific=2x'\nconsole.log(hero)\n",
    'src/unused.js': "import other from './other.png?magnific=2x'\nconsole.log(other)\n",
  })
}

/** Holds the last module up until something was sent: without a prefetch it would wait for ever. */
function holdUntilSent(emulator: Emulator): {
  name: string
  transform: (code: string, id: string) => Promise<null>
} {
  return {
    name: 'hold',
    async transform(_, id) {
      if (id.endsWith('two.js')) await emulator.until(() => postsTo(emulator) > 0, patience)
      return null
    },
  }
}

describe.each(hosts)('with prefetch, %s', (host) => {
  it('submits what the sources refer to before it gets there, once, and nothing that no entry leads to', async () => {
    const project = await chainProject()
    const emulator = await startEmulator()
    const hold = holdUntilSent(emulator)
    const { error, assets, log } = await build(host, project, {
      options: { ...optionsFor(emulator), prefetch: true },
      ...(host.startsWith('vite') && { vite: { plugins: [hold] } }),
      ...(host === 'rollup' && { rollupPlugins: [hold] }),
    })
    expect(error).toBeUndefined()
    expect(assets.size).toBe(1)
    expect(emulator.tasks).toHaveLength(1)
    expect(log).toContain('1 image · 1 paid')
    expect(log).not.toContain('prefetched')
  })

  it('keeps to the sources that its globs name', async () => {
    const project = await chainProject()
    const emulator = await startEmulator()
    const { error, assets } = await build(host, project, {
      options: { ...optionsFor(emulator), prefetch: ['src/unused.js', 'src/main.js'] },
    })
    expect(error).toBeUndefined()
    expect(assets.size).toBe(1)
    expect(emulator.tasks).toHaveLength(1)
  })

  it('fails over what is wrong when the build gets there, and not before', async () => {
    const project = await chainProject()
    project.write('src/two.js', "import hero from './hero.png?magnific=3x'\nconsole.log(hero)\n")
    const emulator = await startEmulator()
    const { error = '' } = await build(host, project, {
      options: { ...optionsFor(emulator), prefetch: true },
    })
    expect(error).toContain('got "3x"')
    expect(error).toContain('two.js')
    expect(emulator.calls).toEqual([])
  })

  it('buys nothing where builds are frozen', async () => {
    const project = await chainProject()
    const emulator = await startEmulator()
    const { error = '', log } = await build(host, project, {
      options: { ...optionsFor(emulator), onMiss: 'error', prefetch: true },
    })
    expect(`${error}\n${log}`).toContain('1 image is not in the cache')
    expect(emulator.calls).toEqual([])
  })
})

/** As a plugin that leaves a module to somebody else. */
function dropUnused(id: string): { id: string; external: true } | null {
  return id === './unused.js' ? { id, external: true } : null
}

const withEntry: Record<string, (entry: string) => object> = {
  vite8: (input) => ({ vite: { build: { rollupOptions: { input } } } }),
}

describe('a prefetch', () => {
  it.each(['vite8', 'rollup', 'webpack'] as const)(
    'buys nothing that %s may leave out',
    async (host) => {
      const project = await chainProject()
      project.write(
        'src/main.js',
        "import './two.js'\nif (process.env.NODE_ENV === 'never') import('./unused.js')\n",
      )
      const emulator = await startEmulator()
      const late = {
        name: 'late',
        async transform(_: string, id: string) {
          if (id.endsWith('two.js')) await emulator.until(() => emulator.tasks.length > 0, patience)
          return null
        },
      }
      const { error, log } = await build(host, project, {
        options: { ...optionsFor(emulator), prefetch: true },
        ...(host === 'vite8' && { vite: { plugins: [late] } }),
        ...(host === 'rollup' && {
          rollupPlugins: [late, { name: 'drop', resolveId: dropUnused }],
        }),
      })
      expect(error).toBeUndefined()
      expect(log).not.toContain('was prefetched')
      expect(emulator.tasks).toHaveLength(1)
    },
  )

  it('tells of what the build did not use after all', async () => {
    const project = await chainProject()
    // Shaken off by the host, which the sources do not tell.
    project.write('src/one.js', "import('./unused.js')\nimport './two.js'\n")
    const emulator = await startEmulator()
    const { error, log } = await build('vite8', project, {
      options: { ...optionsFor(emulator), prefetch: true },
      vite: {
        plugins: [
          {
            name: 'drop',
            async transform(code: string, id: string) {
              if (!id.endsWith('one.js')) return null
              await emulator.until(
                () => emulator.calls.some(({ route }) => route === 'download'),
                patience,
              )
              await emulator.until(() => postsTo(emulator) === 2, patience)
              return code.replace(/^import\(.*$/m, '')
            },
          },
        ],
      },
    })
    expect(error).toBeUndefined()
    expect(postsTo(emulator)).toBe(2)
    expect(log).toContain('1 image was prefetched, and the build did not use it.')
    expect(log).toContain('src/other.png?magnific=2x  (src/unused.js:1)')
  })

  it('fetches what is paid for, and buys nothing, where nobody tells what the entries are', async () => {
    const project = await chainProject()
    const emulator = await startEmulator()
    const virtual = {
      name: 'virtual',
      resolveId: (id: string) => (id.includes('virtual:app') ? '\0virtual:app' : null),
      load: (id: string) =>
        id === '\0virtual:app' ? `import ${JSON.stringify(project.path('src/main.js'))}` : null,
    }
    const run = async (host: Host): Promise<string> => {
      const hold = {
        name: 'hold',
        async transform(_: string, id: string) {
          if (id.endsWith('one.js')) expect(postsTo(emulator)).toBe(0)
          return null
        },
      }
      const { log } = await build(host, project, {
        options: { ...optionsFor(emulator), prefetch: true },
        vite: { plugins: [virtual, hold], ...withEntry[host]?.('virtual:app') },
      })
      return log
    }
    expect(await run('vite8')).toContain('1 paid')
    expect(emulator.tasks).toHaveLength(1)
  })
})
