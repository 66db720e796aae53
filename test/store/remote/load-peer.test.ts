import { describe, expect, it } from 'vitest'
import { loadPeer } from '../../../src/store/remote/load-peer.ts'
import { openRedis } from '../../../src/store/remote/redis.ts'
import { openPostgres } from '../../../src/store/remote/postgres.ts'
import { tmpProject } from '../../helpers/project.ts'

/** A project with a package of the name, for what it takes. */
function projectWith(name: string, type: 'module' | 'commonjs', code: string): string {
  const folder = `node_modules/${name}`
  return tmpProject({
    [`${folder}/package.json`]: JSON.stringify({ name, type, main: 'index.js' }),
    [`${folder}/index.js`]: code,
  }).path('package.json')
}

describe('a package for a URL', () => {
  it('is missing with a word on how to install it', async () => {
    const from = [tmpProject().path('package.json')]
    await expect(openRedis('valkeys://user:secret@cache.example', from)).rejects.toMatchObject({
      code: 'BAD_OPTIONS',
      message:
        '`cache.remote` is a valkeys: URL, for which @keyv/redis is needed, and it is not installed. Install it: npm i -D @keyv/redis',
    })
    await expect(openPostgres('postgres://user:secret@db.example', from)).rejects.toMatchObject({
      code: 'BAD_OPTIONS',
      message:
        '`cache.remote` is a postgres: URL, for which @keyv/postgres is needed, and it is not installed. Install it: npm i -D @keyv/postgres',
    })
  })

  it('is that of the project, where it has one', async () => {
    const own = projectWith('@keyv/redis', 'module', 'export const whose = "the project"')
    const from = [own, import.meta.url]
    expect((await loadPeer('@keyv/redis', 'redis', from)).exports['whose']).toBe('the project')
    const bare = [tmpProject().path('package.json'), import.meta.url]
    expect((await loadPeer('@keyv/redis', 'redis', bare)).exports).toHaveProperty('createKeyv')
  })

  it.each([
    ['module', 'export const Named = 1; export default class Main {}'],
    ['commonjs', 'exports.Named = 1; exports.default = class Main {}'],
    ['commonjs', 'const all = { Named: 1, default: class Main {} }; module.exports = all'],
  ] as const)('may be a %s: %s', async (type, code) => {
    const { exports } = await loadPeer('peer', 'redis', [projectWith('peer', type, code)])
    expect(exports['Named']).toBe(1)
    expect((exports['default'] as { name: string }).name).toBe('Main')
  })

  it('is refused where it is of another kind or age', async () => {
    const redis = projectWith('@keyv/redis', 'module', 'export default class { on() {} }')
    await expect(openRedis('redis://cache.example', [redis])).rejects.toThrow(
      'The installed version of @keyv/redis is not supported. Update it: npm i -D @keyv/redis@^5.1',
    )
    const postgres = projectWith('@keyv/postgres', 'commonjs', 'exports.KeyvPostgres = class {}')
    await expect(openPostgres('postgres://db.example', [postgres])).rejects.toThrow(
      'The installed version of @keyv/postgres is not supported. Update it: npm i -D @keyv/postgres@^2.2',
    )
  })

  it('fails with its own error where it is broken', async () => {
    const broken = projectWith('@keyv/redis', 'module', 'throw new Error("of the package")')
    await expect(loadPeer('@keyv/redis', 'redis', [broken])).rejects.toThrow('of the package')
  })
})
