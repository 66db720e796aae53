import { describe, expect, it } from 'vitest'
import { usualPrices } from '../../src/core/estimate.ts'
import { resolveOptions } from '../../src/core/resolve-options.ts'
import type { HostSettings, Options, ResolvedOptions } from '../../src/core/options.ts'
import { errorOf } from '../helpers/errors.ts'

type Env = HostSettings['env']

function resolve(
  options: unknown,
  env: Env = {},
  command: 'build' | 'serve' = 'build',
): ResolvedOptions {
  return resolveOptions(options as Options, { root: '/project', command, env })
}

/** The problems that options are refused for, one in each line. */
async function problemsOf(options: unknown, env: Env = {}): Promise<string[]> {
  const error = await errorOf(() => resolve(options, env))
  expect(error.code).toBe('BAD_OPTIONS')
  const [title, ...problems] = error.text.split('\n')
  expect(title).toMatch(/^The options of unplugin-magnific are refused\. /)
  return problems
}

describe('resolveOptions', () => {
  it('needs none', () => {
    expect(resolve({})).toEqual({
      root: '/project',
      command: 'build',
      apiKey: undefined,
      baseUrl: 'https://api.freepik.com',
      service: 'magnific',
      onMiss: 'upscale',
      defaults: { params: {}, directives: {} },
      presets: {},
      onTooLarge: 'error',
      alpha: 'join',
      keepMetadata: false,
      budget: {},
      prices: usualPrices,
      prefetch: false,
      concurrency: 8,
      ratePerMinute: 300,
      deadline: 1_800_000,
      cacheDir: '.magnific',
      readOnly: false,
      passthrough: [],
      logLevel: 'info',
    })
  })

  it('takes them all', () => {
    const options = {
      apiKey: 'a-key',
      baseUrl: 'http://127.0.0.1:8080',
      onMiss: { build: 'error', serve: 'original' },
      defaults: { magnific: '4x', hdr: -3, format: ['avif', 'webp'], as: 'picture' },
      presets: {
        hero: { magnific: '8x', engine: 'magnific_sharpy', prompt: 'a dog', filter_nsfw: true },
        small: {
          w: [320, 640],
          flip: true,
          flop: false,
          aspect: '16:9',
          effort: 'max',
          blur: true,
        },
        told: { as: 'metadata:width;height', quality: 80, format: 'jpeg', background: '#FFF' },
      },
      onTooLarge: 'downscale',
      alpha: 'keep-result',
      keepMetadata: true,
      budget: { tasks: 20, euros: 4.5 },
      prices: [{ upToMegapixels: 2, euros: 0.05 }, { euros: 0.5 }],
      prefetch: ['src/pages/**'],
      concurrency: 3,
      ratePerMinute: 60,
      deadline: 60_000,
      webhook: { url: 'https://hooks.example.com/a', port: 8787, host: '::1', secret: 'a-secret' },
      cache: { dir: '/var/cache/magnific' },
      passthrough: ['blur'],
      logLevel: 'silent',
    } satisfies Options
    expect(resolve(options)).toEqual({
      root: '/project',
      command: 'build',
      apiKey: 'a-key',
      baseUrl: 'http://127.0.0.1:8080',
      service: 'local',
      onMiss: 'error',
      defaults: {
        params: { scale_factor: '4x', hdr: -3 },
        directives: { format: ['avif', 'webp'] },
        output: { kind: 'picture' },
      },
      presets: {
        hero: {
          params: {
            scale_factor: '8x',
            engine: 'magnific_sharpy',
            prompt: 'a dog',
            filter_nsfw: true,
          },
          directives: {},
        },
        small: {
          params: {},
          directives: {
            w: ['320', '640'],
            flip: ['true'],
            flop: ['false'],
            aspect: ['16:9'],
            effort: ['max'],
            blur: ['true'],
          },
        },
        told: {
          params: {},
          directives: { quality: ['80'], format: ['jpeg'], background: ['#fff'] },
          output: { kind: 'metadata', fields: ['width', 'height'] },
        },
      },
      onTooLarge: 'downscale',
      alpha: 'keep-result',
      keepMetadata: true,
      budget: { tasks: 20, euros: 4.5 },
      prices: [{ upToMegapixels: 2, euros: 0.05 }, { euros: 0.5 }],
      prefetch: ['src/pages/**'],
      concurrency: 3,
      ratePerMinute: 60,
      deadline: 60_000,
      webhook: { url: 'https://hooks.example.com/a', port: 8787, host: '::1', secret: 'a-secret' },
      cacheDir: '/var/cache/magnific',
      readOnly: false,
      passthrough: ['blur'],
      logLevel: 'silent',
    })
  })

  it('takes undefined for what is left out', () => {
    const nothing = {
      apiKey: undefined,
      baseUrl: undefined,
      onMiss: undefined,
      defaults: { hdr: undefined },
      presets: undefined,
      onTooLarge: undefined,
      alpha: undefined,
      keepMetadata: undefined,
      budget: { tasks: undefined, euros: undefined },
      concurrency: undefined,
      ratePerMinute: undefined,
      deadline: undefined,
      webhook: undefined,
      cache: { dir: undefined },
      passthrough: undefined,
      logLevel: undefined,
    }
    expect(resolve(nothing)).toEqual(resolve({}))
    expect(
      resolve({ ...nothing, onMiss: { build: undefined }, budget: undefined, cache: undefined }),
    ).toEqual(resolve({}))
  })

  it.each([{}, { tasks: 0 }, { euros: 0 }, { euros: 0.005 }, { tasks: 1_000_000, euros: 1e9 }])(
    'takes a budget as it is: %j',
    (budget) => {
      expect(resolve({ budget }).budget).toEqual(budget)
    },
  )

  it('leaves the options as they are', () => {
    const options = { onMiss: 'error', presets: { a: { magnific: '2x' } }, passthrough: ['x'] }
    const before = structuredClone(options)
    resolve(options)
    expect(options).toEqual(before)
  })

  it('lists every problem at once', async () => {
    const problems = await problemsOf(
      {
        apiKey: 'two words',
        baseUrl: 'http://example.com',
        onMiss: 'buy',
        defaults: { hdr: 11, engine: 'oil' },
        presets: { '4x': { magnific: '3x' }, hero: { colour: 1 } },
        onTooLarge: 'crop',
        alpha: 'keep',
        keepMetadata: 'no',
        budget: { tasks: 1.5, euros: -1, dollars: 3 },
        concurrency: 0,
        ratePerMinute: 0,
        deadline: 1,
        webhook: { url: 'http://example.com', port: -1, host: '', secret: ' ', path: '/' },
        cache: { dir: '', readonly: true },
        passthrough: 'blur',
        logLevel: 'loud',
        colour: 'red',
      },
      { MAGNIFIC_ON_MISS: 'pay' },
    )
    for (const part of [
      '`apiKey` must be',
      '`baseUrl` must be',
      '`onMiss` must be',
      '`$MAGNIFIC_ON_MISS` must be',
      'In `defaults`: `hdr` must be',
      'In `defaults`: `engine` must be',
      'The preset name "4x" must',
      'In `presets.4x`: `magnific` must be',
      '`presets.hero.colour` is no request field',
      '`onTooLarge` must be',
      '`alpha` must be',
      '`keepMetadata` must be',
      '`budget.tasks` must be',
      '`budget.euros` must be',
      'Unknown option `budget.dollars`',
      '`concurrency` must be',
      '`ratePerMinute` must be',
      '`deadline` must be',
      '`webhook.url` must be',
      '`webhook.port` must be',
      '`webhook.host` must be',
      '`webhook.secret` must be',
      'Unknown option `webhook.path`',
      '`cache.dir` must be',
      'Unknown option `cache.readonly`',
      '`passthrough` must be',
      '`logLevel` must be',
      'Unknown option `colour`',
    ]) {
      expect(problems.filter((line) => line.includes(`- ${part}`))).toHaveLength(1)
    }
    expect(problems).toHaveLength(28)
  })

  it.each<[string, unknown, string]>([
    ['an unknown option', { concurency: 3 }, 'Did you mean "concurrency"?'],
    ['an option in other capitals', { apikey: 'x' }, 'Did you mean "apiKey"?'],
    ['a base URL with a path', { baseUrl: 'https://api.freepik.com/v1' }, '`baseUrl` must be'],
    ['a base URL with a query', { baseUrl: 'https://a.example/?b' }, '`baseUrl` must be'],
    ['a base URL with a fragment', { baseUrl: 'https://a.example/#b' }, '`baseUrl` must be'],
    ['a base URL with a user', { baseUrl: 'https://me@a.example' }, '`baseUrl` must be'],
    ['plain HTTP to another machine', { baseUrl: 'http://api.freepik.com' }, '`baseUrl` must be'],
    ['plain HTTP to a network', { baseUrl: 'http://192.168.0.1' }, '`baseUrl` must be'],
    ['a look-alike of loopback', { baseUrl: 'http://localhost.evil.example' }, '`baseUrl` must'],
    ['a look-alike of 127', { baseUrl: 'http://127.0.0.1.evil.example' }, '`baseUrl` must be'],
    ['another protocol', { baseUrl: 'file:///etc' }, '`baseUrl` must be'],
    ['a base URL without protocol', { baseUrl: 'api.freepik.com' }, 'got "api.freepik.com"'],
    ['a base URL that is none', { baseUrl: 5 }, 'got 5.'],
    ['an empty base URL', { baseUrl: '' }, 'got "".'],
    ['a key that is no text', { apiKey: 12_345 }, '`apiKey` must be a text'],
    ['an empty key', { apiKey: '' }, '`apiKey` must be a text'],
    ['a key with a line break', { apiKey: 'a\nb' }, '`apiKey` must be a text'],
    ['a key beyond ASCII', { apiKey: 'schlüssel' }, '`apiKey` must be a text'],
    ['a policy that is none', { onMiss: 'previews' }, 'Did you mean "preview"?'],
    ['a policy of null', { onMiss: null }, 'got null.'],
    ['a policy for one command', { onMiss: { serve: 'buy' } }, '`onMiss.serve` must be one of'],
    ['a policy for no command', { onMiss: { dev: 'error' } }, 'Unknown option `onMiss.dev`'],
    ['defaults that are a text', { defaults: '4x' }, '`defaults` must be an object'],
    ['defaults that are a list', { defaults: [] }, '`defaults` must be an object'],
    ['a default under the wire name', { defaults: { scale_factor: '4x' } }, 'no request field'],
    ['a default that is nearly right', { defaults: { creativty: 1 } }, '"creativity"'],
    ['a default of the wrong type', { defaults: { hdr: '3' } }, '`hdr` must be a whole number'],
    ['a default that is no integer', { defaults: { hdr: 0.5 } }, 'got 0.5'],
    ['a default out of range', { defaults: { creativity: -11 } }, 'got -11'],
    ['a default that is not a number', { defaults: { hdr: Number.NaN } }, '`hdr` must be'],
    ['a default out of the enum', { defaults: { engine: 'Sharpy' } }, '`engine` must be one of'],
    ['a scale as a number', { defaults: { magnific: 4 } }, '`magnific` must be one of'],
    ['a flag as a text', { defaults: { filter_nsfw: 'true' } }, 'must be true or false'],
    ['an empty prompt', { defaults: { prompt: ' ' } }, '`prompt` must be a text'],
    ['half a letter', { defaults: { prompt: 'a\uD800' } }, '`prompt` must be a text'],
    [
      'a width of nothing',
      { defaults: { w: 0 } },
      '`w` must be a whole number from 1 to 65535, got "0"',
    ],
    ['a width that is no number', { defaults: { w: Number.NaN } }, 'got "NaN"'],
    [
      'a list of nothing',
      { defaults: { w: [] } },
      '`w` must be a text, a number, true or false, or a list of these, got []',
    ],
    ['a list in a list', { defaults: { w: [[1]] } }, 'or a list of these, got [[1]]'],
    ['a width of null', { defaults: { w: null } }, 'or a list of these, got null'],
    ['a width twice', { defaults: { w: [640, '640'] } }, '`w` has "640" twice'],
    [
      'a format that is none',
      { presets: { a: { format: 'webpp' } } },
      'In `presets.a`: `format` must be one of png, jpeg, webp, avif, got "webpp". Did you mean "webp"?',
    ],
    [
      'an output that is none',
      { defaults: { as: 'pictures' } },
      'In `defaults`: `as` must be one of',
    ],
    ['outputs', { defaults: { as: ['url', 'img'] } }, '`as` must be one of'],
    [
      'a directive that is nearly right',
      { presets: { a: { formt: 'webp' } } },
      '`presets.a.formt` is no request field. Did you mean "format"?',
    ],
    ['presets that are a list', { presets: [] }, '`presets` must be an object'],
    ['a preset that is none', { presets: { hero: '4x' } }, '`presets.hero` must be an object'],
    ['a preset of undefined', { presets: { hero: undefined } }, '`presets.hero` must be'],
    ['a preset named like a scale', { presets: { '2x': {} } }, 'The preset name "2x"'],
    ['a preset without a name', { presets: { '': {} } }, 'The preset name ""'],
    ['a preset with a blank', { presets: { 'a b': {} } }, 'The preset name "a b"'],
    ['a preset with an ampersand', { presets: { 'a&b': {} } }, 'The preset name "a&b"'],
    ['a preset from __proto__', { presets: JSON.parse('{"__proto__":{}}') }, '"__proto__"'],
    ['a budget of a number', { budget: 5 }, 'such as { tasks: 20, euros: 5 }, got 5.'],
    ['a budget of null', { budget: null }, '`budget` must be an object'],
    ['a budget that is no number', { budget: Number.NaN }, 'euros: 5 }, got NaN.'],
    ['a budget in a list', { budget: [5] }, '`budget` must be an object'],
    ['a budget of half a task', { budget: { tasks: 1.5 } }, 'from 0 to 1000000, got 1.5.'],
    ['a budget of fewer tasks than none', { budget: { tasks: -1 } }, 'from 0 to 1000000, got -1.'],
    ['a budget of tasks in words', { budget: { tasks: '5' } }, 'got "5".'],
    ['a budget of endless tasks', { budget: { tasks: Number.POSITIVE_INFINITY } }, 'budget.tasks'],
    [
      'a budget of no number of euros',
      { budget: { euros: Number.NaN } },
      'a number from 0, got NaN.',
    ],
    [
      'a budget of endless euros',
      { budget: { euros: Number.POSITIVE_INFINITY } },
      'from 0, got Infinity.',
    ],
    ['a budget of debts', { budget: { euros: -0.01 } }, '`budget.euros` must be a number from 0'],
    ['a budget of euros in words', { budget: { euros: '5 €' } }, 'got "5 €".'],
    ['a budget of nothing at all', { budget: { tasks: null } }, 'from 0 to 1000000, got null.'],
    ['a budget in another unit', { budget: { euro: 5 } }, 'Did you mean "euros"?'],
    [
      'another size',
      { onTooLarge: true },
      '`onTooLarge` must be one of error, downscale, got true.',
    ],
    ['another alpha', { alpha: 'keep' }, '`alpha` must be one of join, keep-result, got "keep".'],
    ['a yes in words', { keepMetadata: 'yes' }, '`keepMetadata` must be true or false, got "yes".'],
    ['a no in numbers', { keepMetadata: 0 }, '`keepMetadata` must be true or false, got 0.'],
    [
      'a prefetch of nothing',
      { prefetch: [] },
      "a list of globs such as ['src/pages/**'], got [].",
    ],
    [
      'a prefetch by name',
      { prefetch: 'src/**' },
      '`prefetch` must be true, false or a list of globs',
    ],
    ['a concurrency of nothing', { concurrency: 0 }, 'from 1 to 100, got 0.'],
    ['too much concurrency', { concurrency: 101 }, 'from 1 to 100, got 101.'],
    ['half a concurrency', { concurrency: 1.5 }, 'got 1.5.'],
    ['a concurrency in words', { concurrency: '8' }, 'got "8".'],
    ['endless concurrency', { concurrency: Number.POSITIVE_INFINITY }, '`concurrency` must be'],
    ['a rate of nothing', { ratePerMinute: 0 }, '`ratePerMinute` must be a whole number from 1 to'],
    ['too high a rate', { ratePerMinute: 100_001 }, 'from 1 to 100000, got 100001.'],
    ['half a rate', { ratePerMinute: 0.5 }, 'got 0.5.'],
    ['a rate in words', { ratePerMinute: '300' }, 'got "300".'],
    ['a deadline in seconds', { deadline: 999 }, 'from 1000 to 2147483647, got 999.'],
    ['a deadline beyond timers', { deadline: 2 ** 31 }, 'got 2147483648.'],
    ['a cache as a text', { cache: '.magnific' }, '`cache` must be an object'],
    ['a cache of nowhere', { cache: { dir: ' ' } }, '`cache.dir` must be a path'],
    ['a cache of null', { cache: { dir: null } }, '`cache.dir` must be a path, got null.'],
    ['an unknown cache option', { cache: { dri: 'x' } }, 'Unknown option `cache.dri`'],
    ['a passthrough of a text', { passthrough: 'blur' }, '`passthrough` must be a list'],
    ['a passthrough of numbers', { passthrough: [1] }, '`passthrough` must be a list'],
    ['our own key let by', { passthrough: ['magnific'] }, '`passthrough` holds "magnific"'],
    ['a request field let by', { passthrough: ['a', 'hdr'] }, '`passthrough` holds "hdr"'],
    [
      'a log level that is none',
      { logLevel: 'warning' },
      '`logLevel` must be one of info, warn, silent',
    ],
  ])('refuses %s', async (_, options, part) => {
    const problems = await problemsOf(options)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain(part)
  })
})

