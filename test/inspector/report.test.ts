import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Inspection } from '../../src/inspector/contract.ts'
import { build } from '../helpers/build.ts'
import { postsTo, startEmulator } from '../helpers/emulator.ts'
import { heroProject, optionsFor } from '../helpers/hero.ts'
import { describeImage, makePng } from '../helpers/images.ts'
import { openPlannedProject } from '../helpers/planned-project.ts'
import type { Project } from '../helpers/project.ts'

const main =
  "import a from './a.png?magnific=2x'\nimport b from './b.png?magnific=2x'\nconsole.log(a, b)\n"

/** What a report carries. */
function readReport(
  project: Project,
  name = 'magnific-report.html',
): Inspection & { html: string } {
  const html = String(project.read(name))
  const [, text = ''] =
    /<script type="application\/json" id="inspection">([^<]*)<\/script>/.exec(html) ?? []
  return { ...(JSON.parse(text) as Inspection), html }
}

async function describeUri(uri = ''): Promise<{ format: string; width: number; height: number }> {
  expect(uri).toMatch(/^data:image\/webp;base64,/)
  return describeImage(Buffer.from(uri.split(',')[1] ?? '', 'base64'))
}

describe('magnific report', () => {
  it('writes one file that needs nothing beside it, with what is cached and what is not', async () => {
    const { magnific, project, emulator } = await openPlannedProject({
      'src/main.js': main,
      'src/a.png': await makePng({ width: 1000, height: 900 }),
    })
    await magnific('upscale', '--yes', '--budget', '0.1')
    const { code, stdout } = await magnific('report')
    expect([code, stdout]).toEqual([0, 'magnific-report.html is written: 2 images, 1 cached.\n'])
    const { html, images, ...report } = readReport(project)
    expect(report).toMatchObject({
      mode: 'report',
      service: 'local',
      buying: { allowed: false },
      pictureSide: 1600,
      totals: { images: 2, byState: { cached: 1, missing: 1 }, spent: 0.1, outstanding: 0.1 },
    })
    const cached = images.find(({ state }) => state === 'cached')
    const missing = images.find(({ state }) => state === 'missing')
    expect(missing?.pictures).toMatchObject({ before: expect.stringMatching(/^data:/) })
    expect(missing?.pictures.after).toBeUndefined()
    expect(cached?.pictures.afterKind).toBe('result')
    for (const { pictures } of images) {
      expect((await describeUri(pictures.thumbnail)).width).toBeLessThanOrEqual(320)
    }
    const large = images.find(({ file }) => file === 'src/a.png')
    expect(await describeUri(large?.pictures.before)).toMatchObject({ width: 1000, height: 900 })
    if (large?.state === 'cached') {
      expect(await describeUri(large.pictures.after)).toMatchObject({ width: 1600, height: 1440 })
    }
    // It fetches nothing from anywhere.
    expect(html).toContain("default-src 'none'")
    expect(html.replaceAll(/<script type="application\/json".*?<\/script>/gs, '')).not.toMatch(
      /(?:src|href)="(?!data:|#)/,
    )
    expect(postsTo(emulator)).toBe(1)
  })

  it('is written of many images without a word of listeners', async () => {
    const names = Array.from({ length: 14 }, (_, index) => `many/${index}.png`)
    const pictures = await Promise.all(
      names.map(async (name, index) => [`src/${name}`, await makePng({ seed: index + 1 })]),
    )
    const { magnific, project } = await openPlannedProject({
      'src/main.js': names.map((name) => `import './${name}?magnific=2x'\n`).join(''),
      ...(Object.fromEntries(pictures) as Record<string, Buffer>),
    })
    const { code, stderr } = await magnific('report')
    expect(code).toBe(0)
    expect(stderr).not.toContain('Warning')
    expect(readReport(project).images).toHaveLength(14)
  })

  it.each(['src', 'dist/'])('says what it wants where %j is no file', async (out) => {
    const { magnific, project } = await openPlannedProject({ 'src/main.js': main })
    const { code, stdout, stderr } = await magnific('report', '-o', out)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain(
      `-o takes a file, and "${out}" is a folder. Name one in it: -o ${join(out, 'magnific-report.html')}`,
    )
    expect(existsSync(project.path('dist'))).toBe(false)
  })

  it('goes where it is told to, from where somebody stands, and prints an object', async () => {
    const { magnific, project } = await openPlannedProject({ 'src/main.js': main })
    const { code, stdout } = await magnific('report', '-o', 'out/images.html', '--json')
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      file: project.path('out/images.html'),
      totals: { images: 2 },
    })
    expect(readReport(project, 'out/images.html').images).toHaveLength(2)
    expect(project.list('out')).toHaveLength(1)
  })

  it('has the queries by which one place would get the results of others', async () => {
    const source = `
      import a from './a.png?magnific=2x&w=9&url'
      import sharp from './a.png?magnific=4x&hdr=2&format=webp'
      import other from './b.png?magnific=2x'
      console.log(a, sharp, other)
    `
    const { magnific, project } = await openPlannedProject({ 'src/main.js': source })
    await magnific('upscale', '--yes')
    await magnific('report')
    const { images, compared } = readReport(project)
    const [a = '', sharp = '', other = ''] = [
      'magnific=2x&w=9&url',
      'magnific=4x&hdr=2&format=webp',
      'magnific=2x',
    ].map((query) => images.find((each) => each.query === query)?.id)
    expect(compared).toEqual({
      [a]: expect.arrayContaining([
        { id: a, query: 'magnific=2x&w=9&url' },
        { id: sharp, query: 'magnific=4x&hdr=2&w=9&url' },
      ]),
      [sharp]: expect.arrayContaining([
        { id: a, query: 'magnific=2x&format=webp' },
        { id: sharp, query: 'magnific=4x&hdr=2&format=webp' },
      ]),
      [other]: [{ id: other, query: 'magnific=2x' }],
    })
  })

  it('holds hostile texts as data', async () => {
    const prompt = encodeURIComponent('</script><script>alert(1)</script><!-- $& $` \u2028')
    const { magnific, project } = await openPlannedProject({
      'src/main.js': `import a from './a.png?magnific=2x&prompt=${prompt}' // </script><script>alert(2)</script>\nconsole.log(a)\n`,
    })
    expect((await magnific('report')).code).toBe(0)
    const { html, images } = readReport(project)
    expect(images[0]?.params['prompt']).toBe('</script><script>alert(1)</script><!-- $& $` \u2028')
    expect(images[0]?.importers[0]?.text).toContain('</script><script>alert(2)</script>')
    expect(html).not.toContain('alert(1)</script>')
    expect(html.match(/<script/g)).toHaveLength(2)
  })
})

