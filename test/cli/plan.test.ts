import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { postsTo } from '../helpers/emulator.ts'
import { flipBit } from '../helpers/cache.ts'
import { build } from '../helpers/build.ts'
import { optionsFor } from '../helpers/hero.ts'
import { openPlannedProject, viteConfigOf } from '../helpers/planned-project.ts'

const everyKind = {
  'vite.config.js': viteConfigOf(
    "{ presets: { card: { magnific: '4x', w: [100, 200], format: 'webp' } } }",
  ),
  'index.html':
    '<img src="/src/a.png?magnific=2x&amp;hdr=1">\n<script type="module" src="/src/main.js"></script>\n',
  'src/main.js':
    "import './style.css'\nimport card from './b.png?magnific=card'\nimport a from './a.png?magnific=2x'\nconsole.log(card, a)\n",
  'src/style.css': '.a { background: url("./a.png?magnific") }\n',
}

describe('magnific plan', () => {
  it('finds every reference, and says what a build would do about it', async () => {
    const { project, emulator, plan } = await openPlannedProject(everyKind)
    const { root, references, totals, problems } = await plan()
    expect(root).toBe(project.dir)
    expect(references).toEqual([
      {
        file: 'src/a.png',
        importer: 'index.html',
        line: 1,
        query: 'magnific=2x&hdr=1',
        params: {
          scale_factor: '2x',
          hdr: 1,
        },
        directives: [{ format: 'png' }],
        width: 400,
        height: 320,
        state: 'missing',
        estimate: 0.1,
        fingerprint: expect.stringMatching(/^[\da-f]{64}$/),
        reached: true,
        reason: null,
      },
      {
        file: 'src/b.png',
        importer: 'src/main.js',
        line: 2,
        query: 'magnific=card',
        params: { scale_factor: '4x' },
        directives: [
          {
            w: '100',
            format: 'webp',
          },
          {
            w: '200',
            format: 'webp',
          },
        ],
        width: 800,
        height: 640,
        state: 'missing',
        estimate: 0.2,
        fingerprint: expect.any(String),
        reached: true,
        reason: null,
      },
      expect.objectContaining({ importer: 'src/main.js', query: 'magnific=2x', line: 3 }),
      expect.objectContaining({ importer: 'src/style.css', query: 'magnific', line: 1 }),
    ])
    // Two of them are one image.
    expect(totals).toMatchObject({
      references: 4,
      images: { missing: 3, cached: 0 },
      estimate: 0.4,
    })
    expect(problems).toEqual([])
    expect(emulator.calls).toEqual([])
  })

  it('prints a table, each image and query once, and the totals', async () => {
    const { magnific } = await openPlannedProject(everyKind)
    const { code, stdout, stderr } = await magnific('plan')
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toBe(
      [
        'src/a.png  2x        400×320  missing  ~€0.10',
        'src/a.png  2x hdr=1  400×320  missing  ~€0.10',
        'src/b.png  4x        800×640  missing  ~€0.20',
        '4 references · 3 images · 3 missing · ~€0.40 (an estimate)\n',
      ].join('\n'),
    )
  })

  it('estimates by the prices that the options tell', async () => {
    const { plan } = await openPlannedProject({
      'vite.config.js': viteConfigOf('{ prices: [{ euros: 0.75 }] }'),
      'src/main.js': "import './a.png?magnific=2x'\nimport './b.png?magnific=4x'\n",
    })
    const { references, totals } = await plan()
    expect(references.map(({ estimate }) => estimate)).toEqual([0.75, 1.5])
    expect(totals.estimate).toBe(2.25)
  })

  it('tells cached, pending, ambiguous and failed ones from the journal', async () => {
    const { emulator, project, plan, magnific } = await openPlannedProject(
      {
        'src/main.js':
          "import './a.png?magnific=2x'\nimport './b.png?magnific=2x'\nimport './c.png?magnific=2x'\nimport './d.png?magnific=2x'\nimport './c.png?magnific=4x'\n",
      },
      { list: false },
    )
    writeFileSync(project.path('src/d.png'), project.read('src/a.png').subarray())
    const states = async (): Promise<string[]> =>
      (await plan()).references.map(({ state }) => state)
    expect(await states()).toEqual(['missing', 'missing', 'missing', 'missing', 'missing'])
    emulator.setFaults([
      { route: 'submit', after: 0, times: 1, when: (call) => call.index >= 0, outcome: 'FAILED' },
    ])
    const one = async (name: string, scale: string): Promise<number | null> =>
      (
        await magnific(
          'upscale',
          `src/${name}.png`,
          '--scale',
          scale,
          '--yes',
          '-o',
          `${name}-${scale}.png`,
        )
      ).code
    expect(await one('b', '2x')).toBe(1)
    emulator.setFaults([{ route: 'submit', cut: 'after-request', accept: true }])
    expect(await one('c', '4x')).toBe(1)
    emulator.setFaults([])
    expect(await one('a', '2x')).toBe(0)
    // A copy of another one is the same image.
    expect(await states()).toEqual(['cached', 'failed', 'missing', 'cached', 'ambiguous'])
    const { code, stdout, stderr } = await magnific('plan', '--check')
    expect(code).toBe(1)
    expect(stdout).toContain('4 images · 1 cached · 1 missing · 1 ambiguous · 1 failed')
    expect(stderr).toContain('Not everything is cached: 1 missing, 1 ambiguous, 1 failed.')
  })

  it('takes a damaged result for one that is fetched again, and pays nothing', async () => {
    const { project, plan, magnific, emulator } = await openPlannedProject({
      'src/main.js': "import './a.png?magnific=2x'\n",
    })
    await magnific('upscale', '--yes')
    const [first] = (await plan()).references
    expect(first).toMatchObject({ state: 'cached', estimate: 0 })
    rmSync(project.path('.magnific/v1/variants'), { recursive: true })
    for (const file of project.list('.magnific/v1/blobs')) flipBit(file)
    rmSync(project.path('.magnific/v1/memo.json'))
    expect((await plan()).references[0]).toMatchObject({ state: 'pending', estimate: 0 })
    expect((await magnific('upscale')).code).toBe(0)
    expect((await plan()).references[0]).toMatchObject({ state: 'cached' })
    expect(emulator.tasks).toHaveLength(1)
  })

  it('says of what a build refuses why, where it stands, and what to write instead', async () => {
    const { project, magnific, plan } = await openPlannedProject({
      'src/main.js': [
        "import './a.png?magnific=3x'",
        "import './none.png?magnific=2x'",
        "import './a.png?magnifc=2x'",
        "import './a.svg?magnific=2x'",
        "import './style.css'",
        "import 'nowhere/a.png?magnific'",
        "new URL('./a.png?magnific&as=picture', import.meta.url)",
        "import './huge.png?magnific=16x'",
      ].join('\n'),
      'src/style.css': '.a { background: url(a.png?magnific=2x&w=10;20) }',
      'src/a.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>',
    })
    project.write('src/huge.png', await makeHuge())
    const { code, stdout } = await magnific('plan')
    expect(code).toBe(0)
    const { references } = await plan()
    expect(references.map(({ state }) => state)).toEqual(references.map(() => 'invalid'))
    expect(references.map(({ reason }) => reason)).toEqual([
      expect.stringContaining('`magnific` must be one of 2x, 4x, 8x, 16x, got "3x"'),
      expect.stringContaining('The image does not exist.'),
      expect.stringContaining('Unknown key "magnifc". Did you mean "magnific"?'),
      expect.stringContaining('names no format that an upscaled image can be shipped in'),
      expect.stringContaining('"nowhere/a.png" is found neither as an alias nor in a package.'),
      expect.stringContaining('`as=picture` gives no URL'),
      expect.stringContaining('the API returns at most 25.3'),
      expect.stringContaining('The query gives 2 variants, and here is room for one URL.'),
    ])
    expect(stdout).toContain('src/main.js:1\n')
    expect(stdout).toContain('8 references · 8 images · 8 invalid · nothing to pay')
    expect((await magnific('plan', '--check')).code).toBe(1)
  })

  it('does not count what no entry leads to, unless it is named', async () => {
    const { magnific, plan } = await openPlannedProject({
      'src/main.js': "import './a.png?magnific=2x'\n",
      'src/old.js': "import './b.png?magnific=2x'\n",
    })
    const { references, totals } = await plan()
    expect(references.map(({ reached }) => reached)).toEqual([true, false])
    expect(totals).toMatchObject({ references: 1, estimate: 0.1 })
    const { stdout } = await magnific('plan')
    expect(stdout).toContain(
      '1 reference stands in sources that no entry is seen to lead to: src/old.js. They are not counted',
    )
    const named = await plan('src/old.js')
    expect(named.references).toEqual([
      expect.objectContaining({ file: 'src/b.png', reached: null }),
    ])
    expect(named.totals).toMatchObject({ references: 1, estimate: 0.1 })
  })

  it('leaves nothing out where the entries are not known', async () => {
    const { plan } = await openPlannedProject({
      'vite.config.js': viteConfigOf('{}', ", build: { rollupOptions: { input: 'virtual:app' } }"),
      'src/main.js': "import './a.png?magnific=2x'\n",
    })
    expect((await plan()).references).toEqual([expect.objectContaining({ reached: null })])
    expect((await plan()).totals).toMatchObject({ references: 1 })
  })

  it('goes on where something cannot be read, says what, and ends with 1', async () => {
    const { project, magnific } = await openPlannedProject({
      'src/main.js': "import './a.png?magnific=2x'\nimport './broken.js'\nimport './folder.js'\n",
      'src/broken.js': "const a = 1\nconst = 1\nimport('./b.png?magnific=2x')\n",
    })
    mkdirSync(project.path('src/folder.js'))
    const { code, stdout, stderr } = await magnific('plan', 'src/**', 'nothing/*.js')
    expect(code).toBe(1)
    expect(stdout).toContain('src/a.png  2x  400×320  missing  ~€0.10\n')
    expect(stdout).toMatch(/^src\/broken\.js {2}.*line 2/m)
    expect(stdout).toMatch(/^nothing\/\*\.js {2}No source fits it\./m)
    expect(stderr).toContain('could not be read, as told above. The rest was done.')
  })

  it.each([
    ['a config that throws', "throw new Error('broken in here')", 'broken in here'],
    [
      'options that are refused',
      viteConfigOf('{ preset: 1, concurency: 2 }'),
      'Did you mean "concurrency"',
    ],
    [
      'two presets of one name',
      viteConfigOf("{ presets: { a: { magnific: '2x' },\n a: { magnific: '4x' } } }"),
      'Two presets are called "a" in',
    ],
    [
      'two presets of one name in two instances',
      viteConfigOf(
        "{ presets: { a: { magnific: '2x' } } }), magnific({ presets: { a: { magnific: '4x' } } }",
      ),
      'The plugin is in the Vite config 2 times, and two presets are called "a"',
    ],
  ])('explains %s, and ends with 2', async (_, config, explanation) => {
    const { magnific, emulator } = await openPlannedProject({ 'vite.config.js': config })
    for (const command of [['plan'], ['upscale', '--yes'], ['status']]) {
      const { code, stdout, stderr } = await magnific(...command)
      expect([code, stdout]).toEqual([2, ''])
      expect(stderr).toContain(explanation)
    }
    expect(emulator.calls).toEqual([])
  })

  it('takes presets and the cache from a module where there is no Vite config', async () => {
    const { project, plan, magnific } = await openPlannedProject({
      'magnific.config.js':
        "export default { presets: { card: { magnific: '4x' } }, cache: { dir: 'paid' } }\nexport const entries = ['src/main.js']\nexport const alias = { '@': './src' }\n",
      'src/main.js': "import '@/a.png?magnific=card'\n",
      'src/old.js': "import './b.png?magnific=2x'\n",
    })
    rmSync(project.path('vite.config.js'))
    expect((await plan()).references).toEqual([
      expect.objectContaining({ file: 'src/a.png', params: { scale_factor: '4x' }, reached: true }),
      expect.objectContaining({ file: 'src/b.png', reached: false }),
    ])
    await magnific('upscale', '--yes')
    expect(project.list('paid/v1/blobs')).toHaveLength(1)
    expect((await magnific('status')).stdout).toContain('1 completed')
  })

  it('finds what globs behind an alias stand for, and says where nobody can tell', async () => {
    const alias = ", resolve: { alias: { '@': new URL('./src', import.meta.url).pathname } }"
    const { plan } = await openPlannedProject({
      'vite.config.js': viteConfigOf().replace('] }', `]${alias} }`),
      'src/main.js':
        "import.meta.glob(['@/*.png', '!@/c.png'], { query: '?magnific=2x' })\nimport.meta.glob('#/*.png', { query: { magnific: '4x' } })\n",
    })
    const { references } = await plan()
    expect(references.map(({ file, state }) => [file, state])).toEqual([
      ['src/a.png', 'missing'],
      ['src/b.png', 'missing'],
      [expect.stringContaining('*.png'), 'invalid'],
    ])
  })

  it('counts what the page leads to, whatever other environments begin with', async () => {
    const { plan } = await openPlannedProject({
      'vite.config.js': viteConfigOf().replace(
        '] }',
        "], environments: { ssr: { build: { rollupOptions: { input: 'src/server.js' } } } } }",
      ),
      'src/main.js': "import './a.png?magnific=2x'\n",
      'src/server.js': "import './b.png?magnific=2x'\n",
    })
    expect((await plan()).references.map(({ reached }) => reached)).toEqual([true, true])
  })

  it('follows what leads out of the project where the entries are not known', async () => {
    const { project, magnificIn } = await openPlannedProject({
      'app/package.json': '{"type":"module"}',
      'app/vite.config.js': viteConfigOf().replace(
        '] }',
        "], build: { rollupOptions: { input: 'virtual:app' } } }",
      ),
      'app/src/main.js': "import '../../src/shared.js'\n",
      'src/shared.js': "import './a.png?magnific=2x'\n",
    })
    const { stdout } = await magnificIn(project.path('app'), 'plan')
    expect(stdout).toContain('../src/a.png  2x')
  })

  it.each([
    ['above the projects of a monorepo', { 'apps/web/vite.config.js': viteConfigOf() }, 'apps/web'],
    [
      'beside a config whose options it cannot read',
      { 'webpack.config.js': "import magnific from 'unplugin-magnific/webpack'\n" },
      'Move them to magnific.config.js beside it',
    ],
  ])('refuses to guess %s', async (_, files, explanation) => {
    const { project, magnific, emulator } = await openPlannedProject(files)
    rmSync(project.path('vite.config.js'))
    for (const command of [['plan'], ['upscale', '--yes'], ['prune', '--unreferenced']]) {
      const { code, stderr } = await magnific(...command)
      expect([code, stderr]).toEqual([2, expect.stringContaining(explanation)])
    }
    expect(emulator.calls).toEqual([])
  })

  it('has the root of Vite where the config is in another folder', async () => {
    const { project, plan } = await openPlannedProject({
      'src/main.js': "import './a.png?magnific=2x'\n",
      'config/vite.config.js': viteConfigOf(),
    })
    rmSync(project.path('vite.config.js'))
    const { root, references } = await plan('--config', 'config/vite.config.js')
    expect(root).toBe(project.dir)
    expect(references).toEqual([expect.objectContaining({ file: 'src/a.png', reached: true })])
  })

  it.each([
    ['throws something else than an error', 'throw 5', 'cannot be loaded (5)'],
    ['waits for ever', 'await new Promise(() => {})', 'waits for something that never comes'],
    ['begins what never ends', 'setInterval(() => {}, 1000)\nexport default {}', ''],
  ])('ends where a config %s', async (_, config, explanation) => {
    const { project, magnific } = await openPlannedProject({ 'magnific.config.js': config })
    rmSync(project.path('vite.config.js'))
    const { code, stderr } = await magnific('plan')
    expect(code).toBe(explanation === '' ? 0 : 2)
    expect(stderr).toContain(explanation)
  })

  it('does not send those to buy whom that does not help', async () => {
    const { magnific } = await openPlannedProject({
      'src/main.js': "import './a.png?magnific=3x'\n",
    })
    const { code, stderr } = await magnific('plan', '--check')
    expect(code).toBe(1)
    expect(stderr).toContain('1 invalid: a build fails over these.')
    expect((await magnific('plan', '')).code).toBe(2)
  })

  it.each(['vite8', 'vite6'] as const)('agrees with what %s buys', async (host) => {
    const { project, plan, emulator } = await openPlannedProject(everyKind)
    const before = await plan()
    const wanted = new Set(before.references.map(({ fingerprint }) => fingerprint))
    const options = {
      ...optionsFor(emulator),
      presets: { card: { magnific: '4x', w: [100, 200], format: 'webp' } },
    } as const
    const { error } = await build(host, project, { options, entry: 'index.html' })
    expect(error).toBeUndefined()
    const bought = project.list('.magnific/v1/results').map((file) => /[\da-f]{64}/.exec(file)?.[0])
    expect(new Set(bought)).toEqual(wanted)
    expect(postsTo(emulator)).toBe(wanted.size)
    const after = await plan()
    expect(after.references.map(({ state }) => state)).toEqual(after.references.map(() => 'cached'))
    expect(after.totals.estimate).toBe(0)
  })
})

async function makeHuge(): Promise<Buffer> {
  const { default: sharp } = await import('sharp')
  return sharp({ create: { width: 2000, height: 2000, channels: 3, background: 'red' } })
    .png()
    .toBuffer()
}
