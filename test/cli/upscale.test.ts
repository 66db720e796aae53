import { existsSync } from 'node:fs'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { cliCommand, cliEnvironment } from '../helpers/cli.ts'
import { postsTo } from '../helpers/emulator.ts'
import { openPlannedProject, viteConfigOf } from '../helpers/planned-project.ts'
import type { PlannedProject } from '../helpers/planned-project.ts'
import { hasTerminal, runOnTerminal } from '../helpers/terminal.ts'

const twoImages = {
  'src/main.js':
    "import a from './a.png?magnific=2x'\nimport w from './a.png?magnific=2x&w=50'\nimport b from './b.png?magnific=4x'\nconsole.log(a, w, b)\n",
}

describe('magnific upscale', () => {
  it('buys what is missing, once, and what a build needs', async () => {
    const { emulator, plan, magnific } = await openPlannedProject(twoImages)
    const { code, stdout, stderr } = await magnific('upscale', '--yes')
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toContain('3 references · 2 images · 2 missing · ~€0.30 (an estimate)')
    expect(stdout).toMatch(/src\/b\.png .* 200×160 → 800×640 {2}paid .* ~€0\.20/)
    expect(stdout).toContain('an emulator at http://127.0.0.1')
    expect(emulator.tasks).toHaveLength(2)
    expect((await plan()).totals).toMatchObject({ images: { cached: 2, missing: 0 }, estimate: 0 })
    const again = await magnific('upscale')
    expect(again.code).toBe(0)
    expect(again.stdout).toContain('2 images · 2 cached · nothing to pay')
    expect(postsTo(emulator)).toBe(2)
  })

  it('does not buy where there is nobody to ask', async () => {
    const { emulator, magnific } = await openPlannedProject(twoImages)
    for (const flags of [[], ['--json']]) {
      const { code, stderr } = await magnific('upscale', ...flags)
      expect(code).toBe(1)
      expect(stderr).toContain('Upscale 2 images for ~€0.30 (an estimate) at http://127.0.0.1')
      expect(stderr).toContain('Add --yes to go on without being asked. Nothing was done.')
    }
    expect(emulator.calls).toEqual([])
  })

  it.skipIf(!hasTerminal)('asks on a terminal, and takes no for an answer', async () => {
    const { emulator, project } = await openPlannedProject(twoImages)
    const settings = { cwd: project.dir, env: cliEnvironment() }
    const say = async (answer: string): Promise<{ code: number | null; screen: string }> =>
      runOnTerminal([...cliCommand, 'upscale'], settings, [['[y/N]', answer]])
    for (const answer of ['n', '', 'yep']) {
      const { code, screen } = await say(answer)
      expect(code).toBe(1)
      expect(screen).toContain('Nothing was bought.')
      expect(emulator.calls).toEqual([])
    }
    const { code, screen } = await say('y')
    expect(screen).toContain('2 paid · 1 cached')
    expect(code).toBe(0)
    expect(emulator.tasks).toHaveLength(2)
  })

  it('tells with --dry-run, and does nothing', async () => {
    const { emulator, project, magnific } = await openPlannedProject(twoImages)
    const { code, stdout } = await magnific('upscale', '--dry-run')
    expect(code).toBe(0)
    expect(stdout).toContain('src/b.png  4x  800×640  missing  ~€0.20')
    expect(emulator.calls).toEqual([])
    expect(existsSync(project.path('.magnific/v1/journal'))).toBe(false)
  })

  it('keeps to --budget, says what did not fit, and does the rest', async () => {
    const { emulator, magnific } = await openPlannedProject(twoImages)
    const { code, stdout, stderr } = await magnific('upscale', '--yes', '--budget', '0.15')
    expect(code).toBe(1)
    expect(stderr).toContain('does not fit into the budget of €0.15')
    expect(stderr).toContain('src/b.png  ~€0.20')
    expect(stdout).toContain('1 paid')
    expect(emulator.tasks).toHaveLength(1)
  })

  it.each(['much', '-1', '1e3', ''])('refuses a budget of "%s"', async (budget) => {
    const { emulator, magnific } = await openPlannedProject(twoImages)
    const { code, stderr } = await magnific('upscale', '--yes', '--budget', budget)
    expect(code).toBe(2)
    expect(stderr).toContain('--budget')
    expect(emulator.calls).toEqual([])
  })

  it('does the rest where some fail, tells each once, and ends with 1', async () => {
    const { emulator, magnific, project } = await openPlannedProject({
      'src/main.js': `${twoImages['src/main.js']}import './c.png?magnific=9x'\nimport './d.png?magnific'\n`,
    })
    project.write('src/d.png', 'no picture at all')
    emulator.setFaults([{ route: 'submit', times: 1, outcome: 'FAILED' }])
    const { code, stdout, stderr } = await magnific('upscale', '--yes')
    expect(code).toBe(1)
    expect(stderr.match(/✗/g)).toHaveLength(1)
    expect(stderr).toContain('references failed, as told above')
    expect(stdout).toContain('1 paid')
    const again = await magnific('upscale', '--yes')
    expect(again.code).toBe(1)
    expect(again.stderr).toContain('1 failed, 2 invalid: a build fails over these.')
    expect(emulator.tasks).toHaveLength(2)
  })

  it('fetches what is paid for without a question', async () => {
    const { emulator, magnific, plan } = await openPlannedProject(
      { 'src/main.js': "import './a.png?magnific=2x'\n" },
      { latency: Number.POSITIVE_INFINITY },
    )
    const running = magnific('upscale', '--yes')
    await emulator.until(() => emulator.tasks.length === 1)
    await emulator.until(() => emulator.calls.some(({ route }) => route === 'status'))
    expect((await plan()).references).toEqual([expect.objectContaining({ state: 'pending' })])
    const second = magnific('upscale')
    emulator.complete()
    expect((await second).stdout).toMatch(/resumed|cached/)
    await running
    expect(emulator.tasks).toHaveLength(1)
  })

  it('needs a key, and says so before it asks', async () => {
    const { magnificWith, project } = await openPlannedProject(twoImages)
    project.write('.env.local', '')
    const { code, stderr } = await magnificWith({}, 'upscale', '--yes')
    expect(code).toBe(1)
    expect(stderr).toContain('There is no API key to upscale with. Set FREEPIK_API_KEY')
  })

  it.each([['--scale', '8x'], ['--preset', 'hero'], ['--flip'], ['--force']])(
    'does not pass over %s, which is for one image',
    async (...flag) => {
      const { emulator, magnific } = await openPlannedProject(twoImages)
      const { code, stderr } = await magnific('upscale', ...flag, '--yes')
      expect([code, stderr]).toEqual([2, expect.stringContaining(`${flag[0]} is for one image`)])
      expect(emulator.calls).toEqual([])
    },
  )

  it('prints an object with --json, and nothing else on its output', async () => {
    const { magnific } = await openPlannedProject(twoImages)
    const { code, stdout } = await magnific('upscale', '--yes', '--json')
    expect(code).toBe(0)
    const { upscaled, failed, problems } = JSON.parse(stdout) as Record<string, unknown[]>
    expect(upscaled).toHaveLength(3)
    expect(upscaled).toContainEqual({
      file: 'src/b.png',
      query: 'magnific=4x',
      fingerprint: expect.any(String),
      from: 'paid',
      estimate: 0.2,
    })
    expect([failed, problems]).toEqual([[], []])
  })
})

