import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Emulator } from '../../src/emulator/index.ts'
import { flipBit, namesIn } from '../helpers/cache.ts'
import { readTree } from '../helpers/canary.ts'
import { postsTo, startEmulator } from '../helpers/emulator.ts'
import { errorOf } from '../helpers/errors.ts'
import { describeImage, makePng } from '../helpers/images.ts'
import { tmpProject } from '../helpers/project.ts'
import type { Project } from '../helpers/project.ts'
import { openShop, voidAttempt } from '../helpers/shop.ts'
import { openUpscaler } from '../helpers/upscalers.ts'
import type { OpenUpscaler } from '../helpers/upscalers.ts'

/** A project whose one picture was bought by an earlier build, which shipped no variant of it yet. */
async function bought(): Promise<{
  emulator: Emulator
  project: Project
  start: () => OpenUpscaler
}> {
  const emulator = await startEmulator()
  const project = tmpProject({ '0.png': await makePng({ width: 200, height: 160 }) })
  const shop = openShop(project, { baseUrl: emulator.url })
  await shop.buy(shop.order(project.path('0.png')))
  return { emulator, project, start: () => openUpscaler(project, { baseUrl: emulator.url }) }
}

/** The one file below a folder of the cache directory. */
function onlyFile(project: Project, folder: string): string {
  const dir = project.path('.magnific/v1', folder)
  const names = Object.keys(readTree(dir))
  expect(names).toHaveLength(1)
  return `${dir}/${names[0]}`
}

/** Puts in place of the paid bytes what a checkout without Git LFS has there. */
function leavePointer(project: Project): {
  blob: string
  pointer: { text: string; bytes: Buffer }
} {
  const blob = onlyFile(project, 'blobs')
  const bytes = readFileSync(blob)
  const text = `version https://git-lfs.github.com/spec/v1\noid sha256:${basename(blob)}\nsize ${bytes.length}\n`
  writeFileSync(blob, text)
  return { blob, pointer: { text, bytes } }
}

