import { readFileSync, rmSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { startEmulator } from '../helpers/emulator.ts'
import { errorOf } from '../helpers/errors.ts'
import { makePng } from '../helpers/images.ts'
import { tmpProject } from '../helpers/project.ts'
import { hashOf } from '../helpers/references.ts'
import { forgetProcess, openUpscaler } from '../helpers/upscalers.ts'
import type { OpenUpscaler } from '../helpers/upscalers.ts'

const [picture, another] = await Promise.all([makePng({ seed: 1 }), makePng({ seed: 2 })])

async function shown(upscaler: OpenUpscaler, query: string): Promise<string> {
  return hashOf(readFileSync((await upscaler.get('a.png', query)).file))
}

describe('what stands in for a picture that changes while it is read', () => {
  it.each([
    ['preview', 'magnific=2x'],
    ['preview', 'magnific=2x&format=webp&w=90'],
    ['preview', 'magnific=2x&w=40'],
    ['original', 'magnific=2x'],
    ['original', 'magnific=2x&w=40'],
  ] as const)(
    'is made of what it is then, and kept for nothing else: %s, %s',
    async (onMiss, query) => {
      const showAlone = async (content: Uint8Array): Promise<string> =>
        shown(openUpscaler(tmpProject({ 'a.png': content }), { onMiss }), query)
      const project = tmpProject({ 'a.png': picture })
      const upscaler = openUpscaler(project, { onMiss })
      const first = shown(upscaler, query)
      // What is asked for is known by its hash already.
      project.write('a.png', another)
      expect(await first).toBe(await showAlone(another))

      project.write('a.png', picture)
      expect(await shown(upscaler, query)).toBe(await showAlone(picture))
    },
  )
})

describe('what is made of a result and of its source', () => {
  it.each([{ alpha: true }, { keepMetadata: true }])(
    'is not kept where the source changes meanwhile: %j',
    async ({ alpha = false, ...more }) => {
      const emulator = await startEmulator()
      const [first, second] = await Promise.all([
        makePng({ seed: 1, alpha }),
        makePng({ seed: 2, alpha }),
      ])
      const project = tmpProject({ 'a.png': first })
      const options = { baseUrl: emulator.url, ...more }
      await openUpscaler(project, options).get('a.png')
      rmSync(project.path('.magnific/v1/variants'), { recursive: true })
      forgetProcess(project)

      const made = openUpscaler(project, options).get('a.png')
      project.write('a.png', second)
      expect((await errorOf(async () => made)).message).toContain('changed while it was read')
      expect(project.list('.magnific/v1/variants')).toEqual([])
    },
  )
})
