import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { withMagnific } from 'unplugin-magnific/next'
import type { Options } from 'unplugin-magnific/next'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Matcher } from '../../src/bundlers/next/made.ts'
import { checkStyle } from '../../src/bundlers/next/styles.ts'
import { readTexts } from '../../src/bundlers/next/texts.ts'
import { createTurbopackRules } from '../../src/bundlers/next/turbopack-rules.ts'
import type {
  TurbopackLoaderOptions,
  TurbopackRule,
} from '../../src/bundlers/next/turbopack-rules.ts'
import { resolveOptions } from '../../src/core/resolve-options.ts'
import { createUpscaler } from '../../src/upscaler.ts'
import { postsTo, startEmulator } from '../helpers/emulator.ts'
import { errorOf } from '../helpers/errors.ts'
import { heroProject, optionsFor } from '../helpers/hero.ts'
import { describeImage } from '../helpers/images.ts'
import type { Project } from '../helpers/project.ts'
import { redisPath, startRedis, warnWithoutRedis } from '../helpers/redis-server.ts'

const script = fileURLToPath(new URL('../helpers/turbopack-child.js', import.meta.url))

interface Answer {
  sha256?: string
  text?: string
  error?: string
  stack?: string
}

function rulesOf(project: Project, options: Options): TurbopackRule[] {
  const host = { root: project.dir, command: 'build', env: {} } as const
  return createTurbopackRules(options, resolveOptions(options, host), {})
}

/** As Turbopack decides. */
function matches(condition: Matcher, path: string, query: string): boolean {
  if (condition === 'foreign') return false
  if ('all' in condition) return condition.all.every((each) => matches(each, path, query))
  if ('not' in condition) return !matches(condition.not, path, query)
  return (
    (condition.path?.test(path) ?? true) &&
    (condition.query?.test(query) ?? true) &&
    condition.content === undefined
  )
}

/** The rules for a reference. */
function findRules(rules: readonly TurbopackRule[], path: string, query: string): TurbopackRule[] {
  return rules.filter(({ condition }) => matches(condition, path, `?${query}`))
}

/** What a process of Turbopack answers for a reference to `src/hero.png`. */
async function load(
  project: Project,
  query: string,
  options: Options,
  env: Record<string, string> = {},
): Promise<Answer> {
  const file = project.path('src/hero.png')
  const [rule] = findRules(rulesOf(project, options), file, query)
  const given = rule?.loaders[0]?.options
  const child = spawn(
    process.execPath,
    [script, JSON.stringify({ root: project.dir, file, query, options: given })],
    { env: { ...process.env, UNPLUGIN_MAGNIFIC_NEXT_KEY: options.apiKey, ...env }, stdio: 'pipe' },
  )
  onTestFinished(() => void child.kill('SIGKILL'))
  let output = ''
  child.stdout.on('data', (chunk) => (output += String(chunk)))
  await once(child, 'close')
  return JSON.parse(output.slice(output.lastIndexOf('\n'))) as Answer
}

warnWithoutRedis()

