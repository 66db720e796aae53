import { once } from 'node:events'
import { rmSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { runCli } from '../helpers/cli.ts'
import { postsTo } from '../helpers/emulator.ts'
import { readJson } from '../helpers/inspector.ts'
import { makePng } from '../helpers/images.ts'
import { openPlannedProject, viteConfigOf } from '../helpers/planned-project.ts'
import { tmpProject } from '../helpers/project.ts'
import { startUi } from '../helpers/ui.ts'

const main = "import a from './a.png?magnific=2x'\nconsole.log(a)\n"

describe('magnific ui', () => {
  it('shows the images of a project, buys one, and ends when it is told to', async () => {
    const planned = await openPlannedProject({ 'src/main.js': main })
    const ui = await startUi(planned)
    expect(ui.said).toBe(`The inspector is at http://127.0.0.1:${ui.port}/__magnific/`)
    const inspection = await ui.inspect()
    expect(inspection).toMatchObject({ mode: 'ui', service: 'local', buying: { allowed: true } })
    expect(inspection.images).toMatchObject([
      { file: 'src/a.png', state: 'missing', estimate: 0.1 },
    ])
    const pushed = await ui.listen()
    const [image] = inspection.images
    expect(await ui.upscale(image?.id ?? '', 'magnific=2x', 0.1)).toMatchObject({ ok: true })
    await pushed.until(() => pushed.phases().includes('done'))
    expect(await ui.find('src/a.png')).toMatchObject({ state: 'cached' })
    const [thumbnail, page] = [await ui.ask(image?.pictures.thumbnail ?? ''), await ui.ask('')]
    expect(thumbnail.headers['content-type']).toBe('image/webp')
    expect(String(page.body)).toContain('<meta name="magnific-events" content="sse" />')
    expect(postsTo(planned.emulator)).toBe(1)
    expect(await ui.end()).toMatchObject({ code: 0 })
    // What was bought is there for builds.
    expect((await planned.magnific('plan', '--check')).code).toBe(0)
  })

  it('sees what has been changed, each time that it is asked', async () => {
    const planned = await openPlannedProject({ 'src/main.js': main })
    const ui = await startUi(planned)
    expect((await ui.inspect()).images).toHaveLength(1)
    planned.project.write(
      'src/main.js',
      `${main}import b from './b.png?magnific=4x'\nconsole.log(b)\n`,
    )
    expect((await ui.inspect()).images).toHaveLength(2)
    await ui.end()
  })

  const edits: [string, string, (text: string) => string][] = [
    ['the config', 'vite.config.js', (text) => text.replace('creativity: 3', 'creativity: 7')],
    ['what it imports', 'presets.js', () => "export const nature = { magnific: '4x' }\n"],
    ['a file of the environment', '.env.local', (text) => `${text}MAGNIFIC_CACHE_DIR=other\n`],
    ['a config that was not there', 'magnific.config.js', () => 'export default {}\n'],
  ]

  it.each(edits)(
    'spends nothing by options that are gone: by a change of %s',
    async (_, file, edit) => {
      const planned = await openPlannedProject({
        'src/main.js': "import a from './a.png?magnific=hero'\nconsole.log(a)\n",
        'presets.js': "export const nature = { magnific: '2x' }\n",
        'vite.config.js': `import { nature } from './presets.js'\n${viteConfigOf("{ presets: { hero: { magnific: '2x', creativity: 3 }, nature } }")}`,
      })
      const { project, emulator } = planned
      const ui = await startUi(planned)
      const { id, query, estimate } = await ui.find('src/a.png')
      expect((await ui.inspect()).buying).toEqual({ allowed: true })
      const before = file === 'magnific.config.js' ? undefined : String(project.read(file))
      project.write(file, edit(before ?? ''))
      const why = `${file} has changed since \`magnific ui\` was started: end it, and start it anew. Nothing is bought by the options from before.`
      expect((await ui.inspect()).buying).toEqual({ allowed: false, why })
      expect(await ui.upscale(id, query, estimate)).toEqual({ ok: false, problem: why })
      expect(postsTo(emulator)).toBe(0)
      // What is as it was is no change.
      if (before === undefined) rmSync(project.path(file))
      else project.write(file, before)
      expect(await ui.upscale(id, query, estimate)).toMatchObject({ ok: true })
      await expect.poll(() => postsTo(emulator)).toBe(1)
      await ui.end()
    },
  )

  it('spends nothing by options of a module that are gone', async () => {
    const planned = await openPlannedProject({ 'src/main.js': main })
    const { project, emulator } = planned
    const configOf = (more: string): string =>
      `export default { baseUrl: '${emulator.url}', defaults: { ${more} } }\n`
    rmSync(project.path('vite.config.js'))
    project.write('magnific.config.js', configOf('hdr: 3'))
    const ui = await startUi(planned)
    const { id, query, estimate } = await ui.find('src/a.png')
    project.write('magnific.config.js', configOf('hdr: 7'))
    expect(await ui.upscale(id, query, estimate)).toMatchObject({
      ok: false,
      problem: expect.stringContaining('magnific.config.js has changed'),
    })
    expect(postsTo(emulator)).toBe(0)
    await ui.end()
  })

  it('answers those who call it by a name that is its own, and nobody else', async () => {
    const ui = await startUi(await openPlannedProject({ 'src/main.js': main }))
    const statusOf = async (host: string): Promise<number> =>
      (await ui.ask('api/inspection', { headers: { host } })).status
    for (const host of [
      '127.0.0.1',
      'localhost',
      `localhost:${ui.port}`,
      'app.localhost',
      '[::1]:80',
    ]) {
      expect([host, await statusOf(host)]).toEqual([host, 200])
    }
    for (const host of [
      'evil.example',
      'localhost.evil.example',
      'localhost@evil.example',
      'evil.example/localhost',
    ]) {
      expect([host, await statusOf(host)]).toEqual([host, 403])
    }
    const foreign = await ui.ask('api/inspection', { headers: { origin: 'http://evil.example' } })
    expect(foreign.status).toBe(403)
    const token = await ui.post('api/upscale', {}, { 'x-magnific-token': 'x' })
    expect(token.status).toBe(403)
    await ui.end()
  })

  it('shows no file outside of the project, wherever a link leads, and opens no editor', async () => {
    const outside = tmpProject({ 'secret.png': await makePng({ seed: 9 }) })
    const planned = await openPlannedProject({
      'src/main.js': `${main}import b from './link.png?magnific=2x'\nimport c from '${outside.path('secret.png')}?magnific=2x'\nconsole.log(b, c)\n`,
    })
    symlinkSync(outside.path('secret.png'), planned.project.path('src/link.png'))
    const ui = await startUi(planned)
    const { images } = await ui.inspect()
    expect(images).toHaveLength(3)
    for (const { file, pictures } of images) {
      const status = file === 'src/a.png' ? 200 : 404
      for (const url of [pictures.thumbnail, pictures.before, pictures.after]) {
        const answer = await ui.ask(url ?? '')
        expect(answer.status).toBe(status)
        if (status === 404) {
          expect(readJson(answer).problem).toContain('This file is outside of the project')
        }
      }
    }
    expect(readJson(await ui.post('api/open', { file: 'src/main.js', line: 1 }))).toMatchObject({
      ok: false,
    })
    await ui.end()
  })

  it('is at its path alone', async () => {
    const ui = await startUi(await openPlannedProject({ 'src/main.js': main }))
    for (const path of [
      '/',
      '/package.json',
      '/src/a.png',
      '//__magnific/',
      '/__magnific/../package.json',
    ]) {
      const { status } = await fetch(`http://127.0.0.1:${ui.port}${path}`, { redirect: 'error' })
      expect([path, status]).toEqual([path, 404])
    }
    await ui.end()
  })

  it('tells programs where it is', async () => {
    const ui = await startUi(await openPlannedProject({ 'src/main.js': main }), '--json')
    // The object begins on the first line.
    expect(ui.said).toBe('{')
    ui.process.kill('SIGKILL')
  })

  it('says what is wrong with its flags, and with a port that is taken', async () => {
    const { magnific } = await openPlannedProject({ 'src/main.js': main })
    const port = await magnific('ui', '--port', 'abc')
    expect([port.code, port.stderr]).toEqual([
      2,
      expect.stringContaining('--port must be a number'),
    ])
    const other = createServer()
    onTestFinished(() => void other.close())
    other.listen(0, '127.0.0.1')
    await once(other, 'listening')
    const taken = String((other.address() as AddressInfo).port)
    const { code, stderr } = await magnific('ui', '--port', taken)
    expect(code).toBe(1)
    expect(stderr).toContain(`Port ${taken} of 127.0.0.1 is in use.`)
    expect((await magnific('ui', '--host', 'nowhere.invalid')).stderr).toContain('cannot listen')
  })

  it('loads nothing of Vite where the project has none', async () => {
    const planned = await openPlannedProject({ 'src/main.js': main })
    const { project, emulator } = planned
    rmSync(project.path('vite.config.js'))
    project.write('magnific.config.js', `export default { baseUrl: '${emulator.url}' }\n`)
    vi.stubEnv('NODE_V8_COVERAGE', project.path('coverage'))
    onTestFinished(() => void vi.unstubAllEnvs())
    const ui = await startUi(planned)
    expect((await ui.inspect()).images).toHaveLength(1)
    expect((await ui.ask('')).status).toBe(200)
    await ui.end()
    const [report] = project.list('coverage')
    const loaded = String(project.read(report?.slice(project.dir.length) ?? ''))
    expect(loaded).toContain('/dist/inspector-')
    expect(loaded).not.toMatch(/node_modules\/vite\//)
  })
})

it('magnific --help tells of both', async () => {
  const { stdout } = await runCli(tmpProject().dir, ['--help'])
  expect(stdout).toContain('ui')
  expect(stdout).toContain('report')
})
