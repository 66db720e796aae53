import { describe, expect, it } from 'vitest'
import { resolveOptions } from '../../src/core/resolve-options.ts'
import type { CacheOption, Options, ResolvedOptions } from '../../src/core/options.ts'
import { formatKey } from '../../src/core/signing-option.ts'
import { errorOf } from '../helpers/errors.ts'

const publicKey = 'magnific-public-11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo'
const privateKey = 'magnific-private-nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A'
const other = 'magnific-public-PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw'
const remote = 'redis://user:hunter2@cache.example:6379/0'

function resolve(
  cache: CacheOption | undefined,
  env: Record<string, string> = {},
  more: Options = {},
): ResolvedOptions {
  const host = { root: '/project', command: 'build', env } as const
  return resolveOptions({ ...more, ...(cache && { cache }) }, host)
}

describe('the option cache', () => {
  it('shares nothing by itself', () => {
    expect(resolve(undefined)).toMatchObject({ sharing: undefined, onMiss: 'upscale' })
    expect(resolve({ remote: false })).toMatchObject({ sharing: undefined })
  })

  it('names a shared cache by a URL, and shows it without what is secret', () => {
    expect(resolve({ remote, timeout: 500 }).sharing).toEqual({
      remote,
      name: 'redis://cache.example:6379/0',
      claim: undefined,
      signing: undefined,
      readOnly: false,
      timeout: 500,
    })
  })

  it('lets the environment win, and turn it off', () => {
    const env = { MAGNIFIC_CACHE_REMOTE: 'postgres://db.example/app' }
    expect(resolve({ remote }, env).sharing?.remote).toBe('postgres://db.example/app')
    expect(resolve(undefined, env).sharing?.remote).toBe('postgres://db.example/app')
    expect(resolve({ remote }, { MAGNIFIC_CACHE_REMOTE: 'false' }).sharing).toBeUndefined()
    expect(resolve({ remote }, { MAGNIFIC_CACHE_REMOTE: '' }).sharing?.remote).toBe(remote)
  })

  it('takes keys of its own or of the environment', () => {
    const { sharing } = resolve({ remote, signing: { publicKey, privateKey } })
    expect(sharing?.readOnly).toBe(false)
    expect(sharing?.signing?.publicKey && formatKey(sharing.signing.publicKey)).toBe(publicKey)
    const env = { MAGNIFIC_PUBLIC_KEY: publicKey, MAGNIFIC_PRIVATE_KEY: privateKey }
    const fromEnv = resolve({ remote }, env).sharing?.signing
    expect(fromEnv?.privateKey && formatKey(fromEnv.privateKey)).toBe(privateKey)
  })

  it('buys nothing that it could not tell others of', () => {
    const readOnly = { onMiss: 'error', readOnly: true, sharing: { readOnly: true } }
    expect(resolve({ remote, signing: { publicKey } })).toMatchObject(readOnly)
    expect(resolve({ remote, readOnly: true })).toMatchObject(readOnly)
    expect(resolve({ readOnly: true })).toMatchObject({ onMiss: 'error', readOnly: true })
    const previews = resolve({ remote, readOnly: true }, {}, { onMiss: 'preview' })
    expect(previews).toMatchObject({ onMiss: 'preview', readOnly: true })
    // Without a shared cache there is nobody to be told.
    expect(resolve({ signing: { publicKey } })).toMatchObject({ onMiss: 'upscale' })
  })

  it('lists everything that is wrong, and shows no secret', async () => {
    const wrong = {
      remote: 'http://user:hunter2@cache.example',
      claim: 'yes',
      signing: { publicKey: privateKey, privateKey: 'hunter2', privatKey: 'x' },
      readOnly: 'no',
      timeout: 1,
      directory: 'x',
    }
    const { message } = await errorOf(() => resolve(wrong as unknown as CacheOption))
    expect(message.split('\n').slice(1)).toEqual([
      '  - Unknown option `cache.directory`. Allowed are dir, remote, claim, signing, readOnly, timeout.',
      '  - Unknown option `cache.signing.privatKey`. Did you mean "privateKey"? Allowed are publicKey, privateKey.',
      '  - `cache.signing.publicKey` must be a key that begins with "magnific-public-", as `npx magnific keygen` prints it.',
      '  - `cache.signing.privateKey` must be a key that begins with "magnific-private-", as `npx magnific keygen` prints it.',
      '  - `cache.readOnly` must be true or false, got "no".',
      '  - `cache.claim` must be a function (key, text) => Promise<string> that sets a text unless one is there and resolves to the one that stands there, got a text.',
      '  - `cache.timeout` must be a whole number from 10 to 600000, got 1.',
      expect.stringMatching(
        /^ {2}- `cache\.remote` must begin with one of redis:, .*, got http:\./,
      ),
    ])
    expect(message).not.toContain('hunter2')
    expect(message).not.toContain(privateKey)
  })

  it.each(['redis://somebody:hunter2@cache.example', ['redis://somebody:hunter2@cache.example']])(
    'shows no password where the URL stands in its place: %#',
    async (url) => {
      const { message } = await errorOf(() => resolve(url as unknown as CacheOption))
      expect(message).toContain(
        "`cache` must be an object such as { dir: '.magnific' } or { remote:",
      )
      expect(message).not.toContain('hunter2')
      const dir = { dir: { remote: url } } as unknown as CacheOption
      expect((await errorOf(() => resolve(dir))).message).not.toContain('hunter2')
    },
  )

  it('takes an empty text for a key that is not to be had, as CI has it, but never for no signing', async () => {
    const pullRequest = resolve({ remote, signing: { publicKey, privateKey: '' } })
    expect(pullRequest).toMatchObject({ readOnly: true, sharing: { readOnly: true } })
    const { message } = await errorOf(() => resolve({ remote, signing: { publicKey: '' } }))
    expect(message).toContain('`cache.signing.publicKey` is missing')
  })

  it.each([
    [{ publicKey: other, privateKey }, '`cache.signing.privateKey` does not belong to'],
    [{ privateKey }, '`cache.signing.publicKey` is missing'],
    [{}, '`cache.signing.publicKey` is missing'],
  ])('refuses keys that do not go together: %#', async (signing, problem) => {
    const { message } = await errorOf(() => resolve({ remote, signing }))
    expect(message).toContain(problem)
    expect(message).not.toContain(privateKey)
  })
})
