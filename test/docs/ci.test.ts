import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Emulator } from '../../src/emulator/index.ts'
import { createCacheHost, groupOf, playWorkflow } from '../helpers/actions.ts'
import type { CacheHost, Happening, Played } from '../helpers/actions.ts'
import { canary, expectNoKey, readTree } from '../helpers/canary.ts'
import { postsTo, startEmulator } from '../helpers/emulator.ts'
import { createCacheFolder, playJob } from '../helpers/gitlab.ts'
import type { PlayedJob } from '../helpers/gitlab.ts'
import { describeImage, makePng } from '../helpers/images.ts'
import { readRecipes } from '../helpers/recipes.ts'
import { tmpProject } from '../helpers/project.ts'
import { createRemote, git, packTarball } from '../helpers/remote.ts'
import type { Remote } from '../helpers/remote.ts'
import { runBash } from '../helpers/run-bash.ts'

const ends: (() => void | Promise<void>)[] = []
let tarball = ''
beforeAll(() => {
  tarball = packTarball((end) => ends.push(end))
})
afterAll(async () => {
  for (const end of ends) await end()
})

/** Each recipe takes builds in fresh clones: `npm run test:ci` plays all of them, and `npm test` what is about money. */
const isEvery = process.env['EVERY_RECIPE'] === '1'

const size = { width: 80, height: 60 }

/** A site that shows some pictures, each another one. */
async function describeSite(...names: string[]): Promise<Record<string, string | Buffer>> {
  const lines = names.map((name) => `import ${name} from './${name}.png?magnific=2x'`)
  const pictures = names.map(async (name, seed) => [
    `src/${name}.png`,
    await makePng({ ...size, seed: seed + 1 }),
  ])
  return {
    ...Object.fromEntries(await Promise.all(pictures)),
    'index.html': '<script type="module" src="/src/main.js"></script>\n',
    'src/main.js': `${lines.join('\n')}\nconsole.log(${names.join(', ')})\n`,
    'vite.config.js':
      "import magnific from 'unplugin-magnific/vite'\nexport default { plugins: [magnific()] }\n",
    '.gitignore': 'node_modules\ndist\n',
  }
}

/** A repository with a site of two pictures on main. */
async function startSite(ignored = ''): Promise<{ remote: Remote; emulator: Emulator }> {
  const site = await describeSite('one', 'two')
  const remote = createRemote(tarball, { ...site, '.gitignore': `node_modules\ndist\n${ignored}` })
  remote.push('main')
  return { remote, emulator: await startEmulator({ apiKeys: [canary] }) }
}

async function writeSite({ work }: Remote, ...names: string[]): Promise<void> {
  for (const [name, content] of Object.entries(await describeSite(...names))) {
    if (name !== '.gitignore') work.write(name, content)
  }
}

/** Its pictures are all there once every module is read, and then the bundle cannot be put together. */
function breakSite({ work }: Remote): void {
  const main = readFileSync(work.path('src/main.js'), 'utf8')
  work.write('src/broken.js', 'export const nothing = 1\n')
  work.write('src/main.js', `${main}import { something } from './broken.js'\nsomething()\n`)
}

/** The sizes of all pictures that were built. */
async function builtSizes({ folder }: { folder: string }): Promise<string[]> {
  const assets = join(folder, 'dist/assets')
  const names = readdirSync(assets).filter((name) => name.endsWith('.png'))
  const facts = names.map(async (name) => describeImage(readFileSync(join(assets, name))))
  return (await Promise.all(facts)).map(({ width, height }) => `${width}×${height}`)
}

const upscaled = '160×120'
const pushToMain = { event: 'push', ref: 'refs/heads/main', branch: 'main' } as const

