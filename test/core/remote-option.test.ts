import { Keyv } from 'keyv'
import { describe, expect, it } from 'vitest'
import type { HostSettings } from '../../src/core/options.ts'
import { readRemote, redactRemote, remoteKindOf } from '../../src/core/remote-option.ts'
import type { RemoteOption } from '../../src/core/remote-option.ts'

/** What is made of an option that nothing is wrong with. */
function read(value: unknown, env: HostSettings['env'] = {}): RemoteOption | undefined {
  const problems: string[] = []
  const remote = readRemote(value, env, problems)
  expect(problems).toEqual([])
  return remote
}

/** The one problem of an option that is not used. */
function problemOf(value: unknown, env: HostSettings['env'] = {}): string {
  const problems: string[] = []
  expect(readRemote(value, env, problems)).toBeUndefined()
  expect(problems).toHaveLength(1)
  return problems[0]
}

describe('the shared store', () => {
  it('is none unless told', () => {
    expect(read(undefined)).toBeUndefined()
    expect(read(undefined, { MAGNIFIC_CACHE_REMOTE: '' })).toBeUndefined()
    expect(read(undefined, { MAGNIFIC_CACHE_REMOTE: 'false' })).toBeUndefined()
  })

  it('is that of the environment, whatever the option says', () => {
    const env = { MAGNIFIC_CACHE_REMOTE: ' redis://cache.example\n' }
    for (const value of [undefined, false, 'redis://other.example', new Keyv()]) {
      expect(read(value, env)).toBe('redis://cache.example')
      expect(read(value, { MAGNIFIC_CACHE_REMOTE: 'false' })).toBeUndefined()
    }
    expect(read('redis://other.example', { MAGNIFIC_CACHE_REMOTE: ' ' })).toBe(
      'redis://other.example',
    )
  })

  it.each([false, '', '  '])('is none where the option says %j', (none) => {
    expect(read(none)).toBeUndefined()
  })

  it.each([
    ['redis://cache.example:6379/0', 'redis'],
    ['rediss://user:p%40ss@cache.example', 'redis'],
    ['valkey://[::1]:6379/15', 'redis'],
    ['VALKEYS://cache.example/', 'redis'],
    ['postgres://user:secret@db.example:5432/app?sslmode=require', 'postgres'],
    ['postgresql:///app?host=/var/run/postgresql', 'postgres'],
  ])('may be a URL: %s', (url, kind) => {
    expect(read(url)).toBe(url)
    expect(remoteKindOf(url)).toBe(kind)
  })

  it('may be a Keyv, an adapter or a function', () => {
    const adapter = { get: () => '', set: () => true, delete: () => true }
    for (const remote of [new Keyv(), adapter, () => adapter]) expect(read(remote)).toBe(remote)
  })

  it('is told apart from a store that lacks something', () => {
    expect(problemOf({ get: () => '' })).toBe(
      '`cache.remote` must be a URL (redis:, rediss:, valkey:, valkeys:, postgres:, postgresql:), a Keyv, a storage adapter of Keyv, or a function that returns one of these, got an object without set(), delete().',
    )
    expect(problemOf(true)).toContain('got true.')
    expect(problemOf(null)).toContain('got null.')
  })

  it('is refused where its password cannot be decoded', () => {
    const problem = problemOf('redis://:p%zzs@cache.example')
    expect(problem).toContain('has to be percent-encoded')
    expect(problem).not.toContain('zzs')
  })

  it('names the schemes that are known, and the one that was perhaps meant', () => {
    expect(problemOf('postgre://user:secret@cache.example')).toBe(
      '`cache.remote` must begin with one of redis:, rediss:, valkey:, valkeys:, postgres:, postgresql: and name a server, such as redis://cache.example:6379, got postgre:. Did you mean "postgres"? Any other store can be given in code, as a Keyv.',
    )
    expect(problemOf(undefined, { MAGNIFIC_CACHE_REMOTE: 'mysql://db.example' })).toMatch(
      /^`\$MAGNIFIC_CACHE_REMOTE` must begin with one of .*, got mysql:\. /,
    )
  })

  it('names a server, and a database by its number where it is Redis', () => {
    expect(problemOf('redis://')).toContain('must')
    expect(problemOf('redis:///0')).toContain('must name a server')
    expect(problemOf('redis://cache.example/app')).toContain('the number of a database')
  })

  it.each([
    'secret@cache.example',
    'user:secret@cache.example',
    'redis://user:sec/ret@cache.example',
    'redis://user:12/secret@cache.example',
    'redis://user:12#secret@cache.example',
    'redis://user:12?secret@cache.example',
    'postgres://user:12/secret@db.example/app',
    'postgres://user:sec ret@db.example:port/app',
    'redis://user:secret@cache.example/db',
    'mysql://user:secret@db.example/app',
    '\u0000redis://secret',
  ])('never shows what may be a password: %s', (url) => {
    expect(problemOf(url)).not.toMatch(/sec|ret@|user:|12/)
    expect(problemOf(undefined, { MAGNIFIC_CACHE_REMOTE: url })).not.toMatch(/sec|ret@|user:|12/)
  })

  it.each([
    ['redis://user:secret@cache.example:6379/0', 'redis://cache.example:6379/0'],
    ['rediss://:secret@cache.example/', 'rediss://cache.example'],
    ['postgres://user:secret@db.example/app?password=secret', 'postgres://db.example/app'],
    ['postgres:///app?user=me', 'postgres:///app'],
  ])('is shown without what nobody is to see: %s', (url, shown) => {
    expect(redactRemote(url)).toBe(shown)
  })
})