describe('the key', () => {
  it.each<[string, Options, Env, string | undefined]>([
    ['the option', { apiKey: 'a' }, { FREEPIK_API_KEY: 'b', MAGNIFIC_API_KEY: 'c' }, 'a'],
    ['$FREEPIK_API_KEY', {}, { FREEPIK_API_KEY: 'b', MAGNIFIC_API_KEY: 'c' }, 'b'],
    ['$MAGNIFIC_API_KEY', {}, { MAGNIFIC_API_KEY: 'c' }, 'c'],
    [
      '$MAGNIFIC_API_KEY where the other is empty',
      {},
      { FREEPIK_API_KEY: '', MAGNIFIC_API_KEY: 'c' },
      'c',
    ],
    ['nowhere', {}, { FREEPIK_API_KEY: '' }, undefined],
  ])('comes from %s', (_, options, env, key) => {
    expect(resolve(options, env).apiKey).toBe(key)
  })

  it('loses the line break that files end with', () => {
    expect(resolve({}, { FREEPIK_API_KEY: ' the-key\n' }).apiKey).toBe('the-key')
  })

  it('is never shown, whatever is wrong with it or with the rest', async () => {
    const bad = { concurrency: 0, colour: 1, baseUrl: 'x', onMiss: 'x' }
    for (const options of [
      { ...bad, apiKey: 'TOP secret' },
      { ...bad, apiKey: 'TOPsecret' },
      { ...bad, apiKey: { secret: 'TOP' } },
      { ...bad, apiKey: ['TOP'] },
    ]) {
      expect((await problemsOf(options)).join('\n')).not.toMatch(/TOP|secret/)
    }
    const env = { FREEPIK_API_KEY: 'TOP secret', MAGNIFIC_API_KEY: 'TOPsecret' }
    expect((await problemsOf(bad, env)).join('\n')).not.toMatch(/TOP|secret/)
  })
})