describe('the recipe for GitHub Actions', () => {
  const recipe = (): string =>
    readRecipes('GitHub Actions, with its cache')['.github/workflows/magnific.yml'] ?? ''

  const openGitHub = async (): Promise<{
    remote: Remote
    caches: CacheHost
    emulator: Emulator
    play: (differences?: Partial<Happening>) => Promise<Played & { posts: number }>
  }> => {
    const { remote, emulator } = await startSite('.magnific\n')
    const caches = createCacheHost()
    return {
      remote,
      caches,
      emulator,
      play: async (differences = {}) => {
        const before = postsTo(emulator)
        const played = await playWorkflow(recipe(), remote, caches, {
          ...pushToMain,
          secrets: { FREEPIK_API_KEY: canary },
          env: { MAGNIFIC_BASE_URL: emulator.url },
          ...differences,
        })
        expectNoKey({ log: played.log, summary: played.summary })
        return { ...played, posts: postsTo(emulator) - before }
      },
    }
  }

  it('pays once: a fresh clone with the restored cache builds without a key, and pays nothing', async () => {
    const { play } = await openGitHub()
    const first = await play()
    expect(first).toMatchObject({ ok: true, posts: 2, restored: undefined })
    expect(first.saved).toMatch(/^magnific-[\da-f]{64}$/)
    expect(await builtSizes(first)).toEqual([upscaled, upscaled])

    const second = await play({ secrets: {} })
    expect(second).toMatchObject({ ok: true, posts: 0, restored: first.saved, saved: undefined })
    expect(await builtSizes(second)).toEqual([upscaled, upscaled])
    expect(second.log).toContain('2 cached')
    expect(second.summary).toBe('')
  })

  it('saves what a build bought that failed afterwards, and the next one pays nothing for it', async () => {
    const { remote, play } = await openGitHub()
    breakSite(remote)
    remote.push('main')
    const failed = await play()
    expect(failed).toMatchObject({ ok: false, posts: 2 })
    expect(failed.log).toContain('something')
    expect(failed.saved).toBeDefined()

    await writeSite(remote, 'one', 'two', 'three')
    remote.push('main')
    const mended = await play()
    expect(mended).toMatchObject({ ok: true, posts: 1, restored: failed.saved })
    expect(await builtSizes(mended)).toEqual([upscaled, upscaled, upscaled])
    expect(mended.saved).not.toBe(failed.saved)
    // The newest cache has what the older ones have.
    expect(await play({ secrets: {} })).toMatchObject({
      ok: true,
      posts: 0,
      restored: mended.saved,
    })
  })

  it.runIf(isEvery).each([
    ['a fork, which has no key', {}],
    ['a branch, whose caches main could not read', { FREEPIK_API_KEY: canary }],
  ])('shows previews in pull requests from %s, says so, and pays nothing', async (_, secrets) => {
    const { remote, play } = await openGitHub()
    const main = await play()
    await writeSite(remote, 'one', 'two', 'three')
    remote.push('feature')
    const pull = { event: 'pull_request', ref: 'refs/pull/7/merge', branch: 'feature' } as const
    const played = await play({ ...pull, secrets })
    expect(played).toMatchObject({ ok: true, posts: 0, restored: main.saved, saved: undefined })
    expect(await builtSizes(played)).toEqual([upscaled, upscaled, upscaled])
    expect(played.log).toMatch(/^::notice title=Magnific::Images that main has not bought yet/m)
    expect(played.log).toMatch(/src\/three\.png .* preview/)
    expect(played.summary).toContain('are local previews in this build')

    remote.push('main')
    expect(await play()).toMatchObject({ ok: true, posts: 1, restored: main.saved, summary: '' })
  })

  it.runIf(isEvery)(
    'fails on main without a key where an image is missing, and ships no preview',
    async () => {
      const { play } = await openGitHub()
      const played = await play({ secrets: {} })
      expect(played).toMatchObject({ ok: false, posts: 0, saved: undefined })
      expect(played.log).toContain('there is no API key to buy it with')
    },
  )

  it('lets builds of main wait for each other, and for nobody else', () => {
    const main = groupOf(recipe(), { ref: 'refs/heads/main' })
    expect(main).not.toBe('')
    expect(groupOf(recipe(), { ref: 'refs/pull/7/merge' })).not.toBe(main)
  })
})