describe('withMagnific', () => {
  it('keeps what an object says, and gives an object, so that others can wrap it', () => {
    const rules = { '*': ['some-loader'], '*.svg': { loaders: ['svg'], as: '*.js' } }
    const config = { basePath: '/docs', turbopack: { root: '/somewhere', rules } }
    const wrapped = withMagnific(withMagnific(config))
    expect(wrapped).toMatchObject(config)
    // One set of rules for each time, and theirs.
    expect(Object.keys(wrapped.turbopack.rules)).toHaveLength(4)
  })

  it('gives a function for a function, and waits for what it gives', async () => {
    const config = vi.fn((phase: string, context: object) =>
      Promise.resolve({ env: { phase, context } }),
    )
    const wrapped = withMagnific(config)
    const given = await wrapped('phase-production-build', { defaultConfig: {} })
    expect(config).toHaveBeenCalledExactlyOnceWith('phase-production-build', { defaultConfig: {} })
    expect(given).toMatchObject({
      env: { phase: 'phase-production-build' },
      turbopack: { rules: {} },
    })
  })

  it("calls the user's webpack function and hook, and adds a plugin to what it gives", async () => {
    const plugin = { apply: () => {} }
    const hook = vi.fn(() => Promise.resolve())
    interface Config {
      webpack: (config: object, context: object) => { mode?: string; plugins?: object[] }
      compiler: { runAfterProductionCompile: (build: { projectDir: string }) => Promise<void> }
    }
    const given: Config = {
      webpack: (config) => ({ ...config, mode: 'production', plugins: [plugin] }),
      compiler: { runAfterProductionCompile: hook },
    }
    const wrapped = withMagnific(given)
    const made = wrapped.webpack({ context: '/a' }, { isServer: true })
    expect(made).toMatchObject({ context: '/a', mode: 'production' })
    expect(made.plugins).toHaveLength(2)
    expect(made.plugins?.[0]).toBe(plugin)
    await wrapped.compiler.runAfterProductionCompile({ projectDir: process.cwd() })
    expect(hook).toHaveBeenCalledExactlyOnceWith({ projectDir: process.cwd() })
  })

  it('refuses options that mean nothing in Next, and says what to do instead', () => {
    expect(() => withMagnific({}, { prefetch: true, dts: true })).toThrow(
      /`prefetch`.*npx magnific upscale.*\n.*`dts`.*unplugin-magnific\/client\/next/,
    )
    expect(() => withMagnific({}, { presets: { hero: { magnific: '5x' as never } } })).toThrow(
      /presets/,
    )
  })
})

describe("Turbopack's rules", () => {
  it.each([
    ['a.png', 'magnific=4x', undefined],
    ['a.JPG', 'engine=magnific_sharpy&magnific', undefined],
    ['a.png', 'magnifik=4x', undefined],
    ['a.png', 'magnific=4x&format=webp', '*.webp'],
    ['a.png', 'format=jpg&magnific=4x', '*.jpg'],
    ['a.webp', 'magnific=small', '*.jpg'],
    ['a.jpg', 'magnific=small', undefined],
    ['a.jpg', 'magnific=small&format=png', '*.png'],
    ['a.jpg', 'magnific=many', '*.js'],
    ['a.jpg', 'magnific=many&format=png', '*.js'],
    ['a.tiff', 'magnific=4x', '*.webp'],
    ['a.gif', 'magnific=4x', '*.webp'],
    ['a.avif', 'magnific=4x', '*.js'],
    ['a.png', 'magnific=4x&as=picture', '*.js'],
    ['a.png', 'magnific=4x&w=200;400', '*.js'],
    ['a.png', 'magnific=4x&as=metadata:width;height', '*.js'],
    ['a.svg', 'magnific=4x', undefined],
  ])('lead %s?%s to one loader, which gives %s', async (file, query, as) => {
    const presets = {
      small: { magnific: '2x', format: 'jpeg' },
      many: { magnific: '2x', w: [100, 200], as: 'srcset' },
    } as const
    const rules = rulesOf(await heroProject(), { presets })
    expect(findRules(rules, `/app/${file}`, query).map((rule) => rule.as)).toEqual([as])
  })

  it('leave alone what does not ask for us', async () => {
    const rules = rulesOf(await heroProject(), {})
    expect(findRules(rules, '/app/a.png', '')).toEqual([])
    expect(findRules(rules, '/app/a.png', 'w=200')).toEqual([])
  })

  it('hold no secret, and change with what a picture is made from', async () => {
    const project = await heroProject()
    const webhook = { url: 'http://127.0.0.1:4000/hook', secret: 'whsec_of-somebody-else' }
    const cache = {
      remote: 'redis://user:of-somebody@127.0.0.1:1',
      signing: {
        publicKey: 'magnific-public-11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
        privateKey: 'magnific-private-nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
      },
    }
    const text = JSON.stringify(rulesOf(project, { apiKey: 'key-of-somebody', webhook, cache }))
    expect(text).not.toMatch(/of-somebody|magnific-private/)
    expect(text).toContain('/hook')
    const keyOf = (options: Options): string =>
      JSON.stringify(rulesOf(project, options)[0]?.loaders)
    const plain = keyOf({})
    expect(keyOf({})).toBe(plain)
    expect(keyOf({ defaults: { engine: 'magnific_sharpy' } })).not.toBe(plain)
    expect(keyOf({ baseUrl: 'http://127.0.0.1:1' })).not.toBe(plain)
  })
})

