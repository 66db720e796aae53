import type * as vite8 from 'vite'
import { describe, expect, it } from 'vitest'
import { build } from '../helpers/build.ts'
import { startEmulator } from '../helpers/emulator.ts'
import { heroProject, optionsFor } from '../helpers/hero.ts'
import { viteVersions } from '../helpers/vite-versions.ts'

/** What frameworks on top of Vite do to pictures. */
describe.each(viteVersions)('%s', (host) => {
  it('refuses a reference that another plugin resolves to what is no file', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('/logo.png?magnific=2x')
    const plugin: vite8.Plugin = {
      name: 'public-files',
      resolveId: (id) => (id.startsWith('/logo.png') ? `\0public:${id}` : undefined),
      load: (id) => (id.startsWith('\0public:') ? 'export default "/logo.png"' : undefined),
    }
    const { error } = await build(host, project, {
      options: optionsFor(emulator),
      vite: { plugins: [plugin] },
    })
    expect(error).toMatch(
      /"\/logo\.png\?magnific=2x" is resolved to "public:\/logo\.png.*" by another plugin/,
    )
    expect(error).toContain('main.js')
    expect(emulator.calls).toHaveLength(0)
  })

  it('gives URLs by `as` where images are more than a URL to a framework', async () => {
    const emulator = await startEmulator()
    const project = await heroProject(
      './hero.png?magnific=2x&w=60;120&as=srcset',
      './hero.png?magnific=2x',
    )
    const plugin: vite8.Plugin = {
      name: 'metadata',
      enforce: 'pre',
      load: (id) => (id.endsWith('.png') ? 'export default { width: "of the framework" }' : null),
    }
    const { code, error } = await build(host, project, {
      options: optionsFor(emulator),
      vite: { plugins: [plugin] },
    })
    expect(error).toBeUndefined()
    expect(code).toMatch(/hero-[\w-]{8}\.png/)
    expect(code.split('of the framework')).toHaveLength(2)
  })

  it('warns of texts that begin as aliases do, and not of those that a compiler leaves beside an import', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    const main = project.read('src/main.js').toString()
    const logOf = async (code: string): Promise<string> => {
      project.write('src/main.js', main + code)
      const { error, log } = await build(host, project, { options: optionsFor(emulator) })
      expect(error).toBeUndefined()
      return log
    }
    expect(await logOf("console.log('./hero.png?magnific=2x')")).not.toContain('is a text')
    expect(await logOf("console.log('./hero.png?magnific=4x')")).toContain('is a text')
    expect(await logOf("console.log('~/hero.png?magnific=2x')")).toContain(
      '"~/hero.png?magnific=2x" in',
    )
  })
})
