import { chmodSync, existsSync, symlinkSync } from 'node:fs'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Inspection } from '../../src/inspector/contract.ts'
import { checkLocal, checkName } from '../../src/inspector/guard.ts'
import { postsTo } from '../helpers/emulator.ts'
import { openInspected, readJson } from '../helpers/inspector.ts'
import type { InspectedProject } from '../helpers/inspector.ts'
import { makePng } from '../helpers/images.ts'
import { tmpProject } from '../helpers/project.ts'
import { sendRaw } from '../helpers/raw-http.ts'
import type { RawAnswer } from '../helpers/raw-http.ts'
import { viteVersions, vites } from '../helpers/vite-versions.ts'

const main = "import a from './a.png?magnific=2x'\nconsole.log(a)\n"
const foreign = 'https://evil.example'
const gets = ['', 'api/inspection', 'api/events', 'api/picture/{id}/thumbnail', 'api/compare/{id}']
const posts = ['api/preview', 'api/upscale', 'api/open']

function expectRefused(answer: RawAnswer, status: number): void {
  expect(answer.status, answer.body.toString()).toBe(status)
  expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
  expect(readJson(answer)).toEqual({ ok: false, problem: expect.any(String) })
}

describe.each(viteVersions)('the inspector behind %s', (version) => {
  const open = async (): Promise<InspectedProject & { id: string }> => {
    const desk = await openInspected({ 'src/main.js': main }, { vite: vites[version] })
    return { ...desk, id: (await desk.find('src/a.png')).id }
  }
  const bodyOf = (id: string): object => ({
    id,
    query: 'magnific=2x',
    estimate: 0.1,
    fingerprint: '0'.repeat(64),
    file: 'src/main.js',
    line: 1,
  })

  it('serves its page with a strict policy, to nobody else’s frame, and never from a cache', async () => {
    const { ask } = await open()
    const { status, headers, body } = await ask('')
    expect(status).toBe(200)
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'x-frame-options': 'DENY',
    })
    const policy = headers['content-security-policy'] ?? ''
    expect(policy.split('; ')).toEqual(
      expect.arrayContaining([
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "frame-ancestors 'none'",
      ]),
    )
    expect(policy).not.toContain('unsafe')
    const [, script = ''] =
      /<script type="module" crossorigin src="\.\/([^"]+)"/.exec(String(body)) ?? []
    expect(await ask(script)).toMatchObject({
      status: 200,
      headers: { 'content-type': 'text/javascript; charset=utf-8' },
    })
  })

  it('gives every page another token than every other run', async () => {
    const tokens = await Promise.all(
      [await open(), await open()].map(
        async ({ ask }) =>
          /magnific-token" content="([^"]+)/.exec(String((await ask('')).body))?.[1],
      ),
    )
    expect(tokens[0]).toHaveLength(43)
    expect(tokens[0]).not.toBe(tokens[1])
  })

  it('answers nobody who calls it by another name', async () => {
    const { ask, id, emulator } = await open()
    for (const path of [...gets, ...posts]) {
      const headers = { host: 'evil.example', origin: 'http://evil.example' }
      const method = posts.includes(path) ? 'POST' : 'GET'
      const { status, body } = await ask(path.replace('{id}', id), { method, headers })
      expect(status).toBe(403)
      expect(String(body)).not.toContain('magnific-token')
    }
    expect(emulator.calls).toEqual([])
  })

  it.each([
    ['the origin of another site', { origin: foreign }],
    ['the origin of another port of this machine', { origin: 'http://127.0.0.1:1' }],
    ['an origin that hides itself', { origin: 'null' }],
    ['another site, by the browser’s word', { 'sec-fetch-site': 'cross-site' }],
    ['another port, by the browser’s word', { 'sec-fetch-site': 'same-site' }],
    [
      'another site’s link that is no page',
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'image' },
    ],
  ])('answers nothing to %s', async (_, headers) => {
    const { ask, post, id, emulator } = await open()
    for (const path of gets) {
      const answer = await ask(path.replace('{id}', id), { headers })
      expectRefused(answer, 403)
      expect(answer.headers).not.toHaveProperty('access-control-allow-origin')
    }
    for (const path of posts) expectRefused(await post(path, bodyOf(id), headers), 403)
    expect(postsTo(emulator)).toBe(0)
  })

  it('opens its page from a link on another site, and from nowhere', async () => {
    const { ask } = await open()
    const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'document' }
    expect((await ask('', { headers: link })).status).toBe(200)
    expect((await ask('', { headers: { 'sec-fetch-site': 'none' } })).status).toBe(200)
    // But nothing of what it shows.
    expectRefused(await ask('api/inspection', { headers: link }), 403)
  })

  it('gives its page, and so its token, to nobody who would read it', async () => {
    const { ask } = await open()
    const own = { 'sec-fetch-site': 'same-origin' }
    for (const headers of [
      { ...own, 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'cors' },
      { ...own, 'sec-fetch-dest': 'iframe', 'sec-fetch-mode': 'navigate' },
      { ...own, 'sec-fetch-dest': 'script', 'sec-fetch-mode': 'no-cors' },
      { ...own, 'sec-fetch-mode': 'same-origin' },
    ]) {
      const answer = await ask('', { headers })
      expectRefused(answer, 403)
      expect(String(answer.body)).not.toContain('magnific-token')
    }
    const opened = { ...own, 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate' }
    expect((await ask('', { headers: opened })).status).toBe(200)
    // Its script may ask for all the rest.
    const asked = { ...own, 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'cors' }
    expect((await ask('api/inspection', { headers: asked })).status).toBe(200)
  })

  it('takes a POST from its page alone, as JSON, and by POST', async () => {
    const { ask, post, id, emulator } = await open()
    for (const path of posts) {
      const body = bodyOf(id)
      expectRefused(await post(path, body, { origin: '', 'sec-fetch-site': '' }), 403)
      for (const type of [
        '',
        'text/plain',
        'application/x-www-form-urlencoded',
        'application/jsonx',
      ]) {
        expectRefused(await post(path, body, { 'content-type': type }), 415)
      }
      for (const method of ['GET', 'PUT', 'DELETE']) {
        const answer = await ask(path, { method })
        expectRefused(answer, 405)
        expect(answer.headers['allow']).toBe('POST')
      }
      for (const bad of ['', '[', 'null', '[]', '"a"', '{}', '{"id":1,"query":2,"file":3}']) {
        expectRefused(await post(path, bad), 400)
      }
      expectRefused(await post(path, { ...body, more: 'x'.repeat(70_000) }), 413)
    }
    for (const path of gets) {
      const answer = await post(path.replace('{id}', id), bodyOf(id))
      expectRefused(answer, 405)
      expect(answer.headers['allow']).toBe('GET, HEAD')
    }
    expect(postsTo(emulator)).toBe(0)
  })

  it('shows everything to who is at another machine, and spends nothing for them', async () => {
    const { ask, post, id, emulator } = await open()
    for (const headers of [
      { 'x-forwarded-for': '192.168.0.7' },
      { 'x-forwarded-for': 'unknown' },
      { forwarded: 'for=192.0.2.60' },
      { via: '1.1 proxy' },
    ]) {
      const inspection = readJson<Inspection>(await ask('api/inspection', { headers }))
      expect(inspection).toMatchObject({
        images: [{ file: 'src/a.png' }],
        buying: { allowed: false },
      })
      for (const path of ['api/upscale', 'api/open']) {
        expectRefused(await post(path, bodyOf(id), headers), 403)
      }
    }
    expect(postsTo(emulator)).toBe(0)
  })

  it('spends by no name that may be somebody else’s, where the server takes any', async () => {
    const desk = await openInspected(
      { 'src/main.js': main },
      { vite: vites[version], config: { server: { allowedHosts: true } } },
    )
    const { id } = await desk.find('src/a.png')
    const headers = { host: 'evil.example', origin: 'http://evil.example' }
    const inspection = readJson<Inspection>(await desk.ask('api/inspection', { headers }))
    expect(inspection.buying).toMatchObject({ allowed: false })
    for (const path of ['api/upscale', 'api/open']) {
      expectRefused(await desk.post(path, bodyOf(id), headers), 403)
    }
    expect((await desk.inspect()).buying).toEqual({ allowed: true })
    expect(postsTo(desk.emulator)).toBe(0)
  })

  it('spends by a name that is listed', async () => {
    const desk = await openInspected(
      { 'src/main.js': main },
      { vite: vites[version], config: { server: { allowedHosts: ['.app.test'] } } },
    )
    const headers = { host: 'my.app.test' }
    const inspection = readJson<Inspection>(await desk.ask('api/inspection', { headers }))
    expect(inspection.buying).toEqual({ allowed: true })
  })

  it('spends, tries and opens for nobody who has not the token of this run', async () => {
    const { post, id, emulator } = await open()
    const other = 'A'.repeat(43)
    for (const token of ['', 'x', other, `${other}A`, 'ä'.repeat(43)]) {
      for (const path of posts) {
        expectRefused(await post(path, bodyOf(id), { 'x-magnific-token': token }), 403)
      }
    }
    expect(postsTo(emulator)).toBe(0)
  })
})

