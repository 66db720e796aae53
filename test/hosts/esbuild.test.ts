import { readFileSync, symlinkSync } from 'node:fs'
import { basename } from 'node:path'
import * as esbuild from 'esbuild'
import type { BuildOptions, Loader, Message, Plugin } from 'esbuild'
import magnific from 'unplugin-magnific/esbuild'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Emulator } from '../../src/emulator/index.ts'
import { build } from '../helpers/build.ts'
import type { Built } from '../helpers/build.ts'
import { postsTo, startEmulator } from '../helpers/emulator.ts'
import { heroProject, optionsFor } from '../helpers/hero.ts'
import { describeImage, makePng } from '../helpers/images.ts'
import type { Project } from '../helpers/project.ts'
import { describePictures, describeValues } from '../helpers/shipped.ts'

const buildWith = async (
  project: Project,
  emulator: Emulator,
  settings: BuildOptions = {},
): Promise<Built> => build('esbuild', project, { options: optionsFor(emulator), esbuild: settings })

/** The settings of a build that a test runs itself. */
const settingsOf = (
  project: Project,
  emulator: Emulator,
): BuildOptions & { plugins: Plugin[] } => ({
  absWorkingDir: project.dir,
  entryPoints: ['src/main.js'],
  bundle: true,
  format: 'esm',
  outdir: 'dist',
  logLevel: 'silent',
  plugins: [magnific({ ...optionsFor(emulator), logLevel: 'silent' })],
})

const messagesOf = async (building: Promise<unknown>): Promise<Message[]> =>
  building.then(
    () => [],
    (error: unknown) => (error as { errors: Message[] }).errors,
  )

const shown = async (built: Built): Promise<string[]> =>
  [...(await describePictures(built)).values()].toSorted()

