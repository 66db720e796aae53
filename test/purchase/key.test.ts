import { describe, expect, it } from 'vitest'
import type { Fault } from '../../src/emulator/index.ts'
import { canary, expectNoKey, readTree } from '../helpers/canary.ts'
import { startEmulator } from '../helpers/emulator.ts'
import { makePng } from '../helpers/images.ts'
import { tmpProject } from '../helpers/project.ts'
import { startHttpServer } from '../helpers/servers.ts'
import type { HttpServer, Reply } from '../helpers/servers.ts'
import { openShop } from '../helpers/shop.ts'
import { openUpscaler } from '../helpers/upscalers.ts'

const task = '046b6c7f-0b8a-43b9-b35d-6489e6daee91'
const accepted: Reply = { body: { data: { task_id: task, status: 'CREATED', generated: [] } } }

/** Buys from a server with the canary for a key, and looks for it everywhere afterwards. */
async function buyWithCanary(baseUrl: string, deadline = 60_000): Promise<unknown> {
  const project = tmpProject({ 'hero.png': await makePng({ width: 200, height: 160 }) })
  const shop = openShop(project, { baseUrl, apiKey: canary, deadline })
  const order = shop.order(project.path('hero.png'))
  const results: unknown[] = []
  // The second build reads what the first one left behind.
  for (const build of [shop, openShop(project, { baseUrl, apiKey: canary, deadline })]) {
    results.push(
      await build.buy(order).then(
        (purchased) => purchased,
        (error: unknown) => error,
      ),
    )
    expectNoKey(results)
    expectNoKey([...build.warnings, ...build.phases])
  }
  const tree = readTree(project.dir)
  expect(Object.keys(tree).some((name) => name.includes('journal'))).toBe(true)
  expectNoKey(tree)
  return results[0]
}

/** A server that answers a POST like this, and status calls like that. */
async function answering(post: Reply, status: Reply = accepted): Promise<HttpServer> {
  return startHttpServer(({ method }) => (method === 'POST' ? post : status))
}

describe('the API key', () => {
  const echoes: [string, unknown][] = [
    ['a message', { message: `The key ${canary} is not valid` }],
    [
      'a nested problem',
      { problem: { message: canary, invalid_params: [{ name: canary, reason: canary }] } },
    ],
    ['HTML', `<html><body>${canary}</body></html>`],
    ['a percent-encoded URL', `see https://a.example/?key=${encodeURIComponent(canary)}`],
    ['base64', Buffer.from(canary).toString('base64')],
    ['a task id', { data: { task_id: canary, status: 'CREATED' } }],
  ]

  it.each(
    echoes.flatMap(([how, body]) =>
      [200, 302, 400, 401, 500].map((status) => ({ how, status, body })),
    ),
  )('is nowhere on the disk or in an error when a $status echoes it in $how', async (echo) => {
    const { status, body } = echo
    const headers = { location: `/?key=${canary}`, 'x-key': canary, 'retry-after': canary }
    const server = await answering({ status, headers, body })
    expect(await buyWithCanary(server.url)).toBeInstanceOf(Error)
    expect(server.requests[0]?.headers['x-freepik-api-key']).toBe(canary)
    const posts = server.requests.filter(({ method }) => method === 'POST')
    expect(posts).toHaveLength([200, 302, 500].includes(status) ? 1 : 2)
  })

  it.each<[string, Reply]>([
    [
      'its failure',
      { body: { data: { task_id: task, status: 'FAILED', error: `for ${canary}` } } },
    ],
    ['a refusal', { status: 403, body: { message: `${canary} may not` } }],
    ['a page', { status: 502, body: `<html>${canary}</html>` }],
    ['a redirect', { status: 307, headers: { location: `/?${canary}` }, body: canary }],
    [
      'the address of a result',
      {
        body: {
          data: {
            task_id: task,
            status: 'COMPLETED',
            generated: [`http://127.0.0.1:9/${canary}.png`, canary, `https://[${canary}`],
          },
        },
      },
    ],
  ])('is nowhere when a task echoes it in %s', async (_, status) => {
    const server = await answering(accepted, status)
    expect(await buyWithCanary(server.url)).toBeInstanceOf(Error)
    expect(server.requests.filter(({ method }) => method === 'POST')).toHaveLength(1)
  })

  it.each<Fault[]>([
    [],
    [{ route: 'submit', cut: 'after-request' }],
    [{ route: 'submit', cut: 'mid-response' }],
    [{ route: 'status', cut: 'mid-response' }],
    [{ route: 'download', cut: 'mid-response' }],
    [{ route: 'download', status: 403 }],
    [{ route: 'submit', outcome: 'FAILED', error: `You sent ${canary}` }],
    [{ route: 'status', redirect: `http://127.0.0.1:9/${canary}` }],
    [{ route: 'download', redirect: `http://127.0.0.1:9/${canary}` }],
  ])('is nowhere whatever goes wrong: %j', async (...faults) => {
    const emulator = await startEmulator({ downloadHost: 'separate', stableUrl: true, faults })
    await buyWithCanary(emulator.url)
    const elsewhere = emulator.calls.filter(({ listener }) => listener === 'downloads')
    expectNoKey(elsewhere)
    expect(emulator.calls[0]?.headers['x-freepik-api-key']).toBe(canary)
  })

  it('is nowhere in a build: not in its log, its files, its errors', async () => {
    const emulator = await startEmulator({ downloadHost: 'separate' })
    const project = tmpProject({
      'hero.png': await makePng({ width: 200, height: 160 }),
      'icon.png': await makePng(),
      'broken.png': 'no picture',
    })
    const upscaler = openUpscaler(project, { baseUrl: emulator.url, apiKey: canary })
    const variants = await Promise.all([upscaler.get('hero.png'), upscaler.get('icon.png')])
    emulator.setFaults([{ route: 'submit', status: 401, body: { message: `${canary}?` } }])
    const errors = await Promise.allSettled([
      upscaler.get('broken.png'),
      upscaler.get('hero.png', 'magnific=4x'),
      upscaler.get('hero.png', `magnific=4x&prompt=${'x'.repeat(10)}&hdr=99`),
    ])
    await upscaler.end()
    expect(errors.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    expect(upscaler.log.length).toBeGreaterThan(0)
    expectNoKey([variants, errors, upscaler.log])
    expectNoKey(readTree(project.dir))
    expectNoKey(emulator.calls.filter(({ listener }) => listener === 'downloads'))
    expect(emulator.tasks.map(({ key }) => key)).toEqual([canary, canary])
  })
})
