import { describe, expect, it, onTestFinished } from 'vitest'
import { buildInChild } from '../helpers/children.ts'
import { runCli } from '../helpers/config-project.ts'
import { startEmulator } from '../helpers/emulator.ts'
import { heroProject, optionsFor } from '../helpers/hero.ts'
import { redisPath, startRedis, warnWithoutRedis } from '../helpers/redis-server.ts'

warnWithoutRedis()

/** As a terminal shows it, without figures that differ. */
const hero = './hero.png?magnific=2x'

describe.skipIf(redisPath === undefined)('magnific push', () => {
  it('brings what was bought without a shared cache to the others', async () => {
    const redis = await startRedis(onTestFinished)
    const emulator = await startEmulator()
    const bought = await heroProject(hero)
    await buildInChild('rollup', bought, optionsFor(emulator)).ended
    expect(emulator.tasks).toHaveLength(1)

    const first = await runCli(bought.dir, ['push', '--remote', redis.url])
    expect(first).toMatchObject({ code: 0, stderr: '' })
    expect(first.stdout).toMatch(
      /^[\da-f]{12} {2}pushed {2}hero\.png {2}[\d.]+ kB\n1 pushed {2}from /,
    )
    const again = await runCli(bought.dir, ['push', '--remote', redis.url, '--json'])
    expect(JSON.parse(again.stdout)).toMatchObject({ pushed: [], there: 1, attempts: 0 })

    const other = await heroProject(hero)
    const calls = emulator.calls.length
    const options = { baseUrl: emulator.url, cache: { remote: redis.url } }
    const built = await buildInChild('rollup', other, options).ended
    expect(built).toMatchObject({ code: 0 })
    expect(built.output).toContain('1 image · 1 cached (1 from the shared cache) · nothing paid')
    expect(emulator.calls).toHaveLength(calls)
  })

  it('signs anew what was not signed, with the private key', async () => {
    const redis = await startRedis(onTestFinished)
    const emulator = await startEmulator()
    const bought = await heroProject(hero)
    const shared = { remote: redis.url }
    await buildInChild('rollup', bought, { ...optionsFor(emulator), cache: shared }).ended
    const keys = JSON.parse((await runCli(bought.dir, ['keygen', '--json'])).stdout) as {
      publicKey: string
      privateKey: string
    }
    const { publicKey } = keys
    const other = await heroProject(hero)
    const options = { baseUrl: emulator.url, cache: { ...shared, signing: { publicKey } } }
    const refused = await buildInChild('rollup', other, options).ended
    expect(refused.code).toBe(1)
    expect(refused.output).toContain('holds a value that is refused: it is not signed')

    const env = { MAGNIFIC_PUBLIC_KEY: publicKey, MAGNIFIC_PRIVATE_KEY: keys.privateKey }
    const pushed = await runCli(bought.dir, ['push', '--remote', redis.url], env)
    expect(pushed.stdout).toContain('1 pushed')
    expect(await buildInChild('rollup', other, options).ended).toMatchObject({ code: 0 })
    expect(emulator.tasks).toHaveLength(1)
  })

  it('says what is missing where there is nothing to push to', async () => {
    const project = await heroProject(hero)
    expect(await runCli(project.dir, ['push'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('There is no shared cache: name it with the option'),
    })
    const env = {
      MAGNIFIC_PUBLIC_KEY: 'magnific-public-lSqJOyIpp4vDYbwQ3MlSQGKGN4E7RUJtQKJ31e1WIVI',
    }
    expect(
      await runCli(project.dir, ['push', '--remote', 'redis://127.0.0.1:1'], env),
    ).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Nothing may be written to the shared cache'),
    })
    expect(await runCli(project.dir, ['push', '--remote', 'redis://127.0.0.1:1'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('0 pushed'),
    })
  })
})
