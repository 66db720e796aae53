import { readFileSync, rmSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { buildInChild } from '../helpers/children.ts'
import type { ChildHost } from '../helpers/children.ts'
import { startEmulator } from '../helpers/emulator.ts'
import { heroProject, optionsFor } from '../helpers/hero.ts'
import { makeJpeg } from '../helpers/images.ts'
import { listLoadedScripts } from '../helpers/loaded-scripts.ts'

const manifest = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { dependencies: Record<string, string> }

const hosts: readonly ChildHost[] = ['vite', 'rollup', 'webpack', 'esbuild']

/** The libraries of ours among them. */
function listLoadedDependencies(coverageDir: string): string[] {
  const scripts = listLoadedScripts(coverageDir)
  return Object.keys(manifest.dependencies).filter((name) =>
    scripts.some((url) => url.includes(`/node_modules/${name}/`)),
  )
}

describe.each(hosts)('a %s build in a process of its own', (host) => {
  it('loads no library but the one for colours, nor the API client, and calls nobody, when everything is cached', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x', './photo.jpg?magnific=4x')
    project.write('src/photo.jpg', await makeJpeg())
    const cold = await buildInChild(host, project, optionsFor(emulator), {
      NODE_V8_COVERAGE: project.path('cold'),
    }).ended
    expect(cold).toMatchObject({ code: 0 })
    const calls = emulator.calls.length

    // No key: whoever wanted to ask would have to say so.
    const warm = await buildInChild(
      host,
      project,
      { baseUrl: emulator.url },
      { NODE_V8_COVERAGE: project.path('warm') },
    ).ended
    expect(warm).toMatchObject({ code: 0 })
    expect(warm.output).toContain('2 images · 2 cached · nothing paid')
    expect(emulator.calls).toHaveLength(calls)

    const heavy = /\/node_modules\/(?:sharp|keyv|@keyv)\/|\/dist\/(?:miss|orders|inspect)-/
    expect(listLoadedScripts(project.path('cold')).filter((url) => heavy.test(url))).not.toEqual([])
    expect(listLoadedScripts(project.path('warm')).filter((url) => heavy.test(url))).toEqual([])
    expect(listLoadedDependencies(project.path('warm'))).toEqual(['picocolors'])
  })

  it('copies files, and loads neither sharp nor the API client, when it has the results alone', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    await buildInChild(host, project, optionsFor(emulator)).ended
    const calls = emulator.calls.length
    // As git restores it.
    for (const name of ['variants', 'memo.json', 'tmp']) {
      rmSync(project.path('.magnific/v1', name), { recursive: true, force: true })
    }
    const fresh = await buildInChild(
      host,
      project,
      { baseUrl: emulator.url },
      { NODE_V8_COVERAGE: project.path('fresh') },
    ).ended
    expect(fresh).toMatchObject({ code: 0 })
    expect(fresh.output).toContain('1 image · 1 cached · nothing paid')
    expect(emulator.calls).toHaveLength(calls)
    const heavy = /\/node_modules\/sharp\/|\/dist\/(?:orders|inspect|record|recover)-/
    expect(listLoadedScripts(project.path('fresh')).filter((url) => heavy.test(url))).toEqual([])
  })

  it('loads what makes types where the option dts is set, and then nothing else either', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    await buildInChild(host, project, optionsFor(emulator)).ended
    const listScripts = async (dts: boolean): Promise<string[]> => {
      const NODE_V8_COVERAGE = project.path(`dts-${dts}`)
      const options = { baseUrl: emulator.url, dts }
      expect(await buildInChild(host, project, options, { NODE_V8_COVERAGE }).ended).toMatchObject({
        code: 0,
      })
      return listLoadedScripts(NODE_V8_COVERAGE)
    }
    const types = /\/node_modules\/fast-glob\/|\/dist\/types-file-/
    expect((await listScripts(false)).filter((url) => types.test(url))).toEqual([])
    const loaded = await listScripts(true)
    expect(loaded.filter((url) => types.test(url))).not.toEqual([])
    const heavy = /\/node_modules\/(?:sharp|keyv|@keyv)\/|\/dist\/(?:miss|orders|inspect)-/
    expect(loaded.filter((url) => heavy.test(url))).toEqual([])
  })

  it('that is killed while it waits is followed by one that pays nothing', async () => {
    const emulator = await startEmulator({ latency: Number.POSITIVE_INFINITY })
    const project = await heroProject('./hero.png?magnific=2x')
    const killed = buildInChild(host, project, optionsFor(emulator))
    await emulator.until(() => emulator.calls.some(({ route }) => route === 'status'))
    killed.process.kill('SIGKILL')
    await killed.ended

    emulator.complete()
    const { code, output } = await buildInChild(host, project, optionsFor(emulator)).ended
    expect(output).toContain('1 resumed')
    expect(code).toBe(0)
    expect(emulator.tasks).toHaveLength(1)
  })

  it('ends at once when it fails, though a task runs on', async () => {
    const emulator = await startEmulator({ latency: Number.POSITIVE_INFINITY })
    const project = await heroProject('./hero.png?magnific=2x', './hero.png?magnific=3x')
    const { code, output } = await buildInChild(host, project, {
      ...optionsFor(emulator),
      deadline: 1000,
    }).ended
    expect(code).not.toBe(0)
    expect(output).toContain('got "3x"')
  })
})

it('bundlers that build at the same time pay once for each image', async () => {
  const emulator = await startEmulator({ latency: 300 })
  const specifiers = ['2x', '4x', '2x&hdr=1', '2x&hdr=2'].map(
    (query) => `./hero.png?magnific=${query}`,
  )
  const project = await heroProject(...specifiers)
  const ended = await Promise.all(
    hosts.map(async (host) => buildInChild(host, project, optionsFor(emulator)).ended),
  )
  for (const { code, output } of ended) expect(code, output).toBe(0)
  expect(emulator.tasks).toHaveLength(specifiers.length)
})
