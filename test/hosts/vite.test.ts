import { readFileSync, readdirSync } from 'node:fs'
import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename, join } from 'node:path'
import magnific from 'unplugin-magnific/vite'
import * as vite8 from 'vite'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { build } from '../helpers/build.ts'
import { startEmulator } from '../helpers/emulator.ts'
import { heroProject, optionsFor, writeEntry } from '../helpers/hero.ts'
import { describeImage, makeJpeg, makePng } from '../helpers/images.ts'
import { tmpProject } from '../helpers/project.ts'
import type { Project } from '../helpers/project.ts'
import { vites, viteVersions } from '../helpers/vite-versions.ts'

/** The picture in the first data URI of a text. */
function readDataUri(code: string): Buffer {
  const [, base64 = ''] = /data:image\/png;base64,([\w+/=]+)/.exec(code) ?? []
  return Buffer.from(base64, 'base64')
}

describe.each(viteVersions)('%s', (host) => {
  const vite = vites[host]

  it('leaves base and names to Vite', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    const { code, assets } = await build(host, project, {
      options: optionsFor(emulator),
      vite: {
        base: 'https://cdn.example.com/app/',
        build: {
          rollupOptions: { output: { assetFileNames: 'pictures/[name].[hash:6][extname]' } },
        },
      },
    })
    const [name = ''] = assets.keys()
    expect(name).toMatch(/^hero\.[\w-]{6}\.png$/)
    expect(code).toContain(`"https://cdn.example.com/app/pictures/${name}"`)
  })

  it('leaves inlining to Vite, by the size of what is shipped', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    const { code, assets } = await build(host, project, {
      options: optionsFor(emulator),
      vite: { build: { assetsInlineLimit: 1_000_000 } },
    })
    expect(assets.size).toBe(0)
    expect(await describeImage(readDataUri(code))).toMatchObject({ width: 120, height: 80 })
  })

  it('hands ?url, ?inline and ?no-inline on', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x&inline', './hero.png?url&magnific=2x')
    const inlined = await build(host, project, { options: optionsFor(emulator) })
    expect(inlined.error).toBeUndefined()
    expect(inlined.assets.size).toBe(1)
    expect(await describeImage(readDataUri(inlined.code))).toMatchObject({ width: 120 })

    writeEntry(project, './hero.png?no-inline&magnific=2x')
    const emitted = await build(host, project, {
      options: optionsFor(emulator),
      vite: { build: { assetsInlineLimit: 1_000_000 } },
    })
    expect(emitted.error).toBeUndefined()
    expect(emitted.assets.size).toBe(1)
    expect(emulator.tasks).toHaveLength(1)
  })

  it('inlines in library mode, as Vite does', async () => {
    const emulator = await startEmulator()
    const project = await heroProject()
    project.write('src/main.js', "export { default } from './hero.png?magnific=2x'\n")
    const { code, assets, error } = await build(host, project, {
      options: optionsFor(emulator),
      vite: {
        build: { lib: { entry: project.path('src/main.js'), formats: ['es'], fileName: 'lib' } },
      },
    })
    expect(error).toBeUndefined()
    expect(assets.size).toBe(0)
    expect(await describeImage(readDataUri(code))).toMatchObject({ width: 120, height: 80 })
  })

  it('gives server and client builds one URL, and asks once when they run side by side', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    const run = async (ssr: boolean): Promise<string> => {
      const output = await vite.build({
        root: project.dir,
        configFile: false,
        logLevel: 'silent',
        build: {
          ssr,
          write: false,
          minify: false,
          rollupOptions: { input: project.path('src/main.js') },
        },
        plugins: [magnific(optionsFor(emulator))],
      })
      const chunks = [output].flat().flatMap((each) => ('output' in each ? each.output : []))
      const code = chunks.map((chunk) => (chunk.type === 'chunk' ? chunk.code : '')).join('')
      return /\/assets\/hero-[\w-]+\.png/.exec(code)?.[0] ?? code
    }
    const [client, server] = await Promise.all([run(false), run(true)])
    expect(client).toMatch(/^\/assets\/hero-/)
    expect(server).toBe(client)
    expect(emulator.tasks).toHaveLength(1)
  })

  it('upscales in an app with several environments, which are built by one builder', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    const input = project.path('src/main.js')
    const builder = await vite.createBuilder({
      root: project.dir,
      configFile: false,
      logLevel: 'silent',
      builder: {},
      environments: {
        client: { build: { outDir: 'dist/client', rollupOptions: { input } } },
        ssr: { build: { outDir: 'dist/ssr', rollupOptions: { input } } },
      },
      plugins: [magnific(optionsFor(emulator))],
    })
    await builder.buildApp()
    expect(emulator.tasks).toHaveLength(1)
    const asset = readdirSync(project.path('dist/client/assets')).find((name) =>
      name.endsWith('.png'),
    )!
    const bytes = readFileSync(project.path('dist/client/assets', asset))
    expect(await describeImage(bytes)).toMatchObject({ width: 120 })
    const server = readdirSync(project.path('dist/ssr')).find((name) => name.endsWith('js'))!
    expect(readFileSync(project.path('dist/ssr', server), 'utf8')).toContain(asset)
  })

  it('upscales dynamic imports, globs, aliases, bare packages and workers', async () => {
    const emulator = await startEmulator()
    const project = tmpProject({
      'src/dynamic.png': await makePng({ seed: 1 }),
      'src/globbed/one.png': await makePng({ seed: 2 }),
      'src/aliased.png': await makePng({ seed: 3 }),
      'src/worker.png': await makePng({ seed: 4 }),
      'node_modules/some-pkg/packed.png': await makePng({ seed: 5 }),
      'node_modules/some-pkg/package.json': '{"name":"some-pkg","version":"1.0.0"}',
      'src/worker.js': "import image from './worker.png?magnific=2x'\nself.postMessage(image)\n",
      'src/main.js': `
        import aliased from '@/aliased.png?magnific=2x'
        import packed from 'some-pkg/packed.png?magnific=2x'
        const globbed = import.meta.glob('./globbed/*.png', { query: '?magnific=2x', import: 'default', eager: true })
        const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })
        console.log(aliased, packed, globbed, worker, await import('./dynamic.png?magnific=2x'))
      `,
    })
    const { assets, error } = await build(host, project, {
      options: optionsFor(emulator),
      vite: {
        build: { target: 'esnext' },
        worker: { format: 'es' },
        resolve: { alias: { '@': project.path('src') } },
      },
    })
    expect(error).toBeUndefined()
    const sizes = await Promise.all(
      [...assets].map(async ([name, bytes]) => [
        name.split('-')[0],
        (await describeImage(bytes)).width,
      ]),
    )
    expect(Object.fromEntries(sizes)).toEqual({
      aliased: 120,
      dynamic: 120,
      one: 120,
      packed: 120,
      worker: 120,
    })
    expect(emulator.tasks).toHaveLength(5)
  })

  it('finds the key in the .env files of Vite', async () => {
    const emulator = await startEmulator({ apiKeys: ['key-from-the-env-file'] })
    const project = await heroProject('./hero.png?magnific=2x')
    project.write(
      '.env.production.local',
      `FREEPIK_API_KEY=key-from-the-env-file\nMAGNIFIC_BASE_URL=${emulator.url}\n`,
    )
    const { error, code, log } = await build(host, project)
    expect(error).toBeUndefined()
    expect(emulator.tasks).toHaveLength(1)
    expect(code + log).not.toContain('key-from-the-env-file')
  })

  it('upscales what another plugin resolves without its query, or would load', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('theirs/hero.png?magnific=2x')
    const { error, assets } = await build(host, project, {
      options: optionsFor(emulator),
      vite: {
        plugins: [
          {
            name: 'theirs',
            enforce: 'pre',
            resolveId: (id: string) =>
              id.startsWith('theirs/')
                ? project.path('src', id.slice(7).split('?')[0] ?? '')
                : null,
            load: {
              order: 'pre',
              handler: (id: string) => (/\.png\?/.test(id) ? 'export default "theirs"' : null),
            },
          },
        ],
      },
    })
    expect(error).toBeUndefined()
    const [bytes] = assets.values()
    expect(await describeImage(bytes)).toMatchObject({ width: 120 })
  })

  it('leaves pictures to a plugin that loads them, cached or not', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    const seen: string[] = []
    const plugin = {
      name: 'pictures',
      load(id: string) {
        if (!id.endsWith('.png')) return null
        seen.push(id)
        return `export default ${JSON.stringify(`theirs:${basename(id)}`)}`
      },
      enforce: 'pre' as const,
    }
    for (let times = 1; times <= 2; times++) {
      const { error, code } = await build(host, project, {
        options: optionsFor(emulator),
        vite: { plugins: [plugin] },
      })
      expect(error).toBeUndefined()
      expect(code).toContain('theirs:hero.png')
      expect(seen).toHaveLength(times)
    }
    expect(await describeImage(readFileSync(seen[0] ?? ''))).toMatchObject({ width: 120 })
  })

  it('lets the keys of another plugin by', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x&theirs=1')
    const { error } = await build(host, project, {
      options: { ...optionsFor(emulator), passthrough: ['theirs'] },
    })
    expect(error).toBeUndefined()
    expect(emulator.tasks.map(({ params }) => params)).toEqual([{ scale_factor: '2x' }])
  })

  describe('upscales what Vite resolves by itself:', () => {
    const cases: {
      title: string
      files: Record<string, string>
      small?: boolean
    }[] = [
      {
        title: 'url() in a style sheet',
        files: { 'src/style.css': '.a { background: url(./hero.png?magnific=2x) }' },
      },
      {
        title: 'url() of a picture that is small enough to be inlined',
        files: { 'src/style.css': '.a { background: url("./hero.png?magnific=2x") }' },
        small: true,
      },
      {
        title: 'image-set() in a style sheet that is imported by another one',
        files: {
          'src/style.css': '@import "./deep/other.css";',
          'src/deep/other.css': '.a { background: image-set("../hero.png?magnific=2x" 1x) }',
        },
        small: true,
      },
      {
        title: 'url() in a CSS module, by an alias',
        files: {
          'src/main.js': "import classes from './a.module.css'\nconsole.log(classes.a)",
          'src/a.module.css': '.a { background: url("@/hero.png?magnific=2x") }',
        },
      },
      {
        title: 'new URL()',
        files: {
          'src/main.js': "console.log(new URL('./hero.png?magnific=2x', import.meta.url).href)",
        },
      },
      {
        title: 'new URL() in a worker',
        files: {
          'src/main.js':
            "new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })\n",
          'src/worker.js':
            "self.postMessage(new URL('./hero.png?magnific=2x', import.meta.url).href)",
        },
      },
      {
        title: 'new URL() with a comment in it',
        files: {
          'src/main.js':
            "console.log(new URL(/* the hero */ './hero.png?magnific=2x', import.meta.url).href)",
        },
      },
      {
        title: 'new URL() in a generator',
        files: {
          'src/main.js':
            "const a = {\n  *urls() { yield new URL('./hero.png?magnific=2x', import.meta.url) } }\nconsole.log([...a.urls()])",
        },
      },
      {
        title: 'new URL() of a name with an apostrophe',
        files: {
          'src/main.js': 'console.log(new URL("./it\'s.png?magnific=2x", import.meta.url).href)',
        },
      },
      {
        title: 'new URL() in JSX, after an apostrophe',
        files: {
          'src/main.js': "import './page.jsx'",
          'src/page.jsx':
            "/** @jsxRuntime classic @jsx String */\nexport const page = <p>don't</p>\nconsole.log(page, new URL('./hero.png?magnific=2x', import.meta.url).href)",
        },
      },
    ]

    it.each(cases)('$title', async ({ files, small = false }) => {
      const emulator = await startEmulator()
      const picture = await makePng(small ? { width: 10, height: 10 } : {})
      const project = tmpProject({
        'src/hero.png': picture,
        "src/it's.png": picture,
        'src/main.js': "import './style.css'",
        ...files,
      })
      const { error, assets, code } = await build(host, project, {
        options: optionsFor(emulator),
        vite: {
          build: { target: 'esnext' },
          worker: { format: 'es' },
          resolve: { alias: { '@': project.path('src') } },
        },
      })
      expect(error).toBeUndefined()
      expect(emulator.tasks.map(({ params }) => params)).toEqual([{ scale_factor: '2x' }])
      const texts = [...assets].filter(([name]) => !name.endsWith('.png'))
      const text =
        code.replaceAll(/\/\/.*/g, '') + texts.map(([, bytes]) => bytes.toString('utf8')).join('')
      expect(text).not.toContain('magnific=2x')
      const name = [...assets.keys()].find((asset) => asset.endsWith('.png'))
      if (!small) expect(text).toContain(name)
      const shipped = small ? readDataUri(text) : (assets.get(name ?? '') ?? '')
      expect(await describeImage(Buffer.from(shipped))).toMatchObject({ width: small ? 20 : 120 })
    })

    it.each([
      '<img src="/src/hero.png?magnific=2x">',
      "<img srcset='/src/hero.png?magnific=2x 2x, /src/other.png 1x'>",
      '<link rel="icon" href="/src/hero.png?engine=automatic&amp;magnific">',
      '<div style="background: url(/src/hero.png?magnific=2x)"></div>',
      '<video poster="./src/hero.png?magnific=2x"></video>',
      '<body><noscript><img src="/src/hero.png?magnific=2x"></noscript>',
      '<img src="/src/hero.png&#63;magnific=2x">',
      '<IMG alt=x SRC=src/hero.png?magnific=2x>',
      '<style>p { background: image-set("./src/hero.png?magnific" 2x) }</style>',
    ])('%s', async (tag) => {
      const emulator = await startEmulator()
      const project = await heroProject('./hero.png')
      project.write('src/other.png', await makePng({ seed: 2 }))
      project.write('index.html', `<!doctype html>\n<!-- ?magnific=2x -->\n${tag}\n`)
      const { error, assets } = await build(host, project, {
        options: optionsFor(emulator),
        entry: 'index.html',
      })
      expect(error).toBeUndefined()
      expect(emulator.tasks).toHaveLength(1)
      const name = [...assets.keys()].find((asset) => asset.startsWith('hero-')) ?? ''
      const sheets = [...assets]
        .filter(([asset]) => /html$|css$/.test(asset))
        .map(([, bytes]) => String(bytes))
      expect(sheets.join('')).toContain(`/assets/${name}`)
      expect(await describeImage(assets.get(name) ?? Buffer.alloc(0))).toMatchObject({ width: 120 })
    })

    it('a tag that another plugin adds to the page', async () => {
      const emulator = await startEmulator()
      const project = await heroProject('./hero.png')
      project.write('index.html', '<!doctype html><body></body>')
      const { error, assets } = await build(host, project, {
        options: optionsFor(emulator),
        entry: 'index.html',
        vite: {
          plugins: [
            {
              name: 'adds-a-tag',
              transformIndexHtml: {
                order: 'pre',
                handler: (html) =>
                  html.replace('<body>', '<body><img src="/src/hero.png?magnific=2x">'),
              },
            },
          ],
        },
      })
      expect(error).toBeUndefined()
      expect(String(assets.get('index.html'))).toMatch(/src="\/assets\/hero-[\w-]+\.png"/)
    })

    it('the partials of preprocessors, wherever they are', async () => {
      const emulator = await startEmulator()
      const project = tmpProject({
        'src/theme/deep/hero.png': await makePng(),
        'src/theme/deep/_part.scss': '$scale: 2;\n.a { background: url("./hero.png?magnific=2x") }',
        'src/theme/deep/part.less': '.b { background: url("./hero.png?magnific=4x") }',
        // A relative `@use` is loaded by Sass itself in Vite 6, which leaves the URLs as they are.
        'src/style.scss': "@use '@/theme/deep/part';",
        'src/style.less': "@import './theme/deep/part.less';",
        'src/main.js': "import './style.scss'\nimport './style.less'",
      })
      const { error, assets } = await build(host, project, {
        options: optionsFor(emulator),
        vite: { resolve: { alias: { '@': project.path('src') } } },
      })
      expect(error).toBeUndefined()
      expect(emulator.tasks).toHaveLength(2)
      const css = [...assets]
        .filter(([name]) => name.endsWith('.css'))
        .map(([, bytes]) => String(bytes))
        .join('')
      expect(css.match(/url\([^)]*assets\/hero-[\w-]+\.png/g)).toHaveLength(2)
    })
  })

  it('says how many images a pattern stands for, and how many will be bought', async () => {
    const emulator = await startEmulator()
    const project = tmpProject({
      'src/one.png': await makePng({ seed: 1 }),
      'src/two.png': await makePng({ seed: 2 }),
      'src/three.png': await makePng({ seed: 3 }),
      'src/main.js': "import one from './one.png?magnific=2x'\nconsole.log(one)",
      'src/globs.js':
        "console.log(import.meta.glob('./*.png', { query: '?magnific=2x', import: 'default', eager: true }))",
      'src/lazy.js': "console.log(import.meta.glob('./*.png', { query: { magnific: '2x' } }))",
      'src/dynamic.js':
        'const load = (name) => import(`./${name}.png?magnific=2x`)\nconsole.log(load)',
    })
    await build(host, project, { options: optionsFor(emulator) })
    for (const entry of ['src/globs.js', 'src/lazy.js', 'src/dynamic.js']) {
      const { error, log } = await build(host, project, { options: optionsFor(emulator), entry })
      expect(error).toBeUndefined()
      const fate =
        entry === 'src/globs.js'
          ? '2 of them are not in the cache and will be bought'
          : 'all of them are in the cache'
      expect(log).toContain(`a pattern in ${entry} refers to 3 images; ${fate}.`)
      expect(log).not.toContain('is a text')
    }
    expect(emulator.tasks).toHaveLength(3)
  })

  it('counts of a pattern only what it fits', async () => {
    const emulator = await startEmulator()
    const project = tmpProject({
      'src/one.png': await makePng({ seed: 1 }),
      'src/img/two.png': await makePng({ seed: 2 }),
      'src/img/three.png': await makePng({ seed: 3 }),
      'src/main.js':
        "import one from './one.png?magnific=2x'\nconsole.log(one, () => import('./one.png?magnific=4x'), import.meta.glob('./img/t*.png', { query: '?magnific=2x' }), import.meta.glob('./img/two.png', { query: '?magnific=2x', eager: true }))",
    })
    const { error, log } = await build(host, project, { options: optionsFor(emulator) })
    expect(error).toBeUndefined()
    expect(log).toContain('a pattern in src/main.js refers to 2 images')
  })

  it.each([
    [
      "Object.assign(new Image(), { src: '/src/hero.png?magnific=2x' })",
      '/src/hero.png?magnific=2x',
    ],
    [
      "document.body.style.background = 'url(/src/hero.png?magnific=8x)'",
      '/src/hero.png?magnific=8x',
    ],
    ["new Image().srcset = '/src/hero.png?magnific=4x 2x'", '/src/hero.png?magnific=4x'],
    ["new Image().src = 'hero.png?magnific=4x'", 'hero.png?magnific=4x'],
    ['new Image().src = `/src/${globalThis.hero}.png?magnific=4x`', '.png?magnific=4x'],
  ])('warns of a text that only looks like a reference: %s', async (code, text) => {
    const emulator = await startEmulator()
    const project = await heroProject()
    project.write('src/main.js', code)
    const { error, log } = await build(host, project, { options: optionsFor(emulator) })
    expect(error).toBeUndefined()
    expect(log).toMatch(
      /magnific: "\S+" in assets\/main-[\w-]+\.js is a text, and no image is upscaled/,
    )
    expect(log).toContain(`${text}" in assets/main-`)
    expect(emulator.calls).toHaveLength(0)
  })

  it.each([
    [
      'src/main.js',
      "import url from './hero.png'\nglobalThis.query = '?magnific=4x'\nconsole.log(url + query)",
      '"?magnific=4x" in assets/main-',
    ],
    [
      'index.html',
      '<!doctype html><script>console.log("/logo.png?magnific=4x")</script>',
      '"/logo.png?magnific=4x" in index.html',
    ],
  ])('warns of a query that no image has, in %s', async (name, text, warning) => {
    const emulator = await startEmulator()
    const project = await heroProject()
    project.write('public/logo.png', await makePng())
    project.write(name, text)
    const { error, log } = await build(host, project, {
      options: optionsFor(emulator),
      entry: name,
    })
    expect(error).toBeUndefined()
    expect(log).toContain(warning)
  })

  it('warns of texts in data that is shipped, and not of what Vite writes about the build', async () => {
    const emulator = await startEmulator()
    const project = await heroProject()
    project.write('src/app.webmanifest', '{ "icons": [{ "src": "icon.png?magnific=4x" }] }')
    project.write('src/hero.js', "export const load = () => import('./hero.png?magnific=2x')")
    project.write(
      'index.html',
      '<!doctype html><link rel="manifest" href="/src/app.webmanifest"><script type="module">import { load } from "/src/hero.js"\nconsole.log(load)</script>',
    )
    const { error, log } = await build(host, project, {
      options: optionsFor(emulator),
      entry: 'index.html',
      vite: { build: { manifest: true, ssrManifest: true, minify: false, assetsInlineLimit: 0 } },
    })
    expect(error).toBeUndefined()
    expect(log).toMatch(/"icon\.png\?magnific=4x" in assets\/app-[\w-]+\.webmanifest is a text/)
    expect(log.match(/is a text/g)).toHaveLength(1)
  })

  it('warns of examples that are named as a file in public/, and refuses none of them', async () => {
    const emulator = await startEmulator()
    const project = await heroProject()
    project.write('public/hero.png', project.read('src/hero.png'))
    const examples = [
      `'Use <img src="./hero.png?magnific=4x"> in a page'`,
      `"background: url('./hero.png?magnific=4x')"`,
      String.raw`"require(\"./hero.png?magnific=4x\")"`,
    ]
    project.write('src/main.js', `console.log(${examples.join(', ')})`)
    const { error, log } = await build(host, project, { options: optionsFor(emulator) })
    expect(error).toBeUndefined()
    expect(log).toContain('"./hero.png?magnific=4x" in assets/main-')
    // What is all of a text is a URL.
    project.write('src/main.js', "console.log('./hero.png?magnific=4x')")
    const refused = await build(host, project, { options: optionsFor(emulator) })
    expect(refused.error).toContain('public/hero.png')
  })

  it('is content with names of modules in comments, where assets have no hash', async () => {
    const emulator = await startEmulator()
    const project = await heroProject()
    project.write(
      'src/main.js',
      "console.log(import('./hero.png?magnific=2x'), import.meta.glob('./*.png', { query: '?magnific=4x', import: 'default' }))",
    )
    const { error, log, assets } = await build(host, project, {
      options: optionsFor(emulator),
      vite: {
        build: {
          minify: false,
          assetsInlineLimit: 0,
          rollupOptions: { output: { assetFileNames: '[name][extname]' } },
        },
      },
    })
    expect(error).toBeUndefined()
    expect(log).not.toContain('is a text')
    expect([...assets.keys()].filter((name) => name.endsWith('.png'))).toHaveLength(2)
  })

  it('warns of no comment in a style sheet, and minds no words in a picture', async () => {
    const emulator = await startEmulator()
    const project = await heroProject()
    const svg = (body: string): string => `<svg xmlns="http://www.w3.org/2000/svg">${body}</svg>`
    project.write('src/a.svg', svg('<!-- <image href="x.png?magnific=4x"/> --><path d="M0 0"/>'))
    project.write('src/b.svg', svg(`<text>url(./x.png?magnific=4x)</text>${' '.repeat(5000)}`))
    project.write('src/style.css', "/*! url('./x.png?magnific=4x') */ .a { color: red }")
    project.write(
      'src/main.js',
      "import './style.css'\nimport a from './a.svg'\nimport b from './b.svg'\nconsole.log(a, b)",
    )
    const { error, log } = await build(host, project, {
      options: optionsFor(emulator),
      vite: { build: { cssMinify: false } },
    })
    expect(error).toBeUndefined()
    expect(log).not.toMatch(/\.(?:css|svg) is a text/)
  })

  it('takes what is to be written in place of data-uri()', async () => {
    const emulator = await startEmulator()
    const project = await heroProject()
    project.write('src/main.js', "import './style.less'")
    project.write(
      'src/style.less',
      "@import './part';\n// data-uri('hero.png?magnific=2x')\n.a { background: url('./hero.png?magnific=2x&inline'); mask: data-uri('./hero.png') }",
    )
    project.write('src/part.less', '.b { color: red }')
    const { error, assets } = await build(host, project, {
      options: optionsFor(emulator),
      vite: { build: { assetsInlineLimit: 0 } },
    })
    expect(error).toBeUndefined()
    expect([...assets.keys()].filter((name) => name.endsWith('.png'))).toEqual([])
    expect(emulator.tasks).toHaveLength(1)
  })

  it('warns of no comment', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    const main = project.read('src/main.js').toString()
    project.write(
      'src/main.js',
      `${main}\n/** Not "./hero.png?magnific=4x", nor url(hero.png?magnific=4x). */\nglobalThis.used = () => {}`,
    )
    const { error, log } = await build(host, project, {
      options: optionsFor(emulator),
      vite: { build: { minify: false } },
    })
    expect(error).toBeUndefined()
    expect(log).not.toContain('is a text')
  })

  it('rebuilds a module, a style sheet and a page, while watching, when their images change', async () => {
    const emulator = await startEmulator()
    const project = tmpProject({
      'src/hero.png': await makePng({ seed: 1 }),
      'src/page.png': await makePng({ seed: 2 }),
      'src/card.png': await makePng({ seed: 3 }),
      'src/style.css': '.a { background: url(./hero.png?magnific=2x) }',
      'src/main.js':
        "import './style.css'\nimport card from './card.png?magnific=2x'\nconsole.log(card)",
      'index.html':
        '<!doctype html><img src="./src/page.png?magnific=2x"><script type="module" src="./src/main.js"></script>',
    })
    const watcher = (await vite.build({
      root: project.dir,
      configFile: false,
      logLevel: 'silent',
      build: { watch: {} },
      plugins: [magnific({ ...optionsFor(emulator), onMiss: { serve: 'upscale' } })],
    })) as unknown as {
      on(event: 'event', listen: (event: { code: string }) => void): void
      close(): Promise<void>
    }
    onTestFinished(async () => watcher.close())
    let built = (): void => {}
    watcher.on('event', ({ code }) => code === 'END' && built())
    const next = async (change: () => void): Promise<void> =>
      new Promise((resolve) => {
        built = resolve
        change()
      })
    await next(() => {})
    for (const [seed, name] of ['src/card.png', 'src/hero.png', 'src/page.png'].entries()) {
      const picture = await makePng({ seed: seed + 10, width: 64, height: 30 })
      await next(() => project.write(name, picture))
      const stem = basename(name, '.png')
      const sizes = await Promise.all(
        readdirSync(project.path('dist/assets'))
          .filter((asset) => asset.startsWith(stem))
          .map(
            async (asset) =>
              (await describeImage(readFileSync(project.path('dist/assets', asset)))).width,
          ),
      )
      expect(sizes).toContain(128)
    }
    expect(emulator.tasks).toHaveLength(6)
  })

  describe('refuses', () => {
    it('new URL() with a pattern, which would buy a whole folder', async () => {
      const emulator = await startEmulator()
      const project = await heroProject()
      project.write(
        'src/main.js',
        'const n = location.hash\nconsole.log(new URL(`./${n}.png?magnific=2x`, import.meta.url).href)',
      )
      const { error } = await build(host, project, { options: optionsFor(emulator) })
      expect(error).toContain('all of them would be bought')
      expect(error).toContain(
        "import.meta.glob('./*.png', { query: '?magnific=2x', import: 'default' })",
      )
      expect(error).toContain(`${project.path('src/main.js')}:2`)
      expect(emulator.calls).toHaveLength(0)
    })

    it('links in pages, which Vite leaves as they are', async () => {
      const emulator = await startEmulator()
      const project = await heroProject('./hero.png')
      project.write('index.html', '<!doctype html><a href="./src/hero.png?magnific=2x">large</a>')
      const { error } = await build(host, project, {
        options: optionsFor(emulator),
        entry: 'index.html',
      })
      expect(error).toContain('Vite takes no <a href> for a reference to an asset')
      expect(error).toContain(`${project.path('index.html')}:1`)
      expect(emulator.calls).toHaveLength(0)
    })

    it.each([
      ['index.html', '<!doctype html><img src="./src/her.png?magnific=2x">'],
      ['src/style.css', '.a { background: url(./her.png?magnific=2x) }'],
      ['src/main.js', "console.log(new URL('./her.png?magnific=2x', import.meta.url))"],
    ])('a missing image in %s, naming its neighbour', async (name, text) => {
      const emulator = await startEmulator()
      const project = await heroProject()
      project.write('src/main.js', "import './style.css'")
      project.write('src/style.css', '')
      project.write(name, text)
      const { error } = await build(host, project, {
        options: optionsFor(emulator),
        entry: name.endsWith('html') ? name : 'src/main.js',
      })
      expect(error).toContain('The image does not exist.')
      expect(error).toContain('Did you mean "hero.png"?')
      expect(error).toContain(`${project.path(name)}:1`)
      expect(error).not.toContain('NaN')
    })

    it.each([
      '<my-img src="/logo.png?magnific=2x"></my-img>',
      '<meta itemprop="image" content="/logo.png?magnific=2x">',
      '<table background="./src/hero.png?magnific=2x"></table>',
      '<div data-src="./src/hero.png?magnific=2x"></div>',
    ])('%s, which Vite leaves as it is', async (tag) => {
      const emulator = await startEmulator()
      const project = await heroProject('./hero.png')
      project.write('public/logo.png', await makePng())
      project.write('index.html', `<!doctype html><body>${tag}`)
      const { error } = await build(host, project, {
        options: optionsFor(emulator),
        entry: 'index.html',
      })
      expect(error).toContain('for a reference to an asset')
      expect(emulator.calls).toHaveLength(0)
    })

    it('a style sheet that a plugin emits, as a text or as bytes', async () => {
      const emulator = await startEmulator()
      const project = await heroProject('./hero.png')
      project.write('public/logo.png', await makePng())
      const css = "a { background: url('/logo.png?magnific=2x') }"
      for (const source of [css, Buffer.from(css)]) {
        const { error } = await build(host, project, {
          options: optionsFor(emulator),
          vite: {
            plugins: [
              {
                name: 'emits',
                generateBundle() {
                  this.emitFile({ type: 'asset', fileName: 'late.css', source })
                },
              },
            ],
          },
        })
        expect(error).toContain('whose files are shipped as they are')
      }
    })

    it('the former name of `query` in a glob', async () => {
      const emulator = await startEmulator()
      const project = await heroProject()
      project.write(
        'src/main.js',
        "console.log(import.meta.glob('./*.png', { eager: true, as: 'magnific=2x' }))",
      )
      const { error } = await build(host, project, { options: optionsFor(emulator) })
      expect(error).toContain("Write query: '?magnific=4x'")
      expect(error).toContain(project.path('src/main.js'))
      expect(emulator.calls).toHaveLength(0)
    })

    it.each([
      ["'./*.png?magnific=4x', { eager: true }", "{ query: '?magnific=4x', import: 'default' }"],
      ["['./*.jpg', './*.png?magnific=4x']", "Write import.meta.glob('./*.png', { query:"],
      ["'./*.png?magnific=4x', { query: '?url' }", 'takes no query in a pattern'],
      ["'./*.png', { qeury: '?magnific=2x', import: 'default' }", 'knows no option `qeury`'],
      ["'./*.png', { params: { magnific: '2x' } }", 'knows no option `params`'],
    ])('a query in the wrong place of a glob: %s', async (args, words) => {
      const emulator = await startEmulator()
      const project = await heroProject()
      project.write('src/main.js', `console.log(import.meta.glob(${args}))`)
      const { error } = await build(host, project, { options: optionsFor(emulator) })
      expect(error).toContain(words)
      expect(error).toContain(project.path('src/main.js'))
      expect(emulator.calls).toHaveLength(0)
    })

    it.each([
      ["@import './part.less';", "data-uri('hero.png?magnific=4x')", 'src/part.less'],
      ["@import (reference) '@/part';", "data-uri('hero.png?magnific=4x')", 'src/part.less'],
      [
        ".a { background: data-uri('image/png;base64', './hero.png?magnific=4x') }",
        '1',
        'src/style.less',
      ],
      [".a { width: image-width('./hero.png?magnific=4x') }", '1', 'src/style.less'],
    ])('functions of Less that read the file: %s', async (sheet, value, file) => {
      const emulator = await startEmulator()
      const project = await heroProject()
      project.write('src/main.js', "import './style.less'")
      project.write('src/style.less', sheet)
      project.write('src/part.less', `.b { --c: ${value} }`)
      const { error } = await build(host, project, {
        options: optionsFor(emulator),
        vite: { resolve: { alias: { '@': project.path('src') } } },
      })
      expect(error).toMatch(/Less (?:reads|looks at) the file itself in /)
      expect(error).toContain(project.path(file))
      expect(emulator.calls).toHaveLength(0)
    })

    it.each(['public/kept', 'dist/kept'])('a cache directory in %s', async (dir) => {
      const emulator = await startEmulator()
      const project = await heroProject('./hero.png?magnific=2x')
      const { error } = await build(host, project, {
        options: { ...optionsFor(emulator), cache: { dir } },
      })
      expect(error).toContain('Choose another `cache.dir`')
      expect(emulator.calls).toHaveLength(0)
    })

    it('an image of a package that is not there, before anything is bought', async () => {
      const emulator = await startEmulator()
      const project = await heroProject('./hero.png?magnific=2x', 'no-pkg/hero.png?magnific=2x')
      const { error } = await build(host, project, { options: optionsFor(emulator) })
      expect(error).toContain('"no-pkg/hero.png" is found neither as an alias nor in a package')
      expect(error).toContain(project.path('src/main.js'))
    })

    it('an import that is external', async () => {
      const emulator = await startEmulator()
      const project = await heroProject('./hero.png?magnific=2x')
      const { error } = await build(host, project, {
        options: optionsFor(emulator),
        vite: { build: { rollupOptions: { external: [/\.png/] } } },
      })
      expect(error).toContain('hero.png?magnific=2x" is external')
    })

    it.each([
      ["new Image().src = './img/logo.png?magnific=4x'", './'],
      ["new Image().src = 'img/logo.png?magnific=4x'", '/'],
      ["new Image().srcset = 'img/logo.png?magnific=4x 2x'", '/docs/'],
      ["document.body.style.background = 'url(../img/logo.png?magnific=4x)'", '/'],
      ["import data from './data.json'\nnew Image().src = data.logo", '/'],
    ])('a text that leads to a file in public/: %s', async (code, base) => {
      const emulator = await startEmulator()
      const project = await heroProject()
      project.write('public/img/logo.png', await makePng())
      project.write('src/data.json', '{ "logo": "img/logo.png?magnific=4x" }')
      project.write('src/main.js', code)
      const { error } = await build(host, project, {
        options: optionsFor(emulator),
        vite: { base },
      })
      expect(error).toContain(`"/img/logo.png" is in ${project.path('public')}`)
      expect(error).toContain('imported by: assets/main-')
      expect(emulator.calls).toHaveLength(0)
    })

    it('new URL() with a text that is put together when it is built', async () => {
      const emulator = await startEmulator()
      const project = await heroProject()
      project.write(
        'src/main.js',
        "console.log(new URL('hero.png' + '?magnific=4x', import.meta.url))",
      )
      const { error } = await build(host, project, { options: optionsFor(emulator) })
      expect(error).toMatch(/hero\.png\?magnific=4x" stands in assets\/main-\S+ as it was written/)
      expect(emulator.calls).toHaveLength(0)
    })

    it.each([
      ['index.html', '<!doctype html><img src="/src/logo.svg">', 0],
      ['index.html', '<!doctype html><img src="/src/logo.svg">', 4096],
      ['src/main.js', "import url from './logo.svg'\nconsole.log(url)", 0],
      ['src/main.js', "import url from './logo.svg'\nconsole.log(url)", 4096],
      ['src/main.js', "import url from './word.svg'\nconsole.log(url)", 4096],
      ['src/main.js', "import './logo.css'", 4096],
    ])('an SVG that refers to it, in %s: %s, %i', async (entry, text, assetsInlineLimit) => {
      const emulator = await startEmulator()
      const project = await heroProject()
      project.write(
        'src/logo.svg',
        '<svg xmlns="http://www.w3.org/2000/svg"><image width="9" href="hero.png?magnific=4x"/></svg>',
      )
      // Vite encodes what has text in it.
      const svg = project.read('src/logo.svg').toString()
      project.write('src/word.svg', svg.replace('</svg>', '<text>a</text></svg>'))
      project.write('src/logo.css', '.a { background: url(./logo.svg) }')
      project.write(entry, text)
      const { error } = await build(host, project, {
        options: optionsFor(emulator),
        entry,
        vite: { build: { assetsInlineLimit } },
      })
      expect(error).toContain('"hero.png?magnific=4x" is left as it is by Vite')
    })

    it('url() of a file in public/, in a style sheet that is a text', async () => {
      const emulator = await startEmulator()
      const project = await heroProject()
      project.write('public/logo.png', await makePng())
      project.write('src/main.js', "import css from './style.css?inline'\nconsole.log(css)")
      project.write('src/style.css', '.a { background: url(/logo.png?magnific=2x) }')
      const { error } = await build(host, project, { options: optionsFor(emulator) })
      expect(error).toContain('whose files are shipped as they are. Move it next to your sources')
    })

    it('url() of a file in public/', async () => {
      const emulator = await startEmulator()
      const project = await heroProject()
      project.write('public/logo.png', await makePng())
      project.write('src/main.js', "import './style.css'")
      project.write('src/style.css', '.a { background: url(/logo.png?magnific=2x) }')
      const { error } = await build(host, project, { options: optionsFor(emulator) })
      expect(error).toContain('whose files are shipped as they are. Move it next to your sources')
      expect(emulator.calls).toHaveLength(0)
    })

    it('an image that it does not take for an asset', async () => {
      const emulator = await startEmulator()
      const project = await heroProject('./photo.jpe?magnific=2x')
      project.write('src/photo.jpe', await makeJpeg())
      const { error } = await build(host, project, { options: optionsFor(emulator) })
      expect(error).toContain(`Add '**/*.jpe' to assetsInclude`)
      expect(error).toContain(project.path('src/main.js'))
      expect(emulator.calls).toHaveLength(0)
      const { assets } = await build(host, project, {
        options: optionsFor(emulator),
        vite: { assetsInclude: ['**/*.jpe'] },
      })
      expect([...assets.keys()]).toEqual([expect.stringMatching(/^photo-.*\.jpe$/)])
    })

    it('files in public/', async () => {
      const emulator = await startEmulator()
      const project = await heroProject('/logo.png?magnific=2x')
      project.write('public/logo.png', await makePng())
      const { error } = await build(host, project, { options: optionsFor(emulator) })
      expect(error).toContain('whose files are shipped as they are. Move it next to your sources')
      expect(emulator.calls).toHaveLength(0)
    })
  })

  it('minds neither comments nor texts that only speak of references', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    project.write('src/style.css', '/* url(./hero.png?magnific=2x) */ .a { color: red }')
    project.write(
      'index.html',
      '<!-- <img src="./hero.png?magnific=2x"> --><p>./hero.png?magnific=2x</p><img src="https://example.com/a.png?magnific=2x"><script type="module" src="/src/page.js"></script>',
    )
    project.write(
      'src/page.js',
      `import './main.js'\nimport '@/style.css'\n// new URL('./hero.png?magnific=2x', import.meta.url)\nconsole.log("new URL('./hero.png?magnific=2x', import.meta.url)", new URL('https://example.com/a.png?magnific=2x', import.meta.url))\n`,
    )
    const { error } = await build(host, project, {
      options: optionsFor(emulator),
      entry: 'index.html',
      vite: { resolve: { alias: { '@': project.path('src') } } },
    })
    expect(error).toBeUndefined()
    expect(emulator.tasks).toHaveLength(1)
  })

  describe('the dev server', () => {
    /** A dev server on a free port, with what it said. */
    const serve = async (
      project: Project,
      config: vite8.InlineConfig = {},
    ): Promise<{ url: string; log: string[] }> => {
      vi.stubEnv('FREEPIK_API_KEY', 'a-key-that-must-not-be-used')
      onTestFinished(() => void vi.unstubAllEnvs())
      const log: string[] = []
      const note = (message: string): void => void log.push(message)
      const server = await vite.createServer({
        ...config,
        root: project.dir,
        configFile: false,
        customLogger: { ...vite.createLogger('silent'), info: note, warn: note, error: note },
        server: { host: '127.0.0.1', port: 0, ws: false },
        optimizeDeps: { noDiscovery: true },
        plugins: [config.plugins, magnific({ baseUrl: 'http://127.0.0.1:9' })],
      })
      onTestFinished(async () => server.close())
      await server.listen()
      const { port } = server.httpServer!.address() as AddressInfo
      return { url: `http://127.0.0.1:${port}`, log }
    }

    it('shows a local picture of the right size, says so once, and never spends', async () => {
      const project = await heroProject('./hero.png?magnific=4x')
      project.write('src/other.png', await makePng({ seed: 2 }))
      const { url, log } = await serve(project)
      const modules = ['/src/hero.png?import&magnific=4x', '/src/other.png?import&magnific=2x']
      const images = await Promise.all(
        modules.map(async (path) => {
          const code = await (await fetch(url + path)).text()
          const [, image = ''] = /export default "([^"]+)"/.exec(code) ?? []
          return describeImage(Buffer.from(await (await fetch(url + image)).arrayBuffer()))
        }),
      )
      expect(images).toEqual([
        { format: 'png', width: 240, height: 160 },
        { format: 'png', width: 120, height: 80 },
      ])
      expect(log.filter((line) => line.includes('previews stand in'))).toHaveLength(1)
      expect(log.filter((line) => line.startsWith('magnific src/'))).toEqual([])
    })

    it('loads its script below a base', async () => {
      const project = await heroProject('./hero.png?magnific=4x')
      project.write(
        'index.html',
        '<!doctype html><head></head><img src="./src/hero.png?magnific=2x">',
      )
      const { url } = await serve(project, { base: '/app/' })
      const html = await (await fetch(`${url}/app/`, { headers: { accept: 'text/html' } })).text()
      const [, src = ''] = /src="([^"]*unplugin-magnific[^"]*)"/.exec(html) ?? []
      const script = await fetch(url + src)
      expect(script.status).toBe(200)
      expect(await script.text()).toContain('magnific:update')
      const [, image = ''] = /<img src="([^"]*)"/.exec(html) ?? []
      const picture = await fetch(new URL(image, `${url}/app/`))
      expect(await describeImage(Buffer.from(await picture.arrayBuffer()))).toMatchObject({
        width: 120,
      })
    })

    it('answers an import before there is a picture', async () => {
      const project = await heroProject('./hero.png?magnific=4x')
      const { url } = await serve(project)
      const response = await fetch(`${url}/src/hero.png?import&magnific=4x`)
      expect(await response.text()).toContain('export default "/src/hero.png?magnific=4x"')
      expect(readdirSync(project.dir)).not.toContain('.magnific')
    })

    it('gives the module that a plugin makes of pictures the upscaled file', async () => {
      const project = await heroProject('./hero.png?magnific=4x')
      const { url } = await serve(project, {
        plugins: [
          {
            name: 'sizes',
            enforce: 'pre',
            async load(id: string) {
              if (!id.endsWith('.png')) return null
              const { width } = await describeImage(readFileSync(id))
              return `export default { width: ${width} }`
            },
          },
        ],
      })
      // Only what a module imports is made while a module is loaded.
      await (await fetch(`${url}/src/main.js`)).text()
      const outer = await (await fetch(`${url}/src/hero.png?import&magnific=4x`)).text()
      const [, inner = ''] = /from "([^"]+)"/.exec(outer) ?? []
      expect(await (await fetch(url + inner)).text()).toContain('{ width: 240 }')
    })

    it('does not read what Vite may not serve', async () => {
      const outside = tmpProject({ 'secret.png': await makePng() })
      const project = await heroProject('./hero.png?magnific=4x')
      const { url } = await serve(project)
      const { port } = new URL(url)
      // By hand: fetch would tidy the path up.
      const path = `/@fs${outside.path('secret.png')}?import&magnific=4x`
      const answer = await new Promise<{ status: number; body: string }>((resolve, reject) => {
        request({ host: '127.0.0.1', port, path }, (response) => {
          let body = ''
          response.on('data', (chunk) => (body += String(chunk)))
          response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
        })
          .on('error', reject)
          .end()
      })
      expect(answer.status).toBeGreaterThanOrEqual(400)
      expect(answer.body).not.toContain('export default')
      expect(readdirSync(project.dir)).not.toContain('.magnific')
    })
  })

  it('writes nothing but its cache directory', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnific=2x')
    await build(host, project, {
      options: { ...optionsFor(emulator), cache: { dir: 'kept/here' } },
    })
    expect(readdirSync(project.dir).toSorted()).toEqual(['dist', 'kept', 'package.json', 'src'])
    expect(readFileSync(join(project.dir, 'kept/here/.gitignore'), 'utf8')).toContain(
      '/v1/variants/',
    )
  })
})
