import { describe, expect, it } from 'vitest'
import type { HostSettings, ResolvedWebhook } from '../../src/core/options.ts'
import { readWebhook } from '../../src/core/webhook-option.ts'

const url = 'https://hooks.example.com/magnific'

/** What is made of an option that nothing is wrong with. */
function read(value: unknown, env: HostSettings['env'] = {}): ResolvedWebhook | undefined {
  const problems: string[] = []
  const webhook = readWebhook(value, env, problems)
  expect(problems).toEqual([])
  return webhook
}

function problemsOf(value: unknown, env: HostSettings['env'] = {}): string[] {
  const problems: string[] = []
  readWebhook(value, env, problems)
  return problems
}

describe('where the API calls back', () => {
  it('is nowhere unless told, whatever the environment says', () => {
    expect(read(undefined, { MAGNIFIC_WEBHOOK_SECRET: 's' })).toBeUndefined()
  })

  it('is heard on loopback', () => {
    expect(read({ url, port: 8787 })).toEqual({
      url,
      port: 8787,
      host: '127.0.0.1',
      secret: undefined,
    })
  })

  it.each<[string, number, string]>([
    ['http://127.0.0.1:9000/hook', 9000, '127.0.0.1'],
    ['http://localhost:9000', 9000, '127.0.0.1'],
    ['http://127.8.9.10/hook', 80, '127.8.9.10'],
    ['http://[::1]:9000/hook?a=b', 9000, '::1'],
  ])('may be said by a URL of this machine alone: %s', (local, port, host) => {
    expect(read({ url: local })).toMatchObject({ url: new URL(local).href, port, host })
    const said = { url: local, port: 1234, host: '0.0.0.0' }
    expect(read(said)).toMatchObject({ port: 1234, host: '0.0.0.0' })
  })

  it.each([1, 65_535])('takes port %i', (port) => {
    expect(read({ url, port })).toMatchObject({ port })
  })

  it.each(['0.0.0.0', '::', 'fe80::1%eth0', 'my-machine.local'])('takes host %s', (host) => {
    expect(read({ url, port: 1, host })).toMatchObject({ host })
  })

  it.each<[string, unknown, string]>([
    ['a URL', url, '`webhook` must be an object'],
    ['null', null, '`webhook` must be an object'],
    ['a list', [url], '`webhook` must be an object'],
    ['nothing', {}, '`webhook.url` must be an https: URL'],
    ['a key that is nearly right', { url, port: 1, secrte: 's' }, 'Did you mean "secret"?'],
    ['plain HTTP', { url: 'http://example.com/a', port: 1 }, 'got "http://example.com/a".'],
    ['plain HTTP to a network', { url: 'http://10.0.0.1', port: 1 }, '`webhook.url` must be'],
    ['a look-alike', { url: 'http://localhost.evil.example', port: 1 }, '`webhook.url` must be'],
    ['another protocol', { url: 'ftp://example.com', port: 1 }, '`webhook.url` must be'],
    ['a URL with a fragment', { url: `${url}#a`, port: 1 }, '`webhook.url` must be'],
    ['a user', { url: 'https://me@example.com', port: 1 }, '`webhook.url` must be'],
    ['no protocol', { url: 'example.com/magnific', port: 1 }, '`webhook.url` must be'],
    ['a URL that is none', { url: 5, port: 1 }, 'got 5.'],
    ['no port behind a tunnel', { url }, '`webhook.port` is missing'],
    ['the port of a tunnel', { url: 'https://example.com:8443/a' }, '`webhook.port` is missing'],
    ['any free port', { url, port: 0 }, '`webhook.port` must be a whole number from 1 to 65535'],
    ['a port too many', { url, port: 65_536 }, 'got 65536.'],
    ['half a port', { url, port: 1.5 }, 'got 1.5.'],
    ['a port in words', { url, port: '8787' }, 'got "8787".'],
    ['a host with a port', { url, port: 1, host: '127.0.0.1/8' }, '`webhook.host` must be'],
    ['a host of nothing', { url, port: 1, host: '' }, 'got "".'],
    ['a host that is none', { url, port: 1, host: 5 }, 'got 5.'],
    ['an empty secret', { url, port: 1, secret: '' }, '`webhook.secret` must be a text'],
    ['a secret of blanks', { url, port: 1, secret: ' \n' }, '`webhook.secret` must be a text'],
    ['a secret that is no text', { url, port: 1, secret: 5 }, '`webhook.secret` must be a text'],
  ])('is refused as %s', (_, value, part) => {
    const problems = problemsOf(value)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain(part)
  })
})

describe('the secret of webhooks', () => {
  const env = { MAGNIFIC_WEBHOOK_SECRET: ' from the environment\n' }

  it('comes from the option, then from the environment', () => {
    const option = { url, port: 1 }
    expect(read({ ...option, secret: ' s\n' }, env)?.secret).toBe('s')
    expect(read(option, env)?.secret).toBe('from the environment')
    expect(read(option, { MAGNIFIC_WEBHOOK_SECRET: '' })?.secret).toBeUndefined()
  })

  it('is never shown, wherever it was put, and no more is a password', () => {
    for (const value of [
      'TOP-secret',
      ['TOP-secret'],
      { url: 'TOP-secret', port: 1 },
      { url, secret: { TOP: 'secret' } },
      { url, secret: ['TOP-secret'] },
      { url, secret: 'TOP-secret', port: 0, host: '', path: 1 },
      { url: 'https://me:TOP@example.com/secret', port: 1 },
      { url: 'http://me:TOP@127.0.0.1/secret', port: 1 },
      { url: 'me:TOP@example.com/secret', port: 1 },
      { url: 'ftp://me:TOP@example.com/secret', port: 1 },
    ]) {
      const problems = problemsOf(value, env)
      expect(problems).not.toEqual([])
      expect(problems.join('\n')).not.toMatch(/TOP|top|example\.com\/secret|environment/)
    }
  })
})
