import { copyFileSync, existsSync, readFileSync, renameSync, rmSync, utimesSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Emulator } from '../../src/emulator/index.ts'
import { build, hosts } from '../helpers/build.ts'
import type { BuildSettings, Built, Host } from '../helpers/build.ts'
import { startEmulator } from '../helpers/emulator.ts'
import { heroProject, optionsFor, writeEntry } from '../helpers/hero.ts'
import { describeImage, makeJpeg, makePng, makeWebp } from '../helpers/images.ts'
import type { Project } from '../helpers/project.ts'

/** What every host must do, with the same words in it for each. */
describe.each(hosts)('%s', (host: Host) => {
  const buildWith = async (
    project: Project,
    emulator: Emulator,
    settings: BuildSettings = {},
  ): Promise<Built> =>
    build(host, project, {
      ...settings,
      options: { ...optionsFor(emulator), ...settings.options },
    })

  it('ships the upscaled image in place of the original, under its name', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=4x')
    const built = await buildWith(project, emulator)

    expect(built.error).toBeUndefined()
    expect([...built.assets.keys()]).toEqual([expect.stringMatching(/^hero-[\w-]{8}\.png$/)])
    const [name, bytes] = [...built.assets][0]
    expect(await describeImage(bytes)).toEqual({ format: 'png', width: 240, height: 160 })
    expect(built.code).toContain(name)
    expect(built.code).not.toContain('?magnific')
    expect(emulator.tasks).toHaveLength(1)
  })

  it('pays nothing for the second build, and makes the same of it', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    const first = await buildWith(project, emulator)
    const calls = emulator.calls.length
    const second = await buildWith(project, emulator, { options: { apiKey: undefined } })

    expect(second.error).toBeUndefined()
    expect(second.assets).toEqual(first.assets)
    expect(second.code).toBe(first.code)
    expect(emulator.calls).toHaveLength(calls)
    expect(second.log).toContain('1 image · 1 cached · nothing paid')
  })

  it('asks once for a picture that is imported in many ways', async () => {
    const emulator = await startEmulator()
    const project = await heroProject(
      './hero.png?magnific=2x&hdr=3',
      './hero.png?hdr=3&magnific=2x',
      './hero.png?magnific&hdr=3',
      './hero.png?magnific=2x&hdr=3&creativity=0&engine=automatic',
      './copy.png?magnific=2x&hdr=3',
    )
    copyFileSync(project.path('src/hero.png'), project.path('src/copy.png'))
    const built = await buildWith(project, emulator)

    expect(built.error).toBeUndefined()
    expect(emulator.tasks).toHaveLength(1)
    // Hosts that name by content keep one of two files that are alike.
    for (const name of built.assets.keys()) expect(name).toMatch(/^(?:hero|copy)-/)
  })

  it('takes a changed source, param or preset for another image', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=hero')
    const withPreset = async (hdr: number): Promise<Built> =>
      buildWith(project, emulator, { options: { presets: { hero: { magnific: '2x', hdr } } } })

    await withPreset(1)
    await withPreset(1)
    expect(emulator.tasks).toHaveLength(1)
    const changedPreset = await withPreset(2)
    expect(emulator.tasks).toHaveLength(2)
    project.write('src/hero.png', await makePng({ seed: 2 }))
    const changedSource = await withPreset(2)
    expect(emulator.tasks).toHaveLength(3)
    writeEntry(project, './hero.png?magnific=hero&creativity=1')
    await withPreset(2)
    expect(emulator.tasks).toHaveLength(4)
    expect(changedSource.assets).not.toEqual(changedPreset.assets)
    expect(emulator.tasks.map(({ params }) => params)).toEqual([
      { scale_factor: '2x', hdr: 1 },
      { scale_factor: '2x', hdr: 2 },
      { scale_factor: '2x', hdr: 2 },
      { scale_factor: '2x', hdr: 2, creativity: 1 },
    ])
  })

  it('takes a renamed, copied or touched file for the same image', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    await buildWith(project, emulator)
    copyFileSync(project.path('src/hero.png'), project.path('src/copy.png'))
    renameSync(project.path('src/hero.png'), project.path('src/renamed.png'))
    utimesSync(project.path('src/renamed.png'), new Date(0), new Date(0))
    writeEntry(project, './renamed.png?magnific=2x', './copy.png?magnific=2x')
    const built = await buildWith(project, emulator)

    expect(built.error).toBeUndefined()
    expect(emulator.tasks).toHaveLength(1)
    for (const name of built.assets.keys()) expect(name).toMatch(/^(?:renamed|copy)-/)
  })

  it('hands every field to the API exactly, and nothing that was not said', async () => {
    const emulator = await startEmulator()
    const project = await heroProject(
      './hero.png?magnific=2x&optimized_for=3d_renders&prompt=a%20%26%20b%3D%C3%A9%20%22c%22&creativity=-10&hdr=10&resemblance=-1&fractality=0&engine=magnific_sparkle&filter_nsfw=true',
      './hero.png?magnific',
    )
    const built = await buildWith(project, emulator)

    expect(built.error).toBeUndefined()
    expect(emulator.tasks.map(({ params }) => params)).toEqual(
      expect.arrayContaining([
        {
          scale_factor: '2x',
          optimized_for: '3d_renders',
          prompt: 'a & b=é "c"',
          creativity: -10,
          hdr: 10,
          resemblance: -1,
          fractality: 0,
          engine: 'magnific_sparkle',
          filter_nsfw: true,
        },
        {},
      ]),
    )
    expect(emulator.tasks).toHaveLength(2)
  })

  it('ships what a name says, whatever the API answers and the file holds', async () => {
    const emulator = await startEmulator({ resultFormat: 'png' })
    const project = await heroProject(
      './photo.jpg?magnific=2x',
      './still.webp?magnific=2x',
      './liar.png?magnific=2x',
      './liar.jpg?magnific=2x',
    )
    project.write('src/photo.jpg', await makeJpeg({ seed: 3 }))
    project.write('src/still.webp', await makeWebp({ seed: 4 }))
    project.write('src/liar.png', await makeJpeg({ seed: 5 }))
    project.write('src/liar.jpg', await makePng({ seed: 6 }))
    const built = await buildWith(project, emulator)

    expect(built.error).toBeUndefined()
    const shipped = await Promise.all(
      [...built.assets].map(async ([name, bytes]) => {
        const { format, width } = await describeImage(bytes)
        return [name.replace(/-[\w-]{8}\./, '.'), format, width]
      }),
    )
    expect(shipped.toSorted(([a], [b]) => String(a).localeCompare(String(b)))).toEqual([
      ['liar.jpg', 'jpeg', 120],
      ['liar.png', 'png', 120],
      ['photo.jpg', 'jpeg', 120],
      ['still.webp', 'webp', 120],
    ])
  })

  it('makes everything again from what was paid for, when only that is kept', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./photo.jpg?magnific=2x', './hero.png?magnific=2x')
    project.write('src/photo.jpg', await makeJpeg())
    const first = await buildWith(project, emulator)
    const calls = emulator.calls.length
    for (const name of ['variants', 'memo.json', 'tmp', 'journal']) {
      rmSync(project.path('.magnific/v1', name), { recursive: true, force: true })
    }
    const second = await buildWith(project, emulator)

    expect(second.error).toBeUndefined()
    expect(second.assets).toEqual(first.assets)
    expect(emulator.calls).toHaveLength(calls)
  })

  it('tells of a cache directory that cannot be used, and buys nothing', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    project.write('.magnific', 'a file, of all things')
    const { error } = await buildWith(project, emulator)
    expect(error).toContain(`The cache directory ${project.path('.magnific')} cannot be used`)
    expect(error).toContain(project.path('src/hero.png'))
    expect(emulator.tasks).toHaveLength(0)
  })

  it('takes up a task that an earlier build did not wait for', async () => {
    const emulator = await startEmulator({ latency: Number.POSITIVE_INFINITY })
    const project = await heroProject('./hero.png?magnific=2x')
    const first = await buildWith(project, emulator, { options: { deadline: 1000 } })
    expect(first.error).toContain('Build again later: it takes up this task and pays nothing more.')
    expect(first.assets.size).toBe(0)

    emulator.complete()
    const second = await buildWith(project, emulator)
    expect(second.error).toBeUndefined()
    expect(second.log).toContain('1 resumed')
    expect(emulator.tasks).toHaveLength(1)
  })

  it('says what it did: a line for each image, a table, and the totals', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x', './hero.png?magnific=4x')
    const built = await buildWith(project, emulator)

    expect(built.log).toMatch(
      /magnific src\/hero\.png {2}60×40 → 240×160 {2}paid {2}[\d.]+s {2}~€0\.20/,
    )
    expect(built.log).toMatch(
      /src\/hero\.png {2}[\d.]+ kB → [\d.]+ kB {2,}60×40 → 120×80 {2,}paid {2}[\d.]+s {2}~€0\.10/,
    )
    expect(built.log).toContain(
      `2 images · 2 paid · ~€0.30 (an estimate) · an emulator at ${emulator.url}, not Magnific`,
    )
  })

  describe('onMiss', () => {
    it("'error' buys nothing and fails, with the way out", async () => {
      const emulator = await startEmulator()
      const project = await heroProject('./hero.png?magnific=2x')
      const built = await buildWith(project, emulator, { options: { onMiss: 'error' } })
      expect(built.error).toContain("1 image is not in the cache, and onMiss: 'error' buys nothing")
      expect(built.error).toContain('Run `npx magnific upscale`')
      expect(built.error).toContain(project.path('src/hero.png'))
      expect(emulator.calls).toHaveLength(0)
      expect(existsSync(project.path('.magnific'))).toBe(false)
    })

    it("'error' is content with what is cached, without a key", async () => {
      const emulator = await startEmulator()
      const project = await heroProject('./hero.png?magnific=2x')
      await buildWith(project, emulator)
      const calls = emulator.calls.length
      const built = await build(host, project, {
        options: { baseUrl: emulator.url, onMiss: 'error' },
      })
      expect(built.error).toBeUndefined()
      expect(built.assets.size).toBe(1)
      expect(emulator.calls).toHaveLength(calls)
    })

    it("'preview' ships a local picture of the right size and says so", async () => {
      const emulator = await startEmulator()
      const project = await heroProject('./photo.jpg?magnific=4x')
      project.write('src/photo.jpg', await makeJpeg())
      const built = await buildWith(project, emulator, { options: { onMiss: 'preview' } })
      expect(built.error).toBeUndefined()
      const [bytes] = built.assets.values()
      expect(await describeImage(bytes)).toEqual({ format: 'jpeg', width: 240, height: 160 })
      expect(built.log).toContain('not upscaled, as onMiss says')
      expect(emulator.calls).toHaveLength(0)

      const paid = await buildWith(project, emulator)
      expect(paid.log).toContain('1 paid')
      expect(emulator.tasks).toHaveLength(1)
    })

    it("'original' ships the source and says so", async () => {
      const emulator = await startEmulator()
      const project = await heroProject('./hero.png?magnific=4x')
      const built = await buildWith(project, emulator, { options: { onMiss: 'original' } })
      expect(built.error).toBeUndefined()
      const [bytes] = built.assets.values()
      expect(bytes).toEqual(readFileSync(project.path('src/hero.png')))
      expect(built.log).toContain('1 original')
      expect(emulator.calls).toHaveLength(0)
    })
  })
})
