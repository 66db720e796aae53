import { describe, expect, it } from 'vitest'
import { build, hosts } from '../helpers/build.ts'
import { postsTo, startEmulator } from '../helpers/emulator.ts'
import { optionsFor } from '../helpers/hero.ts'
import { makePng } from '../helpers/images.ts'
import { tmpProject } from '../helpers/project.ts'
import type { Project } from '../helpers/project.ts'

/** One image in the entry, one in a module behind others, and one in a module that is loaded when it is needed. */
async function deepProject(): Promise<Project> {
  const pictures = await Promise.all(
    ['a', 'b', 'c', 'd'].map(async (name, index) => [
      `src/${name}.png`,
      await makePng({ width: 200, height: 160, seed: index + 1 }),
    ]),
  )
  return tmpProject({
    ...(Object.fromEntries(pictures) as Record<string, Buffer>),
    'src/main.js': "import a from './a.png?magnific=2x'\nimport './one.js'\nconsole.log(a)\n",
    'src/one.js': "import './two.js'\n",
    'src/two.js':
      "import './three.js'\nimport again from './a.png?magnific=2x&w=50'\nconsole.log(again)\n",
    'src/three.js': "import b from './b.png?magnific=4x'\nimport('./late.js')\nconsole.log(b)\n",
    'src/late.js': "import c from './c.png?magnific=2x'\nconsole.log(c)\n",
    'src/unused.js': "import d from './d.png?magnific=2x'\nconsole.log(d)\n",
  })
}

describe.each(hosts)("with onMiss: 'error', %s", (host) => {
  it('lists every missing image in one error, with the command that gets them', async () => {
    const project = await deepProject()
    const { error = '', log } = await build(host, project, { options: { onMiss: 'error' } })
    const text = `${error}\n${log}`
    expect(text).toContain("3 images are not in the cache, and onMiss: 'error' buys nothing:")
    expect(text).toMatch(/src\/a\.png\?magnific=2x +400×320 +~€0\.10 +src\/main\.js:1/)
    expect(text).toMatch(/src\/b\.png\?magnific=4x +800×640 +~€0\.20 +src\/three\.js:1/)
    expect(text).toMatch(/src\/c\.png\?magnific=2x +400×320 +~€0\.10 +src\/late\.js:1/)
    expect(text).not.toContain('d.png')
    expect(text).toContain(
      'Run `npx magnific upscale` where images may be bought (~€0.40, an estimate), and bring .magnific along.',
    )
    expect(text.match(/not in the cache/g)).toHaveLength(1)
  })

  it('builds what is cached, without a key and without a call', async () => {
    const project = await deepProject()
    const emulator = await startEmulator()
    await build(host, project, { options: optionsFor(emulator) })
    const paid = postsTo(emulator)
    const { calls } = emulator
    const before = calls.length
    const { error, assets } = await build(host, project, {
      options: { onMiss: 'error', baseUrl: emulator.url },
    })
    expect(error).toBeUndefined()
    expect(assets.size).toBe(4)
    expect([paid, calls.length]).toEqual([3, before])
  })

  it('says of what no purchase mends what it is', async () => {
    const project = await deepProject()
    project.write('src/a.png', 'no picture at all')
    project.write('src/main.js', "import a from './a.png?magnific=2x'\nconsole.log(a)\n")
    const { error = '', log } = await build(host, project, { options: { onMiss: 'error' } })
    expect(`${error}\n${log}`).not.toContain('npx magnific upscale')
    expect(`${error}\n${log}`).toMatch(/no (?:image|picture)|not a picture|is no/)
  })

  it('names what another build is waiting for', async () => {
    const project = await deepProject()
    const emulator = await startEmulator({ latency: Number.POSITIVE_INFINITY })
    const options = { ...optionsFor(emulator), deadline: 1000 }
    await build(host, project, { options })
    const { error = '', log } = await build(host, project, {
      options: { onMiss: 'error', baseUrl: emulator.url },
    })
    expect(`${error}\n${log}`).toMatch(/src\/a\.png\?magnific=2x +400×320 +pending/)
  })
})