describe('the option report', () => {
  it.each(['vite8', 'rollup', 'webpack', 'esbuild'] as const)(
    'writes what a build of %s has shipped',
    async (host) => {
      const emulator = await startEmulator()
      const project = await heroProject('./hero.png?magnific=2x')
      project.write('src/other.js', "import x from './hero.png?magnific=4x'\nconsole.log(x)\n")
      const options = { ...optionsFor(emulator), report: true }
      const { log } = await build(host, project, { options })
      const { images, totals } = readReport(project)
      expect(images).toMatchObject([
        {
          file: 'src/hero.png',
          query: 'magnific=2x',
          state: 'cached',
          result: { width: 120, height: 80 },
          importers: [{ file: 'src/main.js', line: 1 }],
        },
      ])
      expect(await describeUri(images[0]?.pictures.after)).toMatchObject({ width: 120, height: 80 })
      expect(totals).toMatchObject({ images: 1, spent: 0.1 })
      if (host === 'vite8') expect(log).toContain('the report is in magnific-report.html')
      // And again, with everything there.
      await build(host, project, { options: { ...options, report: 'out/report.html' } })
      expect(readReport(project, 'out/report.html').images).toHaveLength(1)
      expect(postsTo(emulator)).toBe(1)
    },
  )

  it('fails no build where it cannot be written', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    const report = 'src/hero.png/report.html'
    const { log } = await build('vite8', project, { options: { ...optionsFor(emulator), report } })
    expect(log).toContain('report.html is not written')
  })
})