describe('what is damaged on the disk', () => {
  it.each([
    ['flipped bit', flipBit],
    ['short file', (file: string) => writeFileSync(file, readFileSync(file).subarray(0, 1000))],
    ['empty file', (file: string) => writeFileSync(file, '')],
  ])(
    'in the paid bytes is set aside and fetched again, not bought again: %s',
    async (_, damage) => {
      const { emulator, project, start } = await bought()
      const blob = onlyFile(project, 'blobs')
      const paid = readFileSync(blob)
      damage(blob)
      const { from, file } = await start().get('0.png')
      expect(from).toBe('resumed')
      expect(await describeImage(readFileSync(file))).toMatchObject({ width: 400, height: 320 })
      expect(readFileSync(onlyFile(project, 'blobs')).equals(paid)).toBe(true)
      expect(namesIn(project.path('.magnific/v1/quarantine'))).toHaveLength(1)
      expect(emulator.calls.filter(({ route }) => route === 'download')).toHaveLength(2)
      expect(postsTo(emulator)).toBe(1)
    },
  )

  it.each(['upscale', 'error'] as const)(
    "is not what Git LFS has in place of the paid bytes: with '%s' that is an error, and nobody is asked",
    async (onMiss) => {
      const { emulator, project, start } = await bought()
      const { blob, pointer } = leavePointer(project)
      const before = emulator.calls.length
      const upscaler = openUpscaler(project, { baseUrl: emulator.url, onMiss })
      const error = await errorOf(async () => upscaler.get('0.png'))
      expect(error).toMatchObject({ code: 'CACHE_FAILED' })
      expect((error as Error).message).toContain('Run `git lfs pull`')
      expect(readFileSync(blob, 'utf8')).toBe(pointer.text)
      expect(namesIn(project.path('.magnific/v1/quarantine'))).toEqual([])
      expect(emulator.calls).toHaveLength(before)
      writeFileSync(blob, pointer.bytes)
      expect((await start().get('0.png')).from).toBe('cached')
    },
  )

  it("has a stand-in with 'preview', which says why, until the bytes are fetched", async () => {
    const { emulator, project, start } = await bought()
    const { blob, pointer } = leavePointer(project)
    const upscaler = openUpscaler(project, { baseUrl: emulator.url, onMiss: 'preview' })
    const { from, file } = await upscaler.get('0.png')
    expect(from).toBe('preview')
    expect(await describeImage(readFileSync(file))).toMatchObject({ width: 400, height: 320 })
    expect(upscaler.log.join('\n')).toContain('Run `git lfs pull`')
    expect(readFileSync(blob, 'utf8')).toBe(pointer.text)
    writeFileSync(blob, pointer.bytes)
    expect((await start().get('0.png')).from).toBe('cached')
    expect(postsTo(emulator)).toBe(1)
  })

  it('is the paid bytes being gone: they are fetched again, not bought again', async () => {
    const { emulator, project, start } = await bought()
    rmSync(onlyFile(project, 'blobs'))
    expect((await start().get('0.png')).from).toBe('resumed')
    expect(postsTo(emulator)).toBe(1)
  })

  it('is the paid bytes and the journal being gone: the record knows the task', async () => {
    const { emulator, project, start } = await bought()
    for (const folder of ['blobs', 'journal']) {
      rmSync(project.path('.magnific/v1', folder), { recursive: true })
    }
    expect((await start().get('0.png')).from).toBe('resumed')
    expect(postsTo(emulator)).toBe(1)
  })

  it.each([
    ['no JSON', () => '{"version":1'],
    ['nothing', () => ''],
    ['another version', (text: string) => text.replace('"version": 1', '"version": 2')],
    [
      'another fingerprint',
      (text: string) => text.replace('"fingerprint": "', '"fingerprint": "f'),
    ],
    ['a path for a hash', (text: string) => text.replace(/"sha256": "\w+"/g, '"sha256": "../x"')],
  ])('in a record is set aside, and it is written anew from the journal: %s', async (_, damage) => {
    const { emulator, project, start } = await bought()
    const record = onlyFile(project, 'results')
    const before = readFileSync(record, 'utf8')
    writeFileSync(record, damage(before))
    const calls = emulator.calls.length
    expect((await start().get('0.png')).from).toBe('cached')
    const { seconds, ...rest } = JSON.parse(before)
    expect(JSON.parse(readFileSync(record, 'utf8'))).toEqual({ ...rest, seconds: 0 })
    expect(seconds).toBeGreaterThan(0)
    expect(namesIn(project.path('.magnific/v1/quarantine'))).toHaveLength(1)
    expect(emulator.calls).toHaveLength(calls)
  })

  it.each([
    ['decided', 'task'],
    ['decided', 'task', 'response'],
  ])('is the record and %s being gone: the paid bytes are there', async (...names) => {
    const { emulator, project, start } = await bought()
    rmSync(project.path('.magnific/v1/results'), { recursive: true })
    const attempt = dirname(Object.keys(readTree(project.path('.magnific/v1/journal')))[0] ?? '')
    for (const name of names) rmSync(project.path('.magnific/v1/journal', attempt, name))
    const calls = emulator.calls.length
    expect((await start().get('0.png')).from).toBe('cached')
    expect(emulator.calls).toHaveLength(calls)
  })

  it('is the record and the paid bytes being gone: the journal knows the task', async () => {
    const { emulator, project, start } = await bought()
    for (const folder of ['blobs', 'results']) {
      rmSync(project.path('.magnific/v1', folder), { recursive: true })
    }
    expect((await start().get('0.png')).from).toBe('resumed')
    expect(postsTo(emulator)).toBe(1)
  })

  it('is the record of what a person has voided: it is not made anew from the paid bytes', async () => {
    const { emulator, project, start } = await bought()
    rmSync(project.path('.magnific/v1/results'), { recursive: true })
    const shop = openShop(project, { baseUrl: emulator.url })
    await voidAttempt(shop, shop.order(project.path('0.png')))
    expect((await start().get('0.png')).from).toBe('paid')
    expect(postsTo(emulator)).toBe(2)
    expect(emulator.tasks).toHaveLength(2)
  })

  it('in a variant costs neither money nor a download', async () => {
    const { emulator, project, start } = await bought()
    const { file } = await start().get('0.png')
    const good = readFileSync(file)
    flipBit(file)
    const again = await start().get('0.png')
    expect(again).toMatchObject({ file, from: 'cached' })
    expect(readFileSync(file).equals(good)).toBe(true)
    expect(emulator.calls).toHaveLength(4)
    expect(namesIn(project.path('.magnific/v1/quarantine'))).toHaveLength(1)
  })
})
