import { once } from 'node:events'
import { createServer } from 'node:http'
import { Webhook } from 'standardwebhooks'
import { describe, expect, it, onTestFinished } from 'vitest'
import { at, startEmulator, submit } from './helpers.ts'

interface Received {
  headers: Record<string, string>
  body: string
}

/** A receiver that answers the statuses given in turn, the last one for ever. */
async function startReceiver(
  ...statuses: number[]
): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => (body += chunk))
    request.on('end', () => {
      const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)])
      received.push({ headers: Object.fromEntries(headers), body })
      response.writeHead(statuses[Math.min(received.length, statuses.length) - 1] ?? 204).end()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const address = server.address()
  if (typeof address !== 'object' || !address) throw new Error('The receiver has no port.')
  return { url: `http://127.0.0.1:${address.port}/hook`, received }
}

const statusOf = ({ body }: Received): string => JSON.parse(body).status

describe('a webhook', () => {
  it('tells of each status change in order, with the GET body without data', async () => {
    const { url, received } = await startReceiver(200)
    const emulator = await startEmulator()
    const { json } = await submit(emulator, { webhook_url: url })
    await emulator.until(() => emulator.webhooks.filter(({ answered }) => answered).length === 2)
    expect(received.map(statusOf)).toEqual(['IN_PROGRESS', 'COMPLETED'])
    const body = JSON.parse(at(received, 1).body)
    expect(body).toEqual({
      generated: [expect.any(String)],
      task_id: json.data.task_id,
      status: 'COMPLETED',
    })
    expect((await fetch(body.generated[0])).status).toBe(200)
  })

  it.each([
    ['as UTF-8', 'sécret', new Webhook(Buffer.from('sécret').toString('base64'))],
    ['decoded', 'whsec_c2VjcmV0IGJ5dGVz', new Webhook('whsec_c2VjcmV0IGJ5dGVz')],
  ])('is signed as standardwebhooks expects, the secret %s', async (_, webhookSecret, oracle) => {
    const { url, received } = await startReceiver()
    const emulator = await startEmulator({ webhookSecret })
    await submit(emulator, { webhook_url: url })
    await emulator.until(() => emulator.webhooks.filter(({ answered }) => answered).length === 2)
    for (const { body, headers } of received) {
      expect(oracle.verify(body, headers)).toEqual(JSON.parse(body))
      expect(() => oracle.verify(`${body} `, headers)).toThrow('No matching signature')
    }
    expect(at(received, 0).headers['webhook-id']).not.toBe(at(received, 1).headers['webhook-id'])
  })

  it('carries a signature for each secret, and none without one', async () => {
    const { url, received } = await startReceiver()
    const signed = await startEmulator({ webhookSecret: ['old', 'new'] })
    await submit(signed, { webhook_url: url })
    await signed.until(() => signed.webhooks.filter(({ answered }) => answered).length === 2)
    expect(at(received, 0).headers['webhook-signature']).toMatch(/^v1,\S+ v1,\S+$/)
    const bare = await startEmulator()
    await submit(bare, { webhook_url: url })
    await bare.until(() => bare.webhooks.filter(({ answered }) => answered).length === 2)
    expect(at(received, 2).headers).not.toHaveProperty('webhook-signature')
  })

  it('is tried again under the same id until a 2xx, and no more often than told', async () => {
    const { url, received } = await startReceiver(500, 200, 500)
    const emulator = await startEmulator({ webhookRetries: 1, webhookRetryDelay: 1 })
    await submit(emulator, { webhook_url: url })
    await emulator.until(() => emulator.webhooks.filter(({ answered }) => answered).length === 4)
    expect(
      emulator.webhooks.map(({ status, attempt, answered }) => [status, attempt, answered]),
    ).toEqual([
      ['IN_PROGRESS', 1, 500],
      ['IN_PROGRESS', 2, 200],
      ['COMPLETED', 1, 500],
      ['COMPLETED', 2, 500],
    ])
    const ids = received.map(({ headers }) => headers['webhook-id'])
    expect(ids[0]).toBe(ids[1])
    expect(ids[2]).not.toBe(ids[1])
  })

  it('to nobody is noted with the reason, and the task goes on', async () => {
    const { url } = await startReceiver()
    const dead = url.replace(/:\d+/, ':1')
    const emulator = await startEmulator({ webhookRetries: 0 })
    await submit(emulator, { webhook_url: dead })
    await emulator.until(() => emulator.webhooks.filter(({ error }) => error).length === 2)
    expect(emulator.webhooks[0]).toMatchObject({
      answered: undefined,
      error: expect.stringContaining('ECONNREFUSED'),
    })
    expect(emulator.tasks[0]?.status).toBe('COMPLETED')
  })

  it.each(['http://192.0.2.1/hook', 'https://example.com/', 'http://127.0.0.1.example.com/'])(
    'to %s is refused and noted',
    async (webhook_url) => {
      const emulator = await startEmulator()
      expect((await submit(emulator, { webhook_url })).status).toBe(200)
      await emulator.until(() => emulator.webhooks.length === 2)
      expect(emulator.webhooks[0]).toMatchObject({
        url: webhook_url,
        attempt: 0,
        error: 'refused: not a loopback host',
      })
    },
  )

  it('tells of a failure with its error', async () => {
    const { url, received } = await startReceiver()
    const emulator = await startEmulator({ faults: [{ route: 'submit', outcome: 'FAILED' }] })
    await submit(emulator, { webhook_url: url })
    await emulator.until(() => emulator.webhooks.filter(({ answered }) => answered).length === 2)
    expect(JSON.parse(at(received, 1).body)).toMatchObject({
      status: 'FAILED',
      error: 'Upscale failed',
    })
  })
})