describe('esbuild', () => {
  it('upscales imports of JavaScript, TypeScript and JSX, and what style sheets refer to', async () => {
    const emulator = await startEmulator()
    const project = await heroProject()
    project.write(
      'src/main.js',
      `import './a.ts'
       import './b.jsx'
       import './style.css'
       const c = require('./hero.png?magnific=2x&hdr=3')
       import('./hero.png?magnific=2x&hdr=4').then(({ default: d }) => console.log(c, d))`,
    )
    project.write(
      'src/a.ts',
      "import a from './hero.png?magnific=2x&hdr=1'\nconsole.log(a as string)",
    )
    project.write(
      'src/b.jsx',
      "import b from './hero.png?magnific=2x&hdr=2'\nconsole.log(<img src={b} />)",
    )
    project.write(
      'src/style.css',
      `@import './deep/imported.css';
       .a { background: url(hero.png?magnific=2x&hdr=5) }
       .b { background: image-set(url("./hero.png?magnific=2x&hdr=6") 2x) }
       .c { --picture: url('./hero.png?magnific=2x&hdr=7') }
       .d { background: url(https://example.com/hero.png?magnific=2x) }`,
    )
    project.write(
      'src/deep/imported.css',
      '.e { background: url(../hero.png?magnific=2x&hdr=8&w=30) }',
    )
    const { error, assets } = await buildWith(project, emulator, { jsxFactory: 'h' })
    expect(error).toBeUndefined()
    const hdrs = emulator.tasks.map(({ params }) => Number(params['hdr']))
    expect(hdrs.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    const css = assets.get('main.css')!.toString()
    expect(css.match(/url\("?\.\/hero-[A-Z\d]{8}\.png"?\)/g)).toHaveLength(4)
    expect(css).toContain('https://example.com/hero.png?magnific=2x')
    const original = readFileSync(project.path('src/hero.png'))
    expect([...assets.values()].filter((bytes) => bytes.equals(original))).toEqual([])
  })

  it("minds the user's loaders", async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    const patterns: [Loader, RegExp][] = [
      ['dataurl', /data:image\/png;base64,iVBOR/],
      ['base64', /"iVBOR/],
      ['binary', /(?:toBinary\w*|fromBase64)\("iVBOR/],
    ]
    for (const [loader, pattern] of patterns) {
      const { error, code, assets } = await buildWith(project, emulator, {
        loader: { '.png': loader },
      })
      expect(error).toBeUndefined()
      expect(assets.size).toBe(0)
      // A picture in a message hides the rest of it.
      expect(pattern.test(code), loader).toBe(true)
    }
    expect(postsTo(emulator)).toBe(1)
  })

  it.each<Loader>(['empty', 'text', 'json'])(
    'refuses a loader that ships no picture: %s',
    async (loader) => {
      const emulator = await startEmulator()
      const project = await heroProject('./hero.png?magnific=2x')
      const { error } = await buildWith(project, emulator, { loader: { '.png': loader } })
      expect(error).toContain(`The loader '${loader}' does not ship the image`)
      expect(emulator.calls).toEqual([])
    },
  )

  it('refuses what another plugin loads in its place', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    const greedy: Plugin = {
      name: 'greedy',
      setup: ({ onLoad }) => onLoad({ filter: /\.png$/ }, () => ({ contents: '', loader: 'text' })),
    }
    const settings = settingsOf(project, emulator)
    const run = async (plugins: Plugin[]): Promise<Message[]> =>
      messagesOf(esbuild.build({ ...settings, plugins }))
    const [message, ...others] = await run([greedy, ...settings.plugins])
    expect(message?.text).toContain('was taken by another plugin')
    expect(others).toEqual([])
    expect(emulator.calls).toEqual([])
    // Two of ours are none of the others.
    expect(await run([...settings.plugins, greedy, ...settings.plugins])).toEqual([])
  })

  it("copies pictures with the user's loader copy, and names them as the user does", async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x', './hero.png')
    const { error, code } = await buildWith(project, emulator, {
      loader: { '.png': 'copy' },
      assetNames: 'pictures/[dir]/[name]-[hash]',
      publicPath: 'https://example.com/',
    })
    expect(error).toBeUndefined()
    // What is made here lies in no folder of the sources.
    const [upscaled = ''] = /pictures\/hero-\w+\.png/.exec(code) ?? []
    const written = readFileSync(project.path('dist', upscaled))
    expect(await describeImage(written)).toMatchObject({ width: 120 })
    expect(code).not.toContain('.magnific')
  })

  it('inlines ?inline, keeps ?no-inline out, and minds import attributes', async () => {
    const emulator = await startEmulator()
    const project = await heroProject(
      './hero.png?magnific=2x&inline',
      './hero.png?magnific=2x&no-inline',
      './hero.png?magnific=2x&w=30&format=avif&inline',
    )
    const built = await buildWith(project, emulator, { loader: { '.png': 'dataurl' } })
    expect(built.error).toBeUndefined()
    expect(await describeValues(built)).toEqual([
      '[data png 120×80]',
      '[png 120×80]',
      '[data avif 30×20]',
    ])
    project.write(
      'src/main.js',
      "import a from './hero.png?magnific=2x' with { type: 'bytes' }\nconsole.log(a)",
    )
    const bytes = await buildWith(project, emulator)
    expect(bytes.error).toBeUndefined()
    expect(bytes.code).toContain('iVBOR')
    project.write('src/main.js', "import a from './hero.png?magnific=2x' with { type: 'picture' }")
    expect((await buildWith(project, emulator)).error).toContain("with { type: 'picture' }")
  })

  it("refuses to make a srcset of what the user's loader gives no URL of", async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x&as=srcset&w=30;60')
    const { error } = await buildWith(project, emulator, { loader: { '.png': 'binary' } })
    expect(error).toContain("the loader 'binary' of .png gives none")
    expect(emulator.calls).toEqual([])
  })

  it('resolves by alias, paths of TypeScript, packages, links and plugins', async () => {
    const emulator = await startEmulator()
    const project = await heroProject(
      'pictures/hero.png?magnific=2x',
      '@/hero.png?magnific=2x&hdr=1',
      'pkg/hero.png?magnific=2x&hdr=2',
      'plugged:hero.png?magnific=2x&hdr=3',
    )
    project.write(
      'tsconfig.json',
      JSON.stringify({ compilerOptions: { paths: { '@/*': ['./src/*'] } } }),
    )
    project.write('packages/pkg/package.json', '{"name":"pkg"}')
    project.write('packages/pkg/hero.png', await makePng({ seed: 2 }))
    project.write('node_modules/.keep', '')
    symlinkSync(project.path('packages/pkg'), project.path('node_modules/pkg'))
    const plugged: Plugin = {
      name: 'plugged',
      setup: ({ onResolve }) =>
        onResolve({ filter: /^plugged:/ }, ({ path }) => ({
          path: project.path('src', path.slice('plugged:'.length)),
        })),
    }
    const settings = { alias: { pictures: './src' }, plugins: [plugged] }
    const built = await buildWith(project, emulator, settings)
    expect(built.error).toBeUndefined()
    expect(await describeValues(built)).toEqual(Array(4).fill('[png 120×80]'))
    expect(emulator.tasks).toHaveLength(4)
  })

  it('ships pictures whatever they are called', async () => {
    const emulator = await startEmulator()
    const project = await heroProject()
    const names = ['a b.png', 'a%20b.png', 'a#b.png', 'bücher-図.png', "it's.png", 'a+b&c.png']
    for (const [seed, name] of names.entries())
      project.write(`src/${name}`, await makePng({ seed }))
    const imports = names
      .flatMap((name) => [`./${name}?magnific=2x`, `./${name}?magnific=2x&as=img&w=30;60`])
      .map((specifier, index) => `import i${index} from ${JSON.stringify(specifier)}`)
    project.write(
      'src/main.js',
      `${imports.join('\n')}\nconsole.log(${imports.map((_, index) => `i${index}`).join()})`,
    )
    const built = await buildWith(project, emulator)
    expect(built.error).toBeUndefined()
    const each = ['[png 120×80]', '[png 30×20]', '[png 60×40]']
    expect(await shown(built)).toEqual(each.flatMap((one) => Array(names.length).fill(one)))
    for (const name of built.assets.keys()) expect(built.code).toContain(`"./${name}"`)
  })

  it('hands the picture over where nothing is written', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    const { outputFiles, warnings } = await esbuild.build({
      ...settingsOf(project, emulator),
      write: false,
    })
    const picture = outputFiles.find(({ path }) => path.endsWith('.png'))
    expect(await describeImage(Buffer.from(picture!.contents))).toMatchObject({ width: 120 })
    expect(warnings).toEqual([])
    project.write('src/main.js', "console.log(new URL('./hero.png?magnific=2x', import.meta.url))")
    const errors = await messagesOf(
      esbuild.build({ ...settingsOf(project, emulator), write: false }),
    )
    expect(errors).toHaveLength(1)
  })

  it('ships one picture for two entries, in chunks and with a name that is hashed or not', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    project.write('src/deep/other.js', "import a from '../hero.png?magnific=2x'\nconsole.log(a, 2)")
    for (const assetNames of ['[name]-[hash]', 'static/[name]']) {
      const built = await buildWith(project, emulator, {
        entryPoints: ['src/main.js', 'src/deep/other.js'],
        splitting: true,
        minify: true,
        assetNames,
      })
      expect(built.error).toBeUndefined()
      expect(await shown(built)).toEqual(['[png 120×80]'])
    }
    expect(postsTo(emulator)).toBe(1)
  })

  it('pays once for two builds at once, with one plugin for both', async () => {
    const emulator = await startEmulator({ latency: 100 })
    const project = await heroProject('./hero.png?magnific=2x')
    const shared = settingsOf(project, emulator)
    await Promise.all([
      esbuild.build({ ...shared, outdir: 'dist/esm' }),
      esbuild.build({ ...shared, outdir: 'dist/cjs', format: 'cjs' }),
    ])
    for (const folder of ['dist/esm', 'dist/cjs']) {
      const names = project.list(folder).map((file) => basename(file))
      expect(names).toEqual([expect.stringMatching(/^hero-\w{8}\.png$/), 'main.js'])
    }
    expect(postsTo(emulator)).toBe(1)
  })

  it('waits for all pictures of a module at once', async () => {
    const emulator = await startEmulator({ latency: Number.POSITIVE_INFINITY })
    const project = await heroProject('./hero.png?magnific=2x', './hero.png?magnific=4x')
    const building = buildWith(project, emulator)
    await emulator.until(() => emulator.tasks.length === 2)
    emulator.complete()
    expect((await building).error).toBeUndefined()
  })

  it('says where a reference stands that is refused, before anything is bought', async () => {
    const emulator = await startEmulator()
    const project = await heroProject()
    project.write('src/main.js', "import './style.css'\nimport a from './hero.png?magnific=3x'\n")
    project.write('src/style.css', 'a {\n  background: url(hero.png?magnific=2x&as=srcset) }')
    const errors = await messagesOf(esbuild.build(settingsOf(project, emulator)))
    const places = errors
      .toSorted((a, b) => a.text.localeCompare(b.text))
      .map(({ location, text }) => [
        `${location?.file}:${location?.line}:${location?.column}`,
        location?.lineText,
        text.split('\n')[0],
      ])
    expect(places).toEqual([
      [
        'src/main.js:2:14',
        "import a from './hero.png?magnific=3x'",
        expect.stringContaining('got "3x"'),
      ],
      [
        'src/style.css:2:14',
        '  background: url(hero.png?magnific=2x&as=srcset) }',
        expect.stringContaining('here is room for one URL'),
      ],
    ])
    expect(emulator.calls).toEqual([])
  })

  const refused: [
    title: string,
    files: Record<string, string>,
    says: string,
    more?: BuildOptions,
  ][] = [
    [
      'new URL()',
      { 'src/main.js': "console.log(new URL('./hero.png?magnific=2x', import.meta.url))" },
      'src/main.js:1:21: "./hero.png?magnific=2x" is left as it is by esbuild',
    ],
    [
      'new URL() in a format without import.meta, minified',
      { 'src/main.js': "console.log(new URL('./hero.png?magnific=2x', import.meta.url))" },
      'is left as it is by esbuild',
      { format: 'iife', minify: true },
    ],
    [
      'new URL() where import.meta.url is defined',
      { 'src/main.js': "console.log(new URL('./hero.png?magnific=2x', import.meta.url))" },
      'is left as it is by esbuild',
      { define: { 'import.meta.url': '"https://example.com/"' } },
    ],
    [
      'files where there is no place for them',
      { 'src/main.js': "import a from './hero.png?magnific=2x'\nconsole.log(a)" },
      'There is no place for the image',
      { outdir: undefined } as unknown as BuildOptions,
    ],
    [
      'a text in image-set()',
      {
        'src/main.js': "import './a.css'",
        'src/a.css': 'a { background: image-set("a.png" 1x, "./hero.png?magnific=2x" 2x) }',
      },
      'src/a.css:1:39: "./hero.png?magnific=2x" is left as it is by esbuild',
    ],
    [
      'imports where nothing is bundled',
      { 'src/main.js': "import a from './hero.png?magnific=2x'\nconsole.log(a)" },
      'set `bundle: true`',
      { bundle: false },
    ],
    [
      'pages that are copied',
      { 'src/main.js': "import './a.html'", 'src/a.html': '<img src="./hero.png?magnific=2x">' },
      'It copies pages',
      { loader: { '.html': 'copy' } },
    ],
    [
      'what is external',
      { 'src/main.js': "import a from './hero.png?magnific=2x'\nconsole.log(a)" },
      'Take it out of `external`.',
      { external: ['*.png'] },
    ],
    [
      'what packages have, where they are external',
      { 'src/main.js': "import a from 'pkg/hero.png?magnific=2x'\nconsole.log(a)" },
      "as every package is with `packages: 'external'`",
      { packages: 'external' },
    ],
    [
      'data URLs',
      { 'src/main.js': "import a from 'data:image/png;base64,iVBOR?magnific=2x'" },
      'is no file. Import one.',
    ],
    [
      'URLs of other servers in scripts',
      { 'src/main.js': "import a from 'https://example.com/hero.png?magnific=2x'" },
      'is external',
    ],
    [
      '@import of a picture',
      { 'src/main.js': "import './a.css'", 'src/a.css': '@import "./hero.png?magnific=2x";' },
      'stands where no image can (import-rule)',
    ],
    [
      'an entry point',
      { 'src/main.js': '' },
      'is an entry point',
      { entryPoints: ['src/hero.png?magnific=2x'] },
    ],
    [
      'patterns',
      { 'src/main.js': "const n = 'hero'\nimport(`./${n}.png?magnific=2x`)" },
      '"./**/*.png?magnific=2x" is a pattern',
    ],
    [
      'what is missing in a style sheet',
      { 'src/main.js': "import './a.css'", 'src/a.css': 'a { b: url(herro.png?magnific=2x) }' },
      'Did you mean "hero.png"?',
    ],
    [
      'a package that is missing',
      { 'src/main.js': "import a from 'nobody/hero.png?magnific=2x'" },
      'Could not resolve "nobody/hero.png"',
    ],
  ]
  it.each(refused)('refuses %s', async (_, files, says, more = {}) => {
    const emulator = await startEmulator()
    const project = await heroProject()
    for (const [name, content] of Object.entries(files)) project.write(name, content)
    const { error } = await buildWith(project, emulator, more)
    expect(error).toContain(says)
    expect(emulator.calls).toEqual([])
  })

  it('refuses what another plugin resolved to the original, and what one makes up', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    const greedy: Plugin = {
      name: 'greedy',
      setup: ({ onResolve }) =>
        onResolve({ filter: /hero\.png/ }, () => ({ path: project.path('src/hero.png') })),
    }
    const virtual: Plugin = {
      name: 'virtual',
      setup: ({ onResolve }) =>
        onResolve({ filter: /hero\.png$/ }, () => ({ path: 'x', namespace: 'made-up' })),
    }
    const settings = settingsOf(project, emulator)
    const [first] = await messagesOf(
      esbuild.build({
        ...settings,
        loader: { '.png': 'file' },
        plugins: [greedy, ...settings.plugins],
      }),
    )
    expect(first?.text).toContain('Put unplugin-magnific before it in `plugins`.')
    expect(first?.location).toMatchObject({ file: 'src/main.js', line: 1, column: 20 })
    const { error } = await buildWith(project, emulator, { plugins: [virtual] })
    expect(error).toContain('something that a plugin makes up (made-up)')
    expect(emulator.calls).toEqual([])
  })

  it('minds no import that TypeScript drops', async () => {
    const emulator = await startEmulator()
    const project = await heroProject()
    project.write(
      'src/main.ts',
      "import unused from './hero.png?magnific=2x'\nimport type A from './hero.png?magnific=4x'\nexport const a: A = 1",
    )
    const { error } = await buildWith(project, emulator, { entryPoints: ['src/main.ts'] })
    expect(error).toBeUndefined()
    expect(emulator.calls).toEqual([])
  })

  it('refuses what another plugin leaves outside', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    const settings = settingsOf(project, emulator)
    const outside: Plugin = {
      name: 'outside',
      setup: ({ onResolve }) =>
        onResolve({ filter: /hero\.png/ }, ({ path }) => ({ path, external: true })),
    }
    const errors = await messagesOf(
      esbuild.build({ ...settings, plugins: [outside, ...settings.plugins] }),
    )
    expect(errors.map(({ text }) => text.split('\n')[0])).toEqual([
      expect.stringContaining('is external'),
    ])
  })

  it('warns of a srcset, of a page without a slash in its URL, and of a manifest', async () => {
    const emulator = await startEmulator()
    const project = await heroProject()
    project.write(
      'src/main.js',
      `import manifest from './a.webmanifest'
       console.log(manifest, './small.png 1x, ./hero.png?magnific=2x 2x', '<img src="img/hero.png?magnific=4x">')`,
    )
    project.write('src/a.webmanifest', '{"icons":[{"src":"hero.png?magnific=8x"}]}')
    const loader = { '.webmanifest': 'file' } as const
    const { error, log } = await buildWith(project, emulator, { loader })
    expect(error).toBeUndefined()
    expect(log).toContain('"./hero.png?magnific=2x" is a text')
    expect(log).toContain('"img/hero.png?magnific=4x" is a text')
    expect(log).toContain('a.webmanifest:1:18: "hero.png?magnific=8x" is a text')
    expect(log.match(/is a text/g)).toHaveLength(3)
  })

  it.each(['file', 'copy', 'text'] as const)(
    'does not ship an SVG that refers to an image in silence: %s',
    async (loader) => {
      const emulator = await startEmulator()
      const project = await heroProject()
      project.write('src/main.js', "import svg from './i.svg'\nconsole.log(svg)")
      project.write('src/i.svg', '<svg><image href="hero.png?magnific=2x"/></svg>')
      const settings = { loader: { '.svg': loader } }
      const { error, log } = await buildWith(project, emulator, settings)
      if (loader === 'text') expect(log).toContain('"hero.png?magnific=2x" is a text')
      else {
        expect(error).toContain(
          'src/i.svg:1:18: "hero.png?magnific=2x" is left as it is by esbuild',
        )
        expect(error).toContain('It reads no SVG.')
      }
    },
  )

  it('warns of texts that look like references', async () => {
    const emulator = await startEmulator()
    const project = await heroProject()
    project.write(
      'src/main.js',
      "console.log('./hero.png?magnific=2x', 'a { b: url(./hero.png?magnific=4x) }', 'how ?magnific=2x works')",
    )
    const { error, log } = await buildWith(project, emulator)
    expect(error).toBeUndefined()
    expect(log).toContain('src/main.js:1:13: "./hero.png?magnific=2x" is a text')
    expect(log).toContain('"./hero.png?magnific=4x" is a text')
    expect(log.match(/is a text/g)).toHaveLength(2)
  })
})