describe('what the inspector serves', () => {
  it('is what ids name, and nothing that is called by its path', async () => {
    const outside = tmpProject({ 'secret.png': await makePng({ seed: 9 }), 'secret.txt': 'secret' })
    const { project, ask, inspect } = await openInspected({
      'src/main.js': `
        import a from './a.png?magnific=2x'
        import far from '${outside.path('secret.png')}?magnific=2x'
        import link from './link.png?magnific=2x'
        import text from './text.png?magnific=2x'
        import page from './page.png?magnific=2x'
        console.log(a, far, link, text, page)
      `,
      'src/text.png': 'no picture',
      'src/page.png': '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
      '.env': 'SECRET=1',
    })
    symlinkSync(outside.path('secret.png'), project.path('src/link.png'))
    const unknown = [
      'api/picture/0123456789abcdef/before',
      'api/picture/0123456789abcdef/thumbnail',
      'api/picture/src%2Fa.png/before',
      'api/picture/../../src/a.png/before',
      'api/picture/..%2f..%2fsrc%2fa.png/before',
      'api/compare/0123456789abcdef',
      `api/result/${'0'.repeat(64)}`,
      'api/result/..%2f..%2f',
      'assets/',
      'assets/..%2findex.html',
      'assets/../../package.json',
      'assets/%2e%2e/report.html',
      'assets/nothing.js',
      'index.html',
      'report.html',
      '../src/main.js?x',
      'api/nothing',
      'api',
      '%2e%2e/package.json',
    ]
    for (const path of unknown) expectRefused(await ask(path), 404)
    const { images } = await inspect()
    const idOf = (name: string): string => images.find(({ file }) => file.endsWith(name))?.id ?? ''
    for (const kind of ['before', 'after', 'thumbnail']) {
      // Vite may not read it; nor where a link leads there.
      for (const name of ['secret.png', 'link.png']) {
        expectRefused(await ask(`api/picture/${idOf(name)}/${kind}`), 404)
      }
      for (const name of ['text.png', 'page.png']) {
        expectRefused(await ask(`api/picture/${idOf(name)}/${kind}`), 422)
      }
      const picture = await ask(`api/picture/${idOf('a.png')}/${kind}`)
      expect(picture.status).toBe(200)
      expect(picture.headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'content-security-policy': "default-src 'none'; sandbox",
      })
    }
  })

  it('is below the base, and wants its slash', async () => {
    const files = { 'src/main.js': main }
    const based = await openInspected(files, { config: { base: '/app/' } })
    expect(based.base).toBe('/app/__magnific/')
    expect((await based.inspect()).images).toHaveLength(1)
    expect(String((await based.ask('')).body)).toContain('magnific-token')
    const bare = await openInspected(files)
    const slashless = await sendRaw(bare.port, { target: '/__magnific' })
    expectRefused(slashless, 404)
    expect(readJson(slashless).problem).toBe('Write a slash at the end of the URL.')
  })

  it('opens editors at places that refer to images, and nowhere else', async () => {
    const { project, post } = await openInspected({ 'src/main.js': main })
    const opened = project.path('opened')
    const editor = project.write('editor.sh', `#!/bin/sh\necho "$@" >> ${opened}\n`)
    chmodSync(editor, 0o755)
    vi.stubEnv('LAUNCH_EDITOR', editor)
    onTestFinished(() => void vi.unstubAllEnvs())
    const places = [
      ['src/main.js', 2],
      ['src/a.png', 1],
      ['package.json', 1],
      ['../secret.txt', 1],
      [project.path('src/main.js'), 1],
    ] as const
    for (const [file, line] of places) {
      expect(readJson(await post('api/open', { file, line }))).toMatchObject({ ok: false })
    }
    expect(readJson(await post('api/open', { file: 'src/main.js', line: 1 }))).toEqual({ ok: true })
    await expect
      .poll(() => existsSync(opened) && String(project.read('opened')))
      .toContain(project.path('src/main.js'))
    expect(String(project.read('opened')).trim().split('\n')).toHaveLength(1)
  })
})