describe('magnific upscale <image>', () => {
  const one = async (): Promise<PlannedProject> =>
    openPlannedProject({
      'vite.config.js': viteConfigOf("{ presets: { hero: { magnific: '4x', hdr: 2 } } }"),
    })

  it('upscales one image, with every param as a flag', async () => {
    const { emulator, project, magnific } = await one()
    const { code, stdout, stderr } = await magnific(
      'upscale',
      'src/a.png',
      '-o',
      'out/a.webp',
      '--scale',
      '4x',
      '--prompt',
      'a red fox',
      '--optimized_for',
      '3d_renders',
      '--creativity',
      '-3',
      '--hdr=2',
      '--resemblance',
      '0',
      '--fractality',
      '10',
      '--engine',
      'magnific_sparkle',
      '--filter_nsfw',
      'true',
      '--w',
      '100',
      '--flip',
      '--yes',
    )
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^out\/a\.webp {2}100×80 {2}\d/m)
    const { format, width } = await sharp(project.read('out/a.webp')).metadata()
    expect([format, width]).toEqual(['webp', 100])
    expect(emulator.tasks[0]?.params).toMatchObject({
      scale_factor: '4x',
      prompt: 'a red fox',
      optimized_for: '3d_renders',
      creativity: -3,
      hdr: 2,
      fractality: 10,
      engine: 'magnific_sparkle',
      filter_nsfw: true,
    })
  })

  it('pays once, whatever is made of it', async () => {
    const { emulator, magnific } = await one()
    const flags = ['--preset', 'hero', '--yes']
    for (const out of ['a.png', 'b.avif', 'c.jpg']) {
      expect((await magnific('upscale', 'src/a.png', ...flags, '--out', out)).code).toBe(0)
    }
    expect(emulator.tasks).toHaveLength(1)
    expect(emulator.tasks[0]?.params).toMatchObject({ scale_factor: '4x', hdr: 2 })
  })

  it.each([
    [['src/a.png'], 2, 'is an image, and no source that refers to one'],
    [['src/a.png', 'src/b.png', '-o', 'x.png'], 2, '--out is for one image'],
    [['src/a.png', '-o', 'x.gif'], 1, '"x.gif" names no format'],
    [['src/a.png', '-o', 'src/a.png'], 1, 'is the image itself'],
    [['src/a.png', '-o', 'src/b.png'], 1, 'is there already'],
    [['src/none.png', '-o', 'x.png'], 1, 'The image does not exist'],
    [['src/a.png', '-o', 'x.png', '--scale', '3x'], 1, 'got "3x"'],
    [['src/a.png', '-o', 'x.png', '--hdr', '11'], 1, 'a whole number from -10 to 10, got 11'],
    [['src/a.png', '-o', 'x.png', '--w', '10;20'], 1, 'That makes 2 pictures'],
    [['src/a.png', '-o', 'x.png', '--scale', '2x', '--preset', 'hero'], 1, 'either --scale or'],
    [['src/a.png', '-o', 'x.png', '--scal', '2x'], 2, 'Unknown option'],
  ])('refuses %j', async (args, exit, explanation) => {
    const { emulator, project, magnific } = await one()
    const { code, stderr } = await magnific('upscale', ...args, '--yes')
    expect(stderr).toContain(explanation)
    expect(code).toBe(exit)
    expect(emulator.calls).toEqual([])
    expect(existsSync(project.path('x.png'))).toBe(false)
  })
})