describe('the base URL', () => {
  it.each([
    ['https://api.freepik.com/', 'https://api.freepik.com', 'magnific'],
    ['https://API.Magnific.com', 'https://api.magnific.com', 'magnific'],
    ['http://localhost:3000/', 'http://localhost:3000', 'local'],
    ['http://127.8.9.10', 'http://127.8.9.10', 'local'],
    ['http://[::1]:80', 'http://[::1]', 'local'],
    ['https://proxy.example:8443', 'https://proxy.example:8443', 'https://proxy.example:8443'],
  ])('%s is %s, service %s', (said, baseUrl, service) => {
    expect(resolve({ baseUrl: said })).toMatchObject({ baseUrl, service })
    expect(resolve({}, { MAGNIFIC_BASE_URL: said })).toMatchObject({ baseUrl, service })
  })

  it('of the options wins over the environment, and an empty variable is none', () => {
    const env = { MAGNIFIC_BASE_URL: 'http://localhost:1' }
    expect(resolve({ baseUrl: 'http://localhost:2' }, env).baseUrl).toBe('http://localhost:2')
    expect(resolve({}, { MAGNIFIC_BASE_URL: '' }).baseUrl).toBe('https://api.freepik.com')
  })

  it('of the environment is checked too', async () => {
    expect(await problemsOf({}, { MAGNIFIC_BASE_URL: 'http://example.com' })).toHaveLength(1)
  })
})

