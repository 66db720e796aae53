import { readFileSync } from 'node:fs'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { resolveOptions } from '../../src/core/resolve-options.ts'
import type { Options } from '../../src/core/options.ts'
import type { Emulator } from '../../src/emulator/index.ts'
import { createCacheHost, playWorkflow } from '../helpers/actions.ts'
import type { Happening, Played } from '../helpers/actions.ts'
import { canary } from '../helpers/canary.ts'
import { runCli } from '../helpers/config-project.ts'
import { postsTo, startEmulator } from '../helpers/emulator.ts'
import { createEnds } from '../helpers/ends.ts'
import { makePng } from '../helpers/images.ts'
import { readRecipes } from '../helpers/recipes.ts'
import { redisPath, startRedis, warnWithoutRedis } from '../helpers/redis-server.ts'
import type { RedisServer } from '../helpers/redis-server.ts'
import { createRemote, packTarball } from '../helpers/remote.ts'
import type { Remote } from '../helpers/remote.ts'

warnWithoutRedis()

const page = readFileSync(new URL('../../docs/shared-cache.md', import.meta.url), 'utf8')
/** Each recipe takes builds in fresh clones: `npm run test:ci` plays all of them, and `npm test` what is about trust. */
const isEvery = process.env['EVERY_RECIPE'] === '1'
const workflow = '.github/workflows/build.yml'

function recipe(heading: string): string {
  return readRecipes(heading, 'shared-cache.md')[workflow] ?? ''
}

describe('docs/shared-cache.md', () => {
  it('has options that are taken', () => {
    // Where the call stands alone, its last line does too.
    const blocks = [...page.matchAll(/magnific\((\{[^\n]*\}|\{\n.*?\n\})\)(?:\],)?\n/gs)].map(
      ([, text]) => text,
    )
    expect(blocks.length).toBeGreaterThan(3)
    const publicKey = 'magnific-public-11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo'
    for (const text of blocks) {
      const code = text?.replace('magnific-public-…', publicKey)
      const options = runInNewContext(`(${code})`) as Options
      const host = { root: '/project', command: 'build', env: {} } as const
      expect(resolveOptions(options, host).sharing?.remote).toBeDefined()
    }
  })

  it('has a table of all options', () => {
    const [, table = ''] = /^\| `cache\.`.*\n\| -.*\n((?:\|.*\n)+)/m.exec(page) ?? []
    const names = [...table.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name)
    expect(names).toEqual(['remote', 'claim', 'signing', 'readOnly', 'timeout'])
  })
})

describe.skipIf(redisPath === undefined)('a recipe of docs/shared-cache.md', () => {
  const { onEnd, end } = createEnds()
  let tarball = ''
  let redis: RedisServer
  let emulator: Emulator
  beforeAll(async () => {
    tarball = packTarball(onEnd)
    redis = await startRedis(onEnd)
    emulator = await startEmulator({ apiKeys: [canary] }, onEnd)
  }, 60_000)
  afterAll(end)

  const createSite = async (seed: number, options = ''): Promise<Remote> => {
    const files = {
      'src/one.png': await makePng({ width: 80, height: 60, seed }),
      'index.html': '<script type="module" src="/src/main.js"></script>\n',
      'src/main.js': "import one from './one.png?magnific=2x'\nconsole.log(one)\n",
      'vite.config.js': `import magnific from 'unplugin-magnific/vite'\nexport default { plugins: [magnific(${options})] }\n`,
      '.gitignore': 'node_modules\ndist\n.magnific\n',
    }
    const remote = createRemote(tarball, files, onEnd, ['@keyv/redis'])
    remote.push('main')
    return remote
  }

  const play = async (
    heading: string,
    remote: Remote,
    secrets: Record<string, string>,
    happening: Pick<Happening, 'event' | 'ref' | 'branch'> = {
      event: 'push',
      ref: 'refs/heads/main',
      branch: 'main',
    },
  ): Promise<Played & { posts: number }> => {
    const before = postsTo(emulator)
    // Each time another runner, with nothing on it.
    const played = await playWorkflow(recipe(heading), remote, createCacheHost(), {
      ...happening,
      secrets: { ...secrets, MAGNIFIC_CACHE_REMOTE: redis.url },
      env: { MAGNIFIC_BASE_URL: emulator.url },
    })
    return { ...played, posts: postsTo(emulator) - before }
  }

  it.skipIf(!isEvery)('lets one runner pay, and all others take', async () => {
    const site = await createSite(1)
    const key = { FREEPIK_API_KEY: canary }
    expect(await play('In CI', site, key)).toMatchObject({ ok: true, posts: 1 })
    const second = await play('In CI', site, {})
    expect(second).toMatchObject({ ok: true, posts: 0 })
    expect(second.log).toContain('1 cached (1 from the shared cache) · nothing paid')
  })

  it('lets main sign and write, and pull requests read', { timeout: 300_000 }, async () => {
    const made = await runCli(process.cwd(), ['keygen', '--json'])
    const { publicKey, privateKey } = JSON.parse(made.stdout) as Record<string, string>
    const site = await createSite(2, `{ cache: { signing: { publicKey: '${publicKey}' } } }`)
    const pullRequest = { event: 'pull_request', ref: 'refs/pull/1/merge', branch: 'main' } as const
    // Whatever key it has: it cannot tell others what it bought.
    const early = await play('Trust', site, { FREEPIK_API_KEY: canary }, pullRequest)
    expect(early).toMatchObject({ ok: false, posts: 0 })
    expect(early.log).toContain('a cache that is read only buys nothing')

    const secrets = { FREEPIK_API_KEY: canary, MAGNIFIC_PRIVATE_KEY: privateKey ?? '' }
    expect(await play('Trust', site, secrets)).toMatchObject({ ok: true, posts: 1 })
    const late = await play('Trust', site, {}, pullRequest)
    expect(late).toMatchObject({ ok: true, posts: 0 })
    expect(late.log).toContain('1 cached (1 from the shared cache)')
  })
})
