import { connect, constants } from 'node:http2'
import type { ClientHttp2Session } from 'node:http2'
import { buffer } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Inspection, Preview, Purchase } from '../../src/inspector/contract.ts'
import { makeCertificate } from '../helpers/certificate.ts'
import { postsTo } from '../helpers/emulator.ts'
import { openInspected } from '../helpers/inspector.ts'
import type { InspectedProject } from '../helpers/inspector.ts'
import { viteVersions, vites } from '../helpers/vite-versions.ts'

const main = "import a from './a.png?magnific=2x'\nconsole.log(a)\n"

interface Answer {
  status: number
  headers: Record<string, unknown>
  body: string
}

/** A connection of HTTP/2, as browsers make it: no request has a `Host`. */
interface Connection {
  ask(path: string, headers?: Record<string, string>, body?: unknown): Promise<Answer>
}

async function openSecure(
  version: keyof typeof vites,
  server: object = {},
): Promise<Pick<InspectedProject, 'dev' | 'emulator'> & Connection> {
  const { key, cert } = makeCertificate()
  const { dev, emulator } = await openInspected(
    { 'src/main.js': main },
    {
      vite: vites[version],
      config: { server: { https: { key, cert }, ...server } },
      hasSocket: true,
    },
  )
  const session = connect(`https://127.0.0.1:${dev.port}`, { ca: cert })
  onTestFinished(() => session.destroy())
  return { dev, emulator, ask: async (...asked) => ask(session, ...asked) }
}

async function ask(
  session: ClientHttp2Session,
  path: string,
  headers: Record<string, string> = {},
  body?: unknown,
): Promise<Answer> {
  const method = body === undefined ? 'GET' : 'POST'
  const stream = session.request({ ':path': path, ':method': method, ...headers })
  const answer: Record<string, unknown> = {}
  stream.on('response', (received) => Object.assign(answer, received))
  stream.end(body === undefined ? undefined : JSON.stringify(body))
  const text = String(await buffer(stream))
  const { [constants.HTTP2_HEADER_STATUS]: status, ...others } = answer
  return { status: Number(status), headers: others, body: text }
}

describe.each(viteVersions)('the inspector behind %s with TLS', (version) => {
  it('shows its page, tells what there is, and buys', async () => {
    const { ask: send, dev, emulator } = await openSecure(version)
    const own = { origin: `https://127.0.0.1:${dev.port}`, 'sec-fetch-site': 'same-origin' }
    const page = await send('/__magnific/', { 'sec-fetch-dest': 'document' })
    expect(page.status, page.body).toBe(200)
    const [, script = ''] = /<script type="module" crossorigin src="\.\/([^"]+)"/.exec(page.body)!
    // Scripts and styles of modules are asked for with an origin.
    const loaded = await send(`/__magnific/${script}`, own)
    expect(loaded.status, loaded.body).toBe(200)

    const { status, body } = await send('/__magnific/api/inspection', own)
    expect(status, body).toBe(200)
    const { images, buying } = JSON.parse(body) as Inspection
    expect(buying).toEqual({ allowed: true })
    const [image] = images
    const { thumbnail, before, after } = image?.pictures ?? {}
    for (const url of [thumbnail, before, after].map((each) => `/__magnific/${each}`)) {
      expect((await send(url, own)).headers['content-type']).toMatch(/^image\//)
    }
    // As the pages of the app get them.
    const shown = await send('/src/a.png?magnific=2x')
    expect([shown.status, shown.headers['content-type']]).toEqual([200, 'image/png'])
    const [, token = ''] = /<meta name="magnific-token" content="([\w-]+)"/.exec(page.body)!
    const post = async <T>(path: string, wish: object): Promise<T> => {
      const headers = { ...own, 'content-type': 'application/json', 'x-magnific-token': token }
      return JSON.parse((await send(path, headers, wish)).body) as T
    }
    const asked = { id: image?.id, query: 'magnific=2x' }
    const preview = await post<Preview>('/__magnific/api/preview', asked)
    const { estimate, fingerprint } = preview.ok ? preview : {}
    const agreed = { ...asked, estimate, fingerprint }
    expect(await post<Purchase>('/__magnific/api/upscale', agreed)).toMatchObject({ ok: true })
    await expect.poll(() => postsTo(emulator)).toBe(1)
  })

  it('refuses other sites, and buys by no name that may be somebody else’s', async () => {
    const { ask: send } = await openSecure(version)
    const foreign = await send('/__magnific/api/inspection', { origin: 'https://evil.example' })
    expect(foreign.status).toBe(403)
    const named = await send('/__magnific/api/inspection', { ':authority': 'evil.example' })
    expect(JSON.parse(named.body)).toMatchObject({
      buying: { allowed: false, why: expect.stringContaining('Only by the name localhost') },
    })
  })

  it('lets the news come from a port of their own', async () => {
    const { ask: send } = await openSecure(version, { hmr: { clientPort: 4443 } })
    const { status, headers, body } = await send('/__magnific/', { 'sec-fetch-dest': 'document' })
    expect(status, body).toBe(200)
    expect(headers['content-security-policy']).toContain('wss://127.0.0.1:4443')
  })
})