describe('onMiss', () => {
  it.each<[Options['onMiss'], string | undefined, string, string]>([
    [undefined, undefined, 'upscale', 'preview'],
    // A plain 'upscale' is about builds: a server that is left running never spends by accident.
    ['upscale', undefined, 'upscale', 'preview'],
    ['error', undefined, 'error', 'error'],
    ['preview', undefined, 'preview', 'preview'],
    ['original', undefined, 'original', 'original'],
    [{}, undefined, 'upscale', 'preview'],
    [{ build: 'error' }, undefined, 'error', 'preview'],
    [{ serve: 'upscale' }, undefined, 'upscale', 'upscale'],
    [{ build: 'original', serve: 'error' }, undefined, 'original', 'error'],
    [undefined, '', 'upscale', 'preview'],
    [undefined, 'error', 'error', 'error'],
    [{ build: 'upscale', serve: 'upscale' }, 'preview', 'preview', 'preview'],
    ['error', 'upscale', 'upscale', 'error'],
    [{ build: 'error', serve: 'upscale' }, 'upscale', 'upscale', 'upscale'],
    [undefined, 'upscale', 'upscale', 'preview'],
  ])(
    '%j with $MAGNIFIC_ON_MISS=%s is %s in a build, %s on a server',
    (onMiss, fromEnv, build, serve) => {
      const env = { MAGNIFIC_ON_MISS: fromEnv }
      expect(resolve({ onMiss }, env, 'build').onMiss).toBe(build)
      expect(resolve({ onMiss }, env, 'serve').onMiss).toBe(serve)
    },
  )
})

