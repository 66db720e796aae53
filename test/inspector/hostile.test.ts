import { expect, it } from 'vitest'
import { makePng } from '../helpers/images.ts'
import { openInspected } from '../helpers/inspector.ts'

const script = '<script>alert(1)</script>'
const names = [
  '<img src=x onerror=alert(1)>.png',
  `"><svg onload=alert(1)>.png`,
  `'$&$1$\`.png`,
  'a\u202Egnp.exe.png',
  'größe 絵 😀.png',
  '--><!--.png',
]

it('tells of hostile names and prompts as JSON, and never as HTML', async () => {
  const prompt = encodeURIComponent(`${script}</textarea>"'\u2028`).replaceAll("'", '%27')
  const lines = names.map((name, index) => {
    const path = encodeURI(name)
      .replaceAll('#', '%23')
      .replaceAll('?', '%3F')
      .replaceAll("'", '%27')
    return `import i${index} from './${path}?magnific=2x&prompt=${prompt}' /* ${script} */\nconsole.log(i${index})\n`
  })
  const pictures = names.map((name, index) => [`src/${name}`, index] as const)
  const files = await Promise.all(
    pictures.map(async ([name, index]) => [name, await makePng({ seed: index + 1 })] as const),
  )
  const desk = await openInspected({
    'src/main.js': lines.join(''),
    ...Object.fromEntries(files),
  })
  const { headers, body } = await desk.ask('api/inspection')
  expect(headers).toMatchObject({
    'content-type': 'application/json; charset=utf-8',
    'x-content-type-options': 'nosniff',
  })
  const { images } = await desk.inspect()
  expect(new Set(images.map(({ file }) => file))).toEqual(
    new Set(names.map((name) => `src/${name}`)),
  )
  for (const { id, params, importers, pictures: urls, state } of images) {
    expect(state).toBe('missing')
    expect(params['prompt']).toBe(`${script}</textarea>"'\u2028`)
    expect(importers[0]?.text).toContain(script)
    for (const url of [urls.thumbnail, urls.before, urls.after]) {
      expect((await desk.ask(url ?? '')).status).toBe(200)
    }
    expect(id).toMatch(/^[\da-f]{16}$/)
  }
  expect(String(body)).toContain('onerror')
  // The page itself holds nothing of the project.
  const page = String((await desk.ask('')).body)
  expect(page).not.toContain('alert')
})

it('shows the part of a long line that matters, and no half of a character', async () => {
  const filler = '😀'.repeat(400)
  const desk = await openInspected({
    'src/main.js': `console.log('${filler}'); import a from './a.png?magnific=2x'; console.log(a, '${filler}')\nimport b from './b.png?magnific=2x'; console.log(b, '${filler}')\nimport c from './c.png?magnific=2x'\n`,
  })
  const [first] = (await desk.find('src/b.png')).importers
  expect(first).toMatchObject({ isPart: true, text: expect.stringMatching(/^import b .*…$/u) })
  const [whole] = (await desk.find('src/c.png')).importers
  expect(whole).toMatchObject({ isPart: false, text: "import c from './c.png?magnific=2x'" })
  const [{ text, isPart } = { text: '' }] = (await desk.find('src/a.png')).importers
  expect(isPart).toBe(true)
  expect(text).toMatch(/^….*…$/u)
  expect(text.length).toBeLessThanOrEqual(300)
  expect(text).toContain("'./a.png?magnific=2x'")
  expect(text).not.toMatch(/\p{Surrogate}/u)
})