describe('the loader, as Turbopack runs it', () => {
  it.skipIf(redisPath === undefined)(
    'has told other machines of what it bought before it answers: its process is ended without a word',
    async () => {
      const redis = await startRedis(onTestFinished)
      const emulator = await startEmulator()
      const env = { MAGNIFIC_CACHE_REMOTE: redis.url }
      const options = optionsFor(emulator)
      const bought = await load(await heroProject(), 'magnific=4x', options, env)
      expect(bought.error).toBeUndefined()
      const calls = emulator.calls.length
      const taken = await load(await heroProject(), 'magnific=4x', options, env)
      expect(taken.sha256).toBe(bought.sha256)
      expect(emulator.calls).toHaveLength(calls)
    },
  )

  it('pays once in several processes, and ships what was bought', async () => {
    const emulator = await startEmulator({ latency: 300 })
    const project = await heroProject()
    const options = optionsFor(emulator)
    const answers = await Promise.all(
      [1, 2, 3].map(async () => load(project, 'magnific=4x', options)),
    )
    expect(answers.map(({ error }) => error)).toEqual([undefined, undefined, undefined])
    expect(new Set(answers.map(({ sha256 }) => sha256)).size).toBe(1)
    expect(postsTo(emulator)).toBe(1)
    const shipped = project.list('.magnific/v1/variants').find((file) => file.endsWith('.png'))
    expect(
      await describeImage(project.read(shipped?.slice(project.dir.length + 1) ?? '')),
    ).toMatchObject({ width: 240, height: 160 })
  })

  it('gives a script of several pictures, each of which is asked for by itself', async () => {
    const emulator = await startEmulator()
    const project = await heroProject()
    const { text } = await load(project, 'magnific=4x&w=100;200&as=srcset', optionsFor(emulator))
    expect(text).toMatch(/import u0 from "\.\/hero\.png\?magnific=4x&w=100&.*v=magnific-picture"/)
    expect(text).toContain('u0.src + " 100w, " + u1.src + " 200w"')
  })

  it('tells the width and height of an AVIF, which Turbopack does not know', async () => {
    const emulator = await startEmulator()
    const project = await heroProject()
    const { text } = await load(project, 'magnific=4x&format=avif', optionsFor(emulator))
    expect(text).toContain('width: 240, height: 160')
    expect(text).toMatch(/blurDataURL = "data:image\/webp;base64,/)
  })

  it('names the file, the importer and the key that is misspelt, without a stack', async () => {
    const emulator = await startEmulator()
    const project = await heroProject('./hero.png?magnifik=4x')
    const { error, stack } = await load(project, 'magnifik=4x', optionsFor(emulator))
    expect(error).toContain('Unknown key "magnifik". Did you mean "magnific"?')
    expect(error).toContain(`file: ${project.path('src/hero.png')}`)
    expect(error).toContain(`imported by: ${project.path('src/main.js')}`)
    expect(stack).toBe('')
    expect(postsTo(emulator)).toBe(0)
  })

  it('has Turbopack ask again in the next run for what failed', async () => {
    const emulator = await startEmulator()
    const project = await heroProject()
    const options = { baseUrl: emulator.url }
    const stateOf = (): string | undefined =>
      (rulesOf(project, options)[0]?.loaders[0]?.options as TurbopackLoaderOptions | undefined)
        ?.state
    expect(stateOf()).toBe('')
    const { error } = await load(project, 'magnific=4x', options)
    expect(error).toContain('there is no API key')
    expect(stateOf()).not.toBe('')
  })
})

describe('what no bundler sees', () => {
  const settings = { passthrough: [], basePath: '/docs' }

  it.each(['/hero.png?magnific=4x', '/docs/hero.png?magnific=4x'])(
    'is refused where "%s" leads to a file in public',
    async (url) => {
      const project = await heroProject()
      project.write('public/hero.png', 'x')
      const source = `export default () => <Image src="${url}" />`
      const work = async () =>
        readTexts(project.path('app/page.tsx'), source, { ...settings, root: project.dir })
      const { message } = await errorOf(work)
      expect(message).toContain(`"${url}" is in public`)
      expect(message).toContain(`imported by: ${project.path('app/page.tsx')}`)
    },
  )

  it.each([
    `<img srcSet="/hero.png?magnific=4x 2x" />`,
    `<img srcSet="/small.png, /docs/hero.png?magnific=4x 640w" />`,
    `<div style={{ backgroundImage: 'url(/hero.png?magnific=4x)' }} />`,
    "<div style={{ background: `no-repeat url('/hero.png?magnific=4x') ${end}` }} />",
    `<p dangerouslySetInnerHTML={{ __html: '<img srcset="/hero.png?magnific=4x 2x">' }} />`,
  ])('is refused where it leads to a file in public: %s', async (element) => {
    const project = await heroProject()
    project.write('public/hero.png', 'x')
    const work = async () =>
      readTexts(project.path('app/page.tsx'), `export default () => ${element}`, {
        ...settings,
        root: project.dir,
      })
    expect((await errorOf(work)).message).toContain('hero.png?magnific=4x" is in public')
  })

  it('is warned of where it is a text, and not where it is imported, or stands in a comment', async () => {
    const project = await heroProject()
    const read = async (source: string): Promise<string[]> => {
      const file = project.path('app/page.tsx')
      const warnings = await readTexts(file, source, { ...settings, root: project.dir })
      return warnings.map(({ message }) => message)
    }
    expect(await read('const src: string = `/nope.png?magnific=4x`')).toEqual([
      expect.stringContaining('"/nope.png?magnific=4x" is a text'),
    ])
    expect(await read('const src = `/img/${name}.png?magnific=4x`')).toEqual([
      expect.stringContaining('"/img/${…}.png?magnific=4x" is a text'),
    ])
    expect(await read("const style = 'url(pictures/nope.png?magnific=4x)'")).toEqual([
      expect.stringContaining('"pictures/nope.png?magnific=4x" is a text'),
    ])
    expect(await read('const load = () => import(`./${name}.png?magnific=4x`)')).toEqual([])
    expect(await read('const src = `https://a.org/${name}.png?magnific=4x`')).toEqual([])
    expect(await read("import a from './a.png?magnific=4x'")).toEqual([])
    expect(await read("const u = new URL('./a.png?magnific=4x', import.meta.url)")).toEqual([])
    expect(await read("// '/nope.png?magnific=4x'\nexport {}")).toEqual([])
  })

  it.each([
    ['a BigInt', 'console.log(10n)'],
    ['a sum of 10,000', `console.log(${Array(10_000).fill('a').join(' + ')})`],
    ['10,000 calls, one on another', `a${'.b()'.repeat(10_000)}`],
  ])('is warned of in a module with %s', async (_, code) => {
    const project = await heroProject()
    const source = `${code}\nconst src = '/nope.png?magnific=4x'`
    const place = { ...settings, root: project.dir }
    const warnings = await readTexts(project.path('app/page.tsx'), source, place)
    expect(warnings.map(({ message }) => message)).toEqual([
      expect.stringContaining('"/nope.png?magnific=4x" is a text'),
    ])
  })

  it.each([
    ["image-set(url('./hero.png?magnific=4x') 1x)", /stands in image-set\(\)/],
    ["url('./hero.png?magnific=4x&w=100;200')", /room for one URL/],
    ["url('./hero.png?magnific=4x&format=avif')", /no URL for in a style sheet/],
    ["url('./hero.png?magnific=5x')", /must be one of/],
  ])('of a style sheet is refused: %s', async (value, message) => {
    const project = await heroProject()
    const host = { root: project.dir, command: 'build', env: {} } as const
    const logger = { info: () => {}, warn: () => {} }
    const upscaler = createUpscaler(resolveOptions({}, host), logger)
    const file = project.path('src/page.module.css')
    const work = async () => checkStyle(file, `.a { background: ${value} }`, { upscaler })
    const error = await errorOf(work)
    expect(error.message).toMatch(message)
    expect(error.importer).toBe(file)
    const plain = ".a { background: url('./hero.png?magnific=4x') }"
    await expect(checkStyle(file, plain, { upscaler })).resolves.toBeUndefined()
  })
})
