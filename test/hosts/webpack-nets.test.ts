import { cpSync } from 'node:fs'
import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import type { Compiler, Configuration, RuleSetRule } from 'webpack'
import { build } from '../helpers/build.ts'
import { postsTo, startEmulator } from '../helpers/emulator.ts'
import { heroProject, optionsFor } from '../helpers/hero.ts'

const require = createRequire(import.meta.url)
const cssLoader = require.resolve('css-loader')
const htmlLoader = require.resolve('html-loader')

/** As less-loader does it. */
const lessLoader = `
  const less = require(${JSON.stringify(require.resolve('less'))})
  module.exports = function (source) {
    const done = this.async()
    less.render(source, { filename: this.resourcePath }).then(({ css, imports }) => {
      for (const file of imports) this.addDependency(file)
      done(null, css)
    }, done)
  }`

/** Says of a file that it is copied, as CopyPlugin and CopyRspackPlugin do. */
function copy(name: string, bytes: Buffer): { apply(compiler: Compiler): void } {
  return {
    apply: (compiler) =>
      compiler.hooks.thisCompilation.tap('copy', (compilation) => {
        const source = new compiler.webpack.sources.RawSource(bytes)
        compilation.hooks.processAssets.tap('copy', () =>
          compilation.emitAsset(name, source, { copied: true }),
        )
      }),
  }
}

/** Ways in which a script is built: what webpack adds to it differs. */
const modes: [string, Configuration][] = [
  ['minified', {}],
  ['as it is', { optimization: { minimize: false } }],
  ['in development', { mode: 'development' }],
  ['with eval', { mode: 'development', devtool: 'eval' }],
  ['with eval and maps', { mode: 'development', devtool: 'eval-source-map' }],
  ['with maps inside', { mode: 'development', devtool: 'inline-source-map' }],
]

