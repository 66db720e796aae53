import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import { build } from '../helpers/build.ts'
import type { BuildSettings, Built, Host } from '../helpers/build.ts'
import { startEmulator } from '../helpers/emulator.ts'
import type { Emulator } from '../../src/emulator/index.ts'
import { heroProject, optionsFor } from '../helpers/hero.ts'
import { describePictures } from '../helpers/shipped.ts'
import { viteVersions } from '../helpers/vite-versions.ts'

const require = createRequire(import.meta.url)

/** How a place with room for one URL is written. */
interface Place {
  host: Host
  place: string
  files: (url: string) => Record<string, string>
  settings?: BuildSettings
}

const cssLoader = { module: { rules: [{ test: /\.css$/, use: [require.resolve('css-loader')] }] } }
const sheet = (url: string): Record<string, string> => ({
  'src/main.js': "import './style.css'\n",
  'src/style.css': `a { background: url("${url}") }\n`,
})
const script = (url: string): Record<string, string> => ({
  'src/main.js': `console.log(new URL('${url}', import.meta.url).href)\n`,
})
const page =
  (html: string) =>
  (url: string): Record<string, string> => ({
    'index.html': `<!doctype html>\n${html.replace('URL', url.replace('./', './src/').replaceAll('&', '&amp;'))}\n`,
  })
const html: BuildSettings = { entry: 'index.html' }

const places: Place[] = [
  ...viteVersions.flatMap((host): Place[] => [
    { host, place: 'a style sheet', files: sheet },
    { host, place: 'new URL()', files: script },
    { host, place: 'an attribute', files: page('<img src="URL">'), settings: html },
    {
      host,
      place: 'a style attribute',
      files: page('<p style="background: url(\'URL\')">'),
      settings: html,
    },
  ]),
  { host: 'webpack', place: 'a style sheet', files: sheet, settings: { webpack: cssLoader } },
  { host: 'webpack', place: 'new URL()', files: script },
]

async function buildPlace(
  { host, files, settings }: Place,
  url: string,
): Promise<{ built: Built; emulator: Emulator }> {
  const emulator = await startEmulator()
  const project = await heroProject()
  for (const [name, content] of Object.entries(files(url))) project.write(name, content)
  const built = await build(host, project, {
    ...settings,
    options: optionsFor(emulator),
    vite: { build: { assetsInlineLimit: 0 } },
  })
  return { built, emulator }
}

describe.each(places)('$place of $host', (place) => {
  it('takes one variant', async () => {
    const { built, emulator } = await buildPlace(place, './hero.png?magnific=2x&w=100&format=webp')
    expect(built.error).toBeUndefined()
    const pictures = [...(await describePictures(built)).values()]
    expect(pictures).toEqual(['[webp 100×67]'])
    const name = [...built.assets.keys()].find((each) => each.endsWith('.webp'))
    const texts = [...built.assets.values()].map((bytes) => bytes.toString('latin1'))
    expect([built.code, ...texts].join('\n')).toContain(name)
    expect(emulator.tasks).toHaveLength(1)
  })

  it('refuses what is more, before anything is bought', async () => {
    const { built, emulator } = await buildPlace(place, './hero.png?magnific=2x&w=60&as=srcset')
    expect(built.error).toContain(
      '`as=srcset` gives no URL, but something for scripts, and here is room for one URL. Name one picture, such as w=1280&format=webp&as=url',
    )
    expect(built.error).toContain('hero.png')
    expect(emulator.calls).toHaveLength(0)
  })
})