describe('a context of esbuild', () => {
  /** Rebuilds, and tells of each build that ends. */
  const createContext = async (
    project: Project,
    emulator: Emulator,
    onBuilt: (errors: Message[]) => void = () => {},
  ): Promise<esbuild.BuildContext> => {
    const settings = settingsOf(project, emulator)
    const context = await esbuild.context({
      ...settings,
      assetNames: '[name]',
      plugins: [
        ...settings.plugins,
        { name: 'tell', setup: ({ onEnd }) => onEnd(({ errors }) => onBuilt(errors)) },
      ],
    })
    onTestFinished(async () => context.dispose())
    return context
  }
  const widthOf = async (project: Project): Promise<number> =>
    (await describeImage(readFileSync(project.path('dist/hero.png')))).width

  it('builds again when the picture, or a query, changes; and buys in its first build alone', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    const builds: Message[][] = []
    const context = await createContext(project, emulator, (errors) => void builds.push(errors))
    await context.watch()
    await vi.waitUntil(() => builds.length === 1, { timeout: 20_000 })
    expect(await widthOf(project)).toBe(120)
    expect(emulator.tasks).toHaveLength(1)

    project.write('src/hero.png', await makePng({ width: 90, seed: 2 }))
    await vi.waitUntil(async () => (await widthOf(project)) === 180, { timeout: 20_000 })
    project.write('src/main.js', "import a from './hero.png?magnific=4x'\nconsole.log(a)")
    await vi.waitUntil(async () => (await widthOf(project)) === 360, { timeout: 20_000 })
    project.write('src/main.js', "import a from './later.png?magnific=4x'\nconsole.log(a)")
    await vi.waitUntil(() => builds.at(-1)?.[0]?.text.includes('does not exist'), {
      timeout: 20_000,
    })
    project.write('src/later.png', await makePng({ seed: 3 }))
    await vi.waitUntil(() => builds.at(-1)?.length === 0, { timeout: 20_000 })
    expect(emulator.tasks).toHaveLength(1)
  })

  it.each([{ word: '--watch' }, { word: 'serve' }, { event: 'dev:client' }])(
    'buys nothing at all where it is called with %o',
    async ({ word, event }) => {
      const emulator = await startEmulator()
      const project = await heroProject('./hero.png?magnific=2x')
      const { argv } = process
      vi.stubEnv('npm_lifecycle_event', event)
      if (word !== undefined) process.argv = [...argv, word]
      onTestFinished(() => {
        process.argv = argv
        vi.unstubAllEnvs()
      })
      const context = await createContext(project, emulator)
      await context.rebuild()
      expect(await widthOf(project)).toBe(120)
      expect(emulator.calls).toEqual([])
    },
  )

  it('is refused what is left in its files', async () => {
    const emulator = await startEmulator()
    const project = await heroProject()
    project.write('src/main.js', "console.log(new URL('./hero.png?magnific=2x', import.meta.url))")
    const context = await createContext(project, emulator)
    const [error] = await messagesOf(context.rebuild())
    expect(error?.text).toContain('is left as it is by esbuild')
  })
})