describe.each(['webpack', 'rspack'] as const)('%s', (host) => {
  /** Builds without buying anything. */
  const run = async (
    files: Record<string, string>,
    config: Configuration = {},
  ): Promise<{ error: string | undefined; log: string }> => {
    const project = await heroProject()
    for (const [name, content] of Object.entries(files)) project.write(name, content)
    const emulator = await startEmulator()
    const plugins = [copy('pub.png', project.read('src/hero.png')), ...(config.plugins ?? [])]
    const built = await build(host, project, {
      options: optionsFor(emulator),
      [host]: { ...config, plugins },
    })
    expect(postsTo(emulator)).toBe(0)
    return built
  }

  describe.each(modes)('a script %s', (_, config) => {
    it('is refused where its texts lead to a copy of the original', async () => {
      const texts = [
        "'/pub.png?magnific=4x'",
        '"./pub.png?magnific=4x&hdr=1"',
        "'url(pub.png?magnific=8x)'",
        '`<img src="/pub.png?magnific=16x">`',
      ]
      const { error } = await run({ 'src/main.js': `console.log(${texts.join(', ')})` }, config)
      for (const query of ['4x', '4x&hdr=1', '8x', '16x']) {
        expect(error).toContain(
          `pub.png?magnific=${query}" leads to a file that is copied as it is`,
        )
      }
      expect(error).toContain('src/main.js')
    })

    it('is warned of where its texts may be meant to be URLs', async () => {
      const texts = ["'/other.png?magnific=4x'", "'url(./hero.png?magnific=8x)'"]
      const { error, log } = await run(
        { 'src/main.js': `console.log(${texts.join(', ')})` },
        config,
      )
      expect(error).toBeUndefined()
      expect(log.match(/is a text, and no image is upscaled for it/g)).toHaveLength(2)
      expect(log).toContain('src/main.js')
    })

    it('is let by where nothing is left in it, whatever its comments and modules are called', async () => {
      const emulator = await startEmulator()
      const project = await heroProject()
      project.write('src/img/a.png', project.read('src/hero.png'))
      const code = `
        import hero from './hero.png?magnific=2x'
        import list from './hero.png?magnific=2x&w=20;30&as=srcset'
        // as in './pub.png?magnific=4x', or url(/pub.png?magnific=4x)
        /* '/pub.png?magnific=4x' */
        /*! '/pub.png?magnific=4x' */
        const name = process.argv[2]
        import(\`./img/\${name}.png?magnific=4x\`).then(console.log)
        console.log(
          hero, list, require('./hero.png?magnific=4x&hdr=2'), require.resolve('./hero.png?magnific=2x'),
          require.context('./img?magnific=2x', false, /\\.png$/),
          new URL('./hero.png?magnific=4x', import.meta.url),
          'https://example.com/pub.png?magnific=4x', '?magnificent', 'magnific', '/a.js?magnific=4x',
        )`
      project.write('src/main.js', code)
      const { error, log } = await build(host, project, {
        options: optionsFor(emulator),
        [host]: {
          ...config,
          output: { assetModuleFilename: '[contenthash:9][ext]' },
          plugins: [copy('pub.png', project.read('src/hero.png'))],
        },
      })
      expect(error).toBeUndefined()
      expect(log).not.toContain('is a text')
    })
  })

  it('is not at a loss with a module of many megabytes, in development either', async () => {
    const long = JSON.stringify('\\'.repeat(5_000_000))
    const { error, log } = await run(
      { 'src/main.js': `console.log('/other.png?magnific=4x', ${long})` },
      { mode: 'development', devtool: 'eval' },
    )
    expect(error).toBeUndefined()
    expect(log.match(/is a text/g)).toHaveLength(1)
  })

  it.each(modes)(
    'warns of no style sheet that css-loader has resolved, nor of its comments, %s',
    async (_, config) => {
      const emulator = await startEmulator()
      const project = await heroProject()
      const css = `/*\n.b { background: url('./hero.png?magnific=8x') }\n*/\n.a { background: url('./hero.png?magnific=2x') }`
      project.write('src/a.css', css)
      project.write('src/main.js', "import css from './a.css'\nconsole.log(css.toString())")
      const { error, log, assets } = await build(host, project, {
        options: optionsFor(emulator),
        [host]: {
          devtool: 'source-map',
          ...config,
          module: { rules: [{ test: /\.css$/, use: [cssLoader] }] },
        },
      })
      expect(error).toBeUndefined()
      expect(log).not.toContain('is a text')
      expect([...assets.keys()].filter((name) => name.endsWith('.png'))).toHaveLength(1)
    },
  )

  it('takes what stands in quotes in a text, and is relative, for an example', async () => {
    const { error, log } = await run({
      'src/main.js': `console.log('<img src="./pub.png?magnific=4x">')`,
    })
    expect(error).toBeUndefined()
    expect(log.match(/is a text/g)).toHaveLength(1)
  })

  it('refuses what leads to public/, where that has been copied before the build', async () => {
    const project = await heroProject()
    project.write('public/img/a b.png', project.read('src/hero.png'))
    project.write('src/main.js', "console.log('/base/img/a%20b.png?magnific=4x')")
    const emulator = await startEmulator()
    const publish = {
      apply: (compiler: Compiler) =>
        compiler.hooks.beforeRun.tap('publish', () =>
          cpSync(project.path('public'), project.path('dist'), { recursive: true }),
        ),
    }
    const { error } = await build(host, project, {
      options: optionsFor(emulator),
      [host]: { output: { clean: false, publicPath: '/base/' }, plugins: [publish] },
    })
    expect(error).toContain('"/base/img/a%20b.png?magnific=4x" leads to a file that is copied')
  })

  it.each<[string, string, Configuration['module']]>([
    [
      'new URL(), where the host is told to leave it',
      "console.log(new URL('./hero.png?magnific=4x', import.meta.url))",
      { parser: { javascript: { url: false } } },
    ],
    [
      'new URL() with a comment to leave it',
      "console.log(new URL(/* webpackIgnore: true */ './hero.png?magnific=4x', import.meta.url))",
      {},
    ],
    [
      'import() with a comment to leave it',
      "import(/* webpackIgnore: true */ './hero.png?magnific=4x').then(console.log)",
      {},
    ],
  ])('refuses %s', async (_, code, module) => {
    for (const [, config] of modes.slice(0, 4)) {
      const { error } = await run({ 'src/main.js': code }, { ...config, ...(module && { module }) })
      expect(error).toContain('"./hero.png?magnific=4x" stands in main.js as it was written')
    }
  })

  it.each([
    "console.log(require.context('./', false, /\\.png\\?magnific=4x$/))",
    "console.log(require.context('./', false, /\\.png(?:[?]magnific=4x)?$/))",
    "console.log(require('./img/a.png?magnific=' + process.argv[2]))",
  ])('refuses a query that is held against names of files: %s', async (code) => {
    const { error } = await run({ 'src/main.js': code, 'src/img/a.png': '' })
    expect(error).toContain('is held against names of files, which have no query')
    expect(error).toContain('src/main.js')
  })

  it.each<[string, Record<string, string>, RuleSetRule[]]>([
    [
      'a style sheet whose references a loader leaves alone',
      { 'src/a.css': '.a { background: url(./hero.png?magnific=4x) }' },
      [{ test: /\.css$/, loader: cssLoader, options: { url: false } }],
    ],
    [
      'a style sheet that is a text',
      { 'src/a.css': '.a { background: url("./hero.png?magnific=4x") }' },
      [{ test: /\.css$/, type: 'asset/source' }],
    ],
    [
      'a page that is a text',
      { 'src/a.html': '<img src="./hero.png?magnific=4x">' },
      [{ test: /\.html$/, type: 'asset/source' }],
    ],
    [
      'a page whose references a loader leaves alone',
      { 'src/a.html': '<img src="./hero.png?magnific=4x">' },
      [{ test: /\.html$/, loader: htmlLoader, options: { sources: false } }],
    ],
    [
      'the style of a page, which html-loader does not read',
      { 'src/a.html': '<p style="background: url(./hero.png?magnific=4x)"></p>' },
      [{ test: /\.html$/, loader: htmlLoader }],
    ],
  ])('warns of %s', async (_, files, rules) => {
    const [name = ''] = Object.keys(files)
    const main = `import text from './${name.slice(4)}'\nconsole.log(text.toString())`
    const { error, log } = await run({ ...files, 'src/main.js': main }, { module: { rules } })
    expect(error).toBeUndefined()
    expect(log).toContain('"./hero.png?magnific=4x" is a text, and no image is upscaled for it')
    expect(log).toContain(name)
  })

  it.each<[string, Record<string, string>]>([
    ['data-uri()', { 'src/a.less': ".a { b: data-uri('hero.png?magnific=4x') }" }],
    [
      'data-uri() with a type, in a partial',
      {
        'src/a.less': "@import './b.less';",
        'src/b.less': `// It's inlined.\n.a { b: data-uri('image/png;base64', "hero.png?magnific=4x") }`,
      },
    ],
  ])('refuses %s of Less, which reads the original', async (_, files) => {
    const project = await heroProject()
    for (const [name, content] of Object.entries(files)) project.write(name, content)
    project.write('src/main.js', "import css from './a.less'\nconsole.log(css.toString())")
    project.write('less-loader.cjs', lessLoader)
    const emulator = await startEmulator()
    const use = [cssLoader, project.path('less-loader.cjs')]
    const { error } = await build(host, project, {
      options: optionsFor(emulator),
      [host]: { module: { rules: [{ test: /\.less$/, use }] } },
    })
    expect(error).toContain('"hero.png?magnific=4x": Less reads the file itself in data-uri()')
    expect(error).toContain("Write url('hero.png?magnific=4x&inline')")
    expect(error).toContain(project.path(Object.keys(files).at(-1)!))
    expect(error?.match(/the file itself/g)).toHaveLength(1)
  })

  it.each([
    [
      'less',
      ".a { width: image-width('hero.png?magnific=4x') }",
      'looks at the file itself in image-width()',
    ],
    ['styl', ".a\n  b embedurl('hero.png?magnific=4x')\n", 'reads the file itself in embedurl()'],
  ])('refuses what reads the original in %s', async (lang, style, says) => {
    const project = await heroProject()
    project.write('empty.cjs', "module.exports = () => ''")
    project.write(`src/a.${lang}`, style)
    project.write('src/main.js', `import css from './a.${lang}'\nconsole.log(css)`)
    const emulator = await startEmulator()
    const { error } = await build(host, project, {
      options: optionsFor(emulator),
      // What the preprocessor makes of it has nothing of the query in it.
      [host]: {
        module: { rules: [{ test: /\.(?:less|styl)$/, loader: project.path('empty.cjs') }] },
      },
    })
    expect(error).toContain(says)
    expect(error).toContain(project.path(`src/a.${lang}`))
  })

  it('lets by what Less leaves to others, and comments', async () => {
    const project = await heroProject()
    project.write(
      'src/a.less',
      `// data-uri('hero.png?magnific=4x')
       /* data-uri('hero.png?magnific=4x'), url(./hero.png?magnific=4x) */
       .a { b: data-uri('hero.png'); c: url('./hero.png?magnific=2x&inline') }`,
    )
    project.write('src/main.js', "import css from './a.less'\nconsole.log(css.toString())")
    project.write('less-loader.cjs', lessLoader)
    const emulator = await startEmulator()
    const use = [cssLoader, project.path('less-loader.cjs')]
    const { error, log } = await build(host, project, {
      options: optionsFor(emulator),
      [host]: { module: { rules: [{ test: /\.less$/, use }] } },
    })
    expect([error, log]).toEqual([undefined, expect.not.stringContaining('is a text')])
    expect(postsTo(emulator)).toBe(1)
  })

  it('refuses an SVG that refers to an image, and warns of a manifest that does', async () => {
    const main =
      "import one from './i.svg'\nimport two from './a.webmanifest'\nconsole.log(one, two)"
    const rules = [{ test: /\.(?:svg|webmanifest)$/, type: 'asset/resource' }]
    const manifest = JSON.stringify({ icons: [{ src: './hero.png?magnific=4x' }] })
    const files = { 'src/main.js': main, 'src/a.webmanifest': manifest, 'src/i.svg': '<svg/>' }
    const { error, log } = await run(files, { module: { rules } })
    expect(error).toBeUndefined()
    expect(log).toContain('"./hero.png?magnific=4x" is a text')
    const svg =
      '<svg><!-- <image href="./b.png?magnific"/> --><image href="hero.png?magnific=4x"/></svg>'
    const refused = await run({ ...files, 'src/i.svg': svg }, { module: { rules } })
    expect(refused.error).toMatch(/"hero.png\?magnific=4x" stands in i-\w+\.svg as it was written/)
    expect(refused.error).not.toContain('b.png')
  })

  it('says nothing of texts where it is to be silent', async () => {
    const project = await heroProject()
    project.write('src/main.js', "console.log('/other.png?magnific=4x')")
    const emulator = await startEmulator()
    const options = { ...optionsFor(emulator), logLevel: 'silent' as const }
    const { error, log } = await build(host, project, { options })
    expect([error, log]).toEqual([undefined, expect.not.stringContaining('is a text')])
  })
})