describe('the cache directory', () => {
  it.each<[Options, Env, string]>([
    [{ cache: { dir: 'here' } }, { MAGNIFIC_CACHE_DIR: 'there' }, 'here'],
    [{ cache: {} }, { MAGNIFIC_CACHE_DIR: 'there' }, 'there'],
    [{}, { MAGNIFIC_CACHE_DIR: 'there' }, 'there'],
    [{}, { MAGNIFIC_CACHE_DIR: '' }, '.magnific'],
  ])('of %j with %j is %s', (options, env, dir) => {
    expect(resolve(options, env).cacheDir).toBe(dir)
  })
})

describe('a base URL with a password in it', () => {
  it('is refused, and not shown', async () => {
    for (const baseUrl of ['https://me:hunter2@example.com', 'https://:hunter2@example.com']) {
      const [problem] = await problemsOf({ baseUrl })
      expect(problem).toContain('`baseUrl` must be an https: origin without path, query, user name')
      expect(problem).not.toContain('hunter2')
    }
  })

  it('is called by the name of the variable that it came from', async () => {
    const [problem] = await problemsOf({}, { MAGNIFIC_BASE_URL: 'ftp://example.com' })
    expect(problem).toContain('$MAGNIFIC_BASE_URL must be an https: origin')
  })
})