describe('a webhook fault', () => {
  it('overtakes: a late call comes after the next one', async () => {
    const { url, received } = await startReceiver()
    const emulator = await startEmulator({ faults: [{ route: 'webhook', times: 1, delay: 50 }] })
    await submit(emulator, { webhook_url: url })
    await emulator.until(() => emulator.webhooks.filter(({ answered }) => answered).length === 2)
    expect(received.map(statusOf)).toEqual(['COMPLETED', 'IN_PROGRESS'])
  })

  it('drops, repeats and wraps', async () => {
    const { url, received } = await startReceiver()
    const emulator = await startEmulator({
      faults: [
        { route: 'webhook', times: 1, drop: true },
        { route: 'webhook', repeat: 2, wrap: true },
      ],
    })
    await submit(emulator, { webhook_url: url })
    await emulator.until(() => emulator.webhooks.filter(({ answered }) => answered).length === 2)
    expect(emulator.webhooks[0]).toMatchObject({
      status: 'IN_PROGRESS',
      error: 'dropped by a fault',
    })
    expect(at(received, 0).body).toBe(at(received, 1).body)
    expect(at(received, 0).headers['webhook-id']).toBe(at(received, 1).headers['webhook-id'])
    expect(JSON.parse(at(received, 0).body).data.status).toBe('COMPLETED')
  })

  it('forges and goes stale', async () => {
    const { url, received } = await startReceiver()
    const oracle = new Webhook('whsec_c2VjcmV0')
    const emulator = await startEmulator({
      webhookSecret: 'whsec_c2VjcmV0',
      faults: [
        { route: 'webhook', times: 1, forged: true },
        { route: 'webhook', stale: 3600 },
      ],
    })
    await submit(emulator, { webhook_url: url })
    await emulator.until(() => emulator.webhooks.filter(({ answered }) => answered).length === 2)
    const verify = ({ body, headers }: Received) => oracle.verify(body, headers)
    expect(() => verify(at(received, 0))).toThrow('No matching signature')
    expect(() => verify(at(received, 1))).toThrow('too old')
  })
})