describe('the recipe for GitLab', () => {
  const openGitLab = async (): Promise<{
    remote: Remote
    play: (
      branch: string,
      variables: Record<string, string>,
    ) => Promise<PlayedJob & { posts: number }>
  }> => {
    const { remote, emulator } = await startSite('.magnific\n')
    const caches = createCacheFolder()
    const recipe = readRecipes('GitLab, with its cache')['.gitlab-ci.yml'] ?? ''
    return {
      remote,
      play: async (branch, variables) => {
        const before = postsTo(emulator)
        const trigger = { branch, variables, env: { MAGNIFIC_BASE_URL: emulator.url } }
        const played = await playJob(recipe, remote, caches, trigger)
        if (!played) throw new Error('The rules leave it out.')
        return { ...played, posts: postsTo(emulator) - before }
      },
    }
  }
  const onMain = { CI_COMMIT_BRANCH: 'main', CI_DEFAULT_BRANCH: 'main' }
  const inRequest = { CI_DEFAULT_BRANCH: 'main', CI_PIPELINE_SOURCE: 'merge_request_event' }
  const key = { FREEPIK_API_KEY: canary }

  it.runIf(isEvery)(
    'saves what a failed build bought, pays once, and shows previews in merge requests',
    async () => {
      const { remote, play } = await openGitLab()
      breakSite(remote)
      remote.push('main')
      expect(await play('main', { ...onMain, ...key })).toMatchObject({ ok: false, posts: 2 })
      await writeSite(remote, 'one', 'two')
      remote.push('main')
      expect(await play('main', onMain)).toMatchObject({ ok: true, posts: 0 })

      await writeSite(remote, 'one', 'two', 'three')
      remote.push('feature')
      // A key that is not protected is there as well, and must not be used.
      const request = await play('feature', { ...inRequest, ...key })
      expect(request).toMatchObject({ ok: true, posts: 0 })
      expect(request.log).toContain('are local previews in this build.')
      expect(await builtSizes(request)).toEqual([upscaled, upscaled, upscaled])

      remote.push('main')
      expect(await play('main', { ...onMain, ...key })).toMatchObject({ ok: true, posts: 1 })
    },
  )
})

/** What somebody with a key does at home: builds, and commits. */
async function buyAndPush({ work, push }: Remote, { url }: Emulator): Promise<void> {
  const env = { FREEPIK_API_KEY: canary, MAGNIFIC_BASE_URL: url }
  const { code, log } = await runBash('npm ci\nnpm run build', work.dir, env)
  expect(code, log).toBe(0)
  push('main')
}

/** The files of what was paid for, with their bytes. */
function paidFiles(folder: string): Record<string, string> {
  const parts = ['blobs', 'results', 'journal'].map((part) => join(folder, '.magnific/v1', part))
  return Object.assign({}, ...parts.map((part) => readTree(part))) as Record<string, string>
}

