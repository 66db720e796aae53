import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { symlinkSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'
import { build } from '../helpers/build.ts'
import { startEmulator } from '../helpers/emulator.ts'
import { heroProject, optionsFor } from '../helpers/hero.ts'
import type { Project } from '../helpers/project.ts'

const repository = fileURLToPath(new URL('../../', import.meta.url))
/** Whoever asks for the script that swaps pictures in pages would still wait for it when the test is over. */
const config = `import magnific from ${JSON.stringify(`${repository}dist/vite.js`)}

const noClient = {
  name: 'no-client',
  enforce: 'pre',
  resolveId(id) {
    if (id.includes('unplugin-magnific/client')) throw new Error('a test asks for the client')
  },
}
export default {
  plugins: [noClient, magnific(JSON.parse(process.env.OPTIONS ?? '{}'))],
  test: { include: ['src/*.test.js'], watch: false, cache: false },
}\n`

/** What is imported, and what a test sees of it. */
const tests = `import { expect, it } from 'vitest'
import hero from './hero.png?magnific=4x'
import small from './hero.png?magnific=4x&w=120&format=webp'
import list from './hero.png?magnific=4x&w=60;120'
import metadata from './hero.png?magnific=4x&w=120&as=metadata'
import srcset from './hero.png?magnific=4x&w=60;120&as=srcset'
import img from './hero.png?magnific=4x&w=60;120&as=img'
import picture from './hero.png?magnific=4x&w=120&format=webp;png&as=picture'
import lqip from './hero.png?magnific=4x&as=lqip'
import inlined from './hero.png?magnific=2x&inline'

const url = expect.stringMatching(/^\\/src\\/hero\\.png\\?/)

it('sees URLs', () => {
  expect([hero, small]).toEqual([url, url])
  expect(list).toEqual([url, url])
  expect(new URL('./hero.png?magnific=4x', import.meta.url).href).toContain('hero.png')
})
it('sees sizes', () => {
  expect(metadata).toEqual({ src: url, width: 120, height: 80, format: 'png', from: expect.any(String) })
  expect(srcset).toMatch(/^\\/src\\/hero\\.png\\?\\S+ 60w, \\/src\\/hero\\.png\\?\\S+ 120w$/)
  expect(img).toEqual({ src: url, w: 120, h: 80, srcset: expect.stringContaining(' 60w') })
  expect(picture).toEqual({
    sources: { webp: expect.stringMatching(/^\\/src\\/hero\\.png\\?\\S+ 120w$/) },
    img: { src: url, w: 120, h: 80 },
  })
})
it('sees what is inlined', () => {
  expect(lqip).toMatch(/^data:image\\//)
  expect(inlined).toMatch(/^data:image\\/png;base64,/)
})
it('sees what is imported later', async () => {
  const files = import.meta.glob('./*.png', { query: '?magnific=8x', import: 'default' })
  expect(await files['./hero.png']()).toEqual(url)
  expect((await import('./hero.png?magnific=16x')).default).toEqual(url)
})\n`

async function testProject(): Promise<Project> {
  const project = await heroProject('./hero.png?magnific=4x')
  symlinkSync(`${repository}node_modules`, project.path('node_modules'))
  project.write('vitest.config.mjs', config)
  project.write('src/node.test.js', `// @vitest-environment node\n${tests}`)
  project.write(
    'src/page.test.js',
    `// @vitest-environment happy-dom\n${tests}
it('is a page', () => {
  document.body.innerHTML = \`<img src="\${hero}">\`
  expect(document.querySelector('img').src).toContain(hero)
})\n`,
  )
  return project
}

/** As a user runs it: in a process of its own, which knows nothing of this one. */
async function runTests(
  project: Project,
  env: Record<string, string>,
): Promise<{ code: number; log: string }> {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(?:VITEST|NODE_ENV|TEST$|VITE_|FREEPIK_|MAGNIFIC_)/.test(name),
  )
  const child = spawn(process.execPath, [`${repository}node_modules/vitest/vitest.mjs`, 'run'], {
    cwd: project.dir,
    env: { ...Object.fromEntries(inherited), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let log = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text: Buffer) => void (log += text.toString('utf8')))
  }
  const [code] = (await once(child, 'close')) as [number]
  return { code, log: stripVTControlCharacters(log) }
}

it.each([
  { name: 'as it is', options: {} },
  { name: 'where a server may spend', options: { onMiss: { build: 'upscale', serve: 'upscale' } } },
])(
  'tests have pictures and buy none, with a key and an empty cache, $name',
  async ({ options }) => {
    const emulator = await startEmulator()
    const project = await testProject()
    const { code, log } = await runTests(project, {
      FREEPIK_API_KEY: 'a-key-of-somebody',
      MAGNIFIC_BASE_URL: emulator.url,
      OPTIONS: JSON.stringify({ prefetch: true, ...options }),
    })
    expect(log).toMatch(/Tests\s+9 passed/)
    expect(log).not.toMatch(/Unhandled|rpc/)
    expect(code).toBe(0)
    expect(emulator.calls).toHaveLength(0)
    expect(project.list('.magnific/v1/journal')).toEqual([])
  },
)

it('tests need neither a key nor a network', async () => {
  const project = await testProject()
  const { code, log } = await runTests(project, {})
  expect(log).toMatch(/Tests\s+9 passed/)
  expect(code).toBe(0)
})

it('tests see the same with what is cached', async () => {
  const emulator = await startEmulator()
  const project = await testProject()
  expect((await build('vite8', project, { options: optionsFor(emulator) })).error).toBeUndefined()
  const calls = emulator.calls.length
  const { code, log } = await runTests(project, {
    FREEPIK_API_KEY: 'a-key-of-somebody',
    MAGNIFIC_BASE_URL: emulator.url,
  })
  expect(log).toMatch(/Tests\s+9 passed/)
  expect(code).toBe(0)
  expect(emulator.calls).toHaveLength(calls)
})

it("tests fail with onMiss: 'error' where something is missing, and say so", async () => {
  const project = await testProject()
  const { code, log } = await runTests(project, { MAGNIFIC_ON_MISS: 'error' })
  expect(code).toBe(1)
  expect(log).toContain("onMiss: 'error' buys nothing")
  expect(log).not.toContain('API key')
})
