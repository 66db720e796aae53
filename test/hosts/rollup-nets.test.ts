import type { Plugin } from 'rollup'
import { describe, expect, it } from 'vitest'
import { build } from '../helpers/build.ts'
import type { Built, BuildSettings } from '../helpers/build.ts'
import { postsTo, startEmulator } from '../helpers/emulator.ts'
import { heroProject, optionsFor } from '../helpers/hero.ts'

const warning = 'is a text, and no image is upscaled for it'

/** Puts a style sheet into a script that adds it to the page, as rollup-plugin-postcss does. */
const injectStyles: Plugin = {
  name: 'inject-styles',
  transform: (code, id) =>
    id.endsWith('.css')
      ? { code: `document.head.append(${JSON.stringify(code)})`, map: null }
      : undefined,
}

/** What @rollup/plugin-dynamic-import-vars makes of a pattern that no file fits. */
const importVariables: Plugin = {
  name: 'import-variables',
  transform: (code, id) =>
    id.endsWith('main.js')
      ? {
          code: `function importOne(path) { switch (path) { default: return Promise.reject(path) } }\n${code.replace('import(', 'importOne(')}`,
          map: null,
        }
      : undefined,
}

async function run(
  host: 'rollup' | 'rolldown',
  files: Record<string, string>,
  settings: BuildSettings = {},
): Promise<Built> {
  const project = await heroProject()
  for (const [name, content] of Object.entries(files)) project.write(name, content)
  const emulator = await startEmulator()
  const built = await build(host, project, { options: optionsFor(emulator), ...settings })
  expect(postsTo(emulator)).toBe(0)
  return built
}

const style = '.a { background: url(./hero.png?magnific=4x) }'

describe.each(['rollup', 'rolldown'] as const)('%s', (host) => {
  it.each([
    "const url = './hero.png?magnific=4x'\nconsole.log(new URL(url, import.meta.url), url)",
    "console.log(new URL('./hero.png?magnific=4x', document.baseURI))",
    "console.log(URL.parse('./hero.png?magnific=4x', import.meta.url))",
    "console.log(import.meta.resolve('./hero.png?magnific=4x'))",
    "console.log(new globalThis.URL('./hero.png?magnific=4x', import.meta.url))",
    'console.log(\'<img src="./hero.png?magnific=4x">\')',
    "document.body.style.background = 'url(./hero.png?magnific=4x)'",
    "document.images[0].srcset = 'a.png 1x, ./hero.png?magnific=4x 2x'",
  ])('warns of a text that nobody resolves: %s', async (code) => {
    const { error, log } = await run(host, { 'src/main.js': code })
    expect(error).toBeUndefined()
    expect(log).toContain(`"./hero.png?magnific=4x" ${warning}`)
    expect(log).toContain('src/main.js')
  })

  it.each([
    "console.log(new URL('./hero.png' + '?magnific=4x', import.meta.url))",
    "console.log(new URL(('./hero.png?magnific=4x'), import.meta.url))",
    "console.log(new URL('./hero.png?magnific=4x', (import.meta.url)))",
    "console.log(new URL('./hero.png?magnific=4x', import.meta['url']))",
  ])('does not let by in silence: %s', async (code) => {
    const { error, log } = await run(host, { 'src/main.js': code })
    expect(error ?? log).toMatch(/\?magnific=4x" (?:is a text|stands in main\.js)/)
  })

  it('warns of a template that a plugin has made no pictures of', async () => {
    const code = 'import(`./${document.title}.png?magnific=4x`).then(console.log)'
    const plugins = [importVariables]
    const { error, log } = await run(
      host,
      { 'src/main.js': code },
      { rollupPlugins: plugins, rolldown: { plugins } },
    )
    expect(error).toBeUndefined()
    expect(log).toContain(warning)
  })

  it('says nothing of what it has upscaled, of comments, nor where it is to be silent', async () => {
    const emulator = await startEmulator()
    const project = await heroProject()
    project.write(
      'src/main.js',
      `import hero from './hero.png?magnific=2x'
       // '/pub.png?magnific=4x'
       /*! '/pub.png?magnific=4x' */
       console.log(hero, new URL('./hero.png?magnific=4x', import.meta.url), 'https://example.com/a.png?magnific=4x')`,
    )
    const spoken = await build(host, project, { options: optionsFor(emulator) })
    expect([spoken.error, spoken.log]).toEqual([undefined, expect.not.stringContaining(warning)])
    project.write('src/main.js', "console.log('/pub.png?magnific=4x')")
    const options = { ...optionsFor(emulator), logLevel: 'silent' as const }
    const silent = await build(host, project, { options })
    expect([silent.error, silent.log]).toEqual([undefined, ''])
  })
})

describe('rollup', () => {
  it('warns of url() in a style sheet that a plugin puts into a script', async () => {
    const files = { 'src/main.js': "import './a.css'", 'src/a.css': style }
    const { error, log } = await run('rollup', files, { rollupPlugins: [injectStyles] })
    expect(error).toBeUndefined()
    expect(log).toContain(`"./hero.png?magnific=4x" ${warning}`)
    expect(log).toContain('src/a.css')
  })
})

describe('rolldown', () => {
  it('warns of url() in a style sheet that is a text', async () => {
    const files = {
      'src/main.js': "import text from './a.css'\nconsole.log(text)",
      'src/a.css': style,
    }
    const { error, log } = await run('rolldown', files, {
      rolldown: { moduleTypes: { '.css': 'text' } },
    })
    expect(error).toBeUndefined()
    expect(log).toContain(`"./hero.png?magnific=4x" ${warning}`)
  })

  it('refuses an SVG that refers to an image', async () => {
    const files = {
      'src/main.js': "import one from './i.svg'\nconsole.log(one)",
      'src/i.svg': '<svg><image href="hero.png?magnific=4x"/></svg>',
    }
    const { error } = await run('rolldown', files, {
      rolldown: { moduleTypes: { '.svg': 'asset' } },
    })
    expect(error).toMatch(/"hero.png\?magnific=4x" stands in i-\S+\.svg as it was written/)
  })

  it('warns of require.resolve(), which it leaves alone', async () => {
    const { error, log } = await run('rolldown', {
      'src/main.js': "console.log(require.resolve('./hero.png?magnific=2x'))",
    })
    expect(error).toBeUndefined()
    expect(log).toContain(`"./hero.png?magnific=2x" ${warning}`)
  })
})