describe('the recipe that commits', () => {
  it.runIf(isEvery)('spends nothing, needs no key, and fails for what is missing', async () => {
    const recipes = readRecipes('Commit it')
    const { remote, emulator } = await startSite()
    await buyAndPush(remote, emulator)
    const play = async (): Promise<Played> =>
      playWorkflow(recipes['.github/workflows/magnific.yml'] ?? '', remote, createCacheHost(), {
        ...pushToMain,
        env: { MAGNIFIC_BASE_URL: emulator.url },
      })
    const played = await play()
    expect(played.log).toContain('2 cached')
    expect(await builtSizes(played)).toEqual([upscaled, upscaled])

    await writeSite(remote, 'one', 'two', 'three', 'four')
    remote.push('main')
    const missing = await play()
    expect(missing.ok).toBe(false)
    for (const name of ['three.png', 'four.png']) expect(missing.log).toContain(name)
    expect(existsSync(join(missing.folder, 'dist'))).toBe(false)
    expect(postsTo(emulator)).toBe(2)

    const trigger = { branch: 'main~1', variables: {}, env: { MAGNIFIC_BASE_URL: emulator.url } }
    const job = await playJob(recipes['.gitlab-ci.yml'] ?? '', remote, '', trigger)
    expect(job?.log).toContain('2 cached')
    expect(postsTo(emulator)).toBe(2)
  })

  it.runIf(isEvery)('keeps every byte, whatever git does to other files', async () => {
    const { remote, emulator } = await startSite()
    const attributes = readRecipes('Commit it')['.gitattributes']
    remote.work.write('.gitattributes', `* text eol=crlf\n${attributes}`)
    await buyAndPush(remote, emulator)
    const clone = remote.clone('main')
    expect(readFileSync(join(clone, 'index.html'), 'utf8')).toContain('\r\n')
    const paid = paidFiles(remote.work.dir)
    expect(Object.keys(paid).length).toBeGreaterThan(6)
    expect(paidFiles(clone)).toEqual(paid)
  })

  it('has only the blobs in Git LFS, and a build without them says how to get them', async () => {
    const { remote, emulator } = await startSite()
    const { work } = remote
    work.write('.gitattributes', readRecipes('Commit it with Git LFS')['.gitattributes'] ?? '')
    // What `git lfs clean` does, as far as the repository can see.
    const clean = `node -e 'const bytes = require("fs").readFileSync(0); const oid = require("crypto").createHash("sha256").update(bytes).digest("hex"); console.log("version https://git-lfs.github.com/spec/v1\\noid sha256:" + oid + "\\nsize " + bytes.length)'`
    git(work.dir, 'config', 'filter.lfs.clean', clean)
    git(work.dir, 'config', 'filter.lfs.required', 'true')
    await buyAndPush(remote, emulator)
    const clone = remote.clone('main')
    const paid = paidFiles(work.dir)
    const got = paidFiles(clone)
    const changed = Object.keys(paid).filter((name) => got[name] !== paid[name])
    expect(changed).toHaveLength(2)
    const env = { FREEPIK_API_KEY: canary, MAGNIFIC_BASE_URL: emulator.url }
    const build = async (more: Record<string, string> = {}): ReturnType<typeof runBash> =>
      runBash('npm run build', clone, { ...env, ...more })
    await runBash('npm ci', clone, env)
    const calls = emulator.calls.length
    const without = await build()
    expect(without.code).toBe(1)
    expect(without.log).toContain("only Git LFS's pointer to it. Run `git lfs pull`")
    expect((await build({ MAGNIFIC_ON_MISS: 'preview' })).log).toContain('Run `git lfs pull`')
    expect(paidFiles(clone)).toEqual(got)
    cpSync(work.path('.magnific/v1/blobs'), join(clone, '.magnific/v1/blobs'), { recursive: true })
    expect((await build()).log).toContain('2 cached')
    expect(emulator.calls).toHaveLength(calls)
  })
})

describe('the recipe for a volume', () => {
  it.runIf(isEvery)('lets builds at the same moment pay once between them', async () => {
    const { remote, emulator } = await startSite('.magnific\n')
    const recipe =
      readRecipes('A volume that runners share')['.github/workflows/magnific.yml'] ?? ''
    const volume = tmpProject().path('magnific')
    const play = async (secrets: Record<string, string>): Promise<Played> =>
      playWorkflow(recipe.replaceAll('/srv/magnific', volume), remote, createCacheHost(), {
        ...pushToMain,
        secrets,
        env: { MAGNIFIC_BASE_URL: emulator.url },
      })
    const key = { FREEPIK_API_KEY: canary }
    const both = await Promise.all([play(key), play(key)])
    for (const played of both) expect(await builtSizes(played)).toEqual([upscaled, upscaled])
    expect(postsTo(emulator)).toBe(2)
    await writeSite(remote, 'one', 'two', 'three')
    remote.push('main')
    const without = await play({})
    expect(without.log).toMatch(/src\/three\.png .* preview/)
    expect(postsTo(emulator)).toBe(2)
  })
})