it.each<[string | undefined, Record<string, string>, boolean]>([
  ['127.0.0.1', {}, true],
  ['::ffff:127.0.0.1', {}, true],
  ['::1', {}, true],
  [undefined, {}, true],
  ['127.0.0.1', { 'x-magnific-token': 'x', 'x-forwarder': 'x' }, true],
  ['192.168.0.7', {}, false],
  ['::ffff:10.0.0.1', {}, false],
  ['fe80::1', {}, false],
  ['127.0.0.1.evil', {}, false],
  // Whatever it says.
  ['127.0.0.1', { 'x-forwarded-for': '::1, 127.0.0.5' }, false],
  ['127.0.0.1', { 'x-forwarded-for': '10.0.0.1' }, false],
  ['10.0.0.1', { 'x-forwarded-for': '127.0.0.1' }, false],
  ['127.0.0.1', { 'x-forwarded-for': '' }, false],
  ['127.0.0.1', { 'x-forwarded-host': 'app.test' }, false],
  ['127.0.0.1', { 'x-forwarded-proto': 'https' }, false],
  ['127.0.0.1', { forwarded: 'for=127.0.0.1' }, false],
  ['127.0.0.1', { 'x-real-ip': '127.0.0.1' }, false],
  ['127.0.0.1', { via: '1.1 proxy' }, false],
])('who comes from %s, with %j, is at this machine: %s', (remoteAddress, headers, isLocal) => {
  const request = { headers, socket: { remoteAddress } } as Parameters<typeof checkLocal>[0]
  expect(checkLocal(request) === undefined).toBe(isLocal)
})

it.each<[string | undefined, readonly string[], boolean]>([
  ['localhost', [], true],
  ['localhost:5173', [], true],
  ['LOCALHOST:5173', [], true],
  ['app.localhost', [], true],
  ['127.0.0.1:5173', [], true],
  ['[::1]:5173', [], true],
  ['app.test:5173', ['app.test'], true],
  ['app.test', ['App.Test'], true],
  ['app.test', ['.app.test'], true],
  ['a.b.app.test', ['.app.test'], true],
  [undefined, [], false],
  ['', [], false],
  ['192.168.0.7', [], false],
  ['evil.example', [], false],
  ['evil.example', ['app.test'], false],
  ['a.app.test', ['app.test'], false],
  ['evilapp.test', ['.app.test'], false],
  ['localhost.evil.example', [], false],
  ['evillocalhost', [], false],
  ['localhost@evil.example', [], false],
  ['evil.example/localhost', [], false],
  ['localhost/x', [], false],
])('of %s, with %j listed, is known that it is this machine: %s', (host, listed, isKnown) => {
  const request = { headers: { host } } as Parameters<typeof checkName>[0]
  expect(checkName(request, listed) === undefined).toBe(isKnown)
})
