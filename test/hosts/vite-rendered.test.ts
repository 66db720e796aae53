import { describe, expect, it } from 'vitest'
import { startDevServer } from '../helpers/dev-server.ts'
import { startEmulator } from '../helpers/emulator.ts'
import { optionsFor } from '../helpers/hero.ts'
import { makePng } from '../helpers/images.ts'
import { tmpProject } from '../helpers/project.ts'
import { vites, viteVersions } from '../helpers/vite-versions.ts'

const page =
  '<!doctype html><head></head><body><!-- here --><img src="/src/own.png?magnific=2x&hdr=1"></body>'
/** What somebody wrote into a form, and an app renders into its pages. */
const written = [
  '<img src="/src/a.png?magnific=16x">',
  '<p style="background: url(/src/own.png?magnific=2x)">',
  '<style>p { background: url(/src/a.png?magnific=8x) }</style>',
  '<script type="module">window.state = ["/src/a.png?magnific=4x"]</script>',
]

describe.each(viteVersions)('%s, in pages that an app has rendered', (host) => {
  const vite = vites[host]
  it('buys what stands in the page’s file, and nothing that somebody wrote', async () => {
    const emulator = await startEmulator()
    const project = tmpProject({
      'index.html': page,
      'src/own.png': await makePng({ seed: 1 }),
      'src/a.png': await makePng({ seed: 2 }),
    })
    const server = await startDevServer(vite, project, {
      ...optionsFor(emulator),
      onMiss: { serve: 'upscale' },
    })
    const html = await server.vite.transformIndexHtml(
      '/index.html',
      page.replace('<!-- here -->', written.join('')),
    )
    const get = async (path: string): Promise<Response> =>
      fetch(`http://127.0.0.1:${server.port}${path}`)
    for (const [, src = ''] of html.matchAll(/<script type="module"[^>]* src="([^"]+)"/g))
      await get(src)
    for (const query of ['16x', '8x', '4x']) await get(`/src/a.png?magnific=${query}`)
    await get('/src/own.png?magnific=2x')
    expect((await get('/src/own.png?magnific=2x&hdr=1')).status).toBe(200)
    await emulator.until(() => emulator.tasks.length > 0)
    expect(emulator.tasks.map(({ params }) => params)).toEqual([{ scale_factor: '2x', hdr: 1 }])
  })
})
