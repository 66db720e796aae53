import { dirname, join } from 'node:path'
import { utimesSync } from 'node:fs'
import { expect, it, vi } from 'vitest'
import { createPreprocessorPlugin } from '../../../src/bundlers/vite/preprocessors.ts'
import type { Session } from '../../../src/bundlers/vite/session.ts'
import { errorOf } from '../../helpers/errors.ts'
import { tmpProject } from '../../helpers/project.ts'

const wrong = ".b { --c: data-uri('hero.png?magnific=4x') }"

/** The plugin in a host that resolves relative paths. */
function start(command: 'build' | 'serve'): {
  createResolver: ReturnType<typeof vi.fn>
  resolve: ReturnType<typeof vi.fn>
  begin: () => void
  transform: (code: string, id: string) => Promise<void>
} {
  const resolve = vi.fn(async (path: string, importer: string) => join(dirname(importer), path))
  const createResolver = vi.fn(() => resolve)
  const session = {
    config: { command, createResolver },
    upscaler: { options: { passthrough: [] } },
  }
  const plugin = createPreprocessorPlugin(() => session as unknown as Session) as unknown as {
    buildStart?: () => void
    transform: { handler(code: string, id: string): Promise<void> }
  }
  return {
    createResolver,
    resolve,
    begin: () => plugin.buildStart?.(),
    transform: async (code, id) => plugin.transform.handler(code, id),
  }
}

it('makes one resolver, and looks at each partial once for a build', async () => {
  const project = tmpProject({ 'b.less': "@import './c.less';", 'c.less': '.c { d: e }' })
  const { createResolver, resolve, begin, transform } = start('build')
  begin()
  const sheets = Array.from({ length: 20 }, (_, index) => project.path(`${index}.less`))
  await Promise.all(sheets.map(async (file) => transform("@import './b.less';", file)))
  expect(createResolver).toHaveBeenCalledTimes(1)
  // Those of the sheets themselves, and the one of the partial.
  expect(resolve).toHaveBeenCalledTimes(21)

  project.write('c.less', wrong)
  await transform("@import './b.less';", project.path('a.less'))
  begin()
  const error = await errorOf(async () => transform("@import './b.less';", project.path('a.less')))
  expect(error.importer).toBe(project.path('c.less'))
  expect(createResolver).toHaveBeenCalledTimes(1)
})

it.each(['build', 'serve'] as const)(
  'fails each sheet that imports a partial with what is refused: %s',
  async (command) => {
    const project = tmpProject({ 'b.less': "@import './c.less';", 'c.less': wrong })
    const { begin, transform } = start(command)
    begin()
    const fail = async (name: string): Promise<Error> =>
      errorOf(async () => transform("@import './b.less';", project.path(name)))
    const errors = await Promise.all(['a.less', 'a2.less'].map(fail))
    errors.push(await fail('a3.less'))
    for (const error of errors) {
      expect(error).toMatchObject({ importer: project.path('c.less') })
      expect(error.message).toContain('Less reads the file itself in data-uri()')
    }
    expect(new Set(errors).size).toBe(3)
  },
)

it('looks at a partial again in a dev server where it was edited', async () => {
  const project = tmpProject({ 'b.less': "@import './c.less';", 'c.less': '.c { d: e }' })
  const { begin, transform } = start('serve')
  begin()
  const work = async (): Promise<void> => transform("@import './b.less';", project.path('a.less'))
  await work()
  project.write('c.less', wrong)
  expect((await errorOf(work)).importer).toBe(project.path('c.less'))
  const fine = wrong.replace('data-uri', 'data-url')
  project.write('c.less', fine)
  // As large as it was, and saved at another time.
  utimesSync(project.path('c.less'), new Date(), new Date(Date.now() + 5000))
  await work()
  project.write('b.less', "@import './not-yet.less';")
  await work()
  project.write('not-yet.less', wrong)
  expect((await errorOf(work)).importer).toBe(project.path('not-yet.less'))
})

it('takes no time that grows faster than the sheet', async () => {
  const { transform } = start('build')
  const startedAt = performance.now()
  for (const part of ['@import ', '@import "', "@require (a) '", '@import']) {
    await transform(part.repeat(300_000 / part.length), '/a.less')
  }
  expect(performance.now() - startedAt).toBeLessThan(10_000)
})
