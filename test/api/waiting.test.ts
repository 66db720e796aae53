import { describe, expect, it } from 'vitest'
import { createClient } from '../../src/api/client.ts'
import { awaitTask } from '../../src/api/waiting.ts'
import type { WaitOptions } from '../../src/api/waiting.ts'
import type { TaskState } from '../../src/api/wire.ts'
import { MagnificError } from '../../src/core/errors.ts'
import { bodyOf } from '../helpers/bodies.ts'
import { canary, expectNoKey } from '../helpers/canary.ts'
import { simulateClock } from '../helpers/clock.ts'
import { startEmulator } from '../helpers/emulator.ts'
import { errorOf } from '../helpers/errors.ts'
import { makePng } from '../helpers/images.ts'
import { findClosedPort, startHttpServer } from '../helpers/servers.ts'
import type { HttpServer, Reply } from '../helpers/servers.ts'

const task = '046b6c7f-0b8a-43b9-b35d-6489e6daee91'
const minute = 60_000
const pending = statusOf('IN_PROGRESS')
const completed = statusOf('COMPLETED', ['https://a.example/1.png'])

function statusOf(status: string, generated: string[] = [], error?: string): Reply {
  return { body: { data: { task_id: task, status, generated, error } } }
}

/** A server that gives these answers about a task, the last one for ever; `cut` ends the connection. */
async function answering(...script: (Reply | 'cut')[]): Promise<HttpServer> {
  let index = 0
  return startHttpServer((_, response) => {
    const reply = script[Math.min(index++, script.length - 1)]
    if (reply !== 'cut') return reply
    response.destroy()
  })
}

async function wait(
  { url }: { url: string },
  options: Partial<WaitOptions> = {},
): Promise<TaskState> {
  const client = createClient({ baseUrl: url, apiKey: canary })
  return awaitTask(client, task, { clock: simulateClock(), deadline: 30 * minute, ...options })
}

describe('waiting for a task', () => {
  it('ends with the URLs of the completed task', async () => {
    const server = await answering(statusOf('CREATED'), pending, statusOf('WARMING_UP'), completed)
    const state = await wait(server)
    expect(state).toMatchObject({
      task,
      status: 'completed',
      generated: ['https://a.example/1.png'],
    })
    expect(server.requests).toHaveLength(4)
  })

  it('goes on while a completed task has no URLs yet', async () => {
    const server = await answering(statusOf('COMPLETED'), statusOf('COMPLETED'), completed)
    expect((await wait(server)).generated).toHaveLength(1)
    expect(server.requests).toHaveLength(3)
  })

  it('takes the emulator at its word: unknown statuses, then no URLs, then two as objects', async () => {
    const emulator = await startEmulator({
      stableUrl: true,
      errorField: 'always',
      faults: [
        {
          route: 'submit',
          emptyGenerated: 3,
          unknownStatus: { status: 'WARMING_UP', polls: 2 },
          generatedAs: 'objects',
        },
      ],
    })
    const client = createClient({ baseUrl: emulator.url, apiKey: canary })
    const image = bodyOf(await makePng())
    await client.submit({ image, params: {}, beforeLastByte: async () => {} })
    const { id } = emulator.tasks[0] ?? { id: '' }
    await emulator.until(() => emulator.tasks[0]?.status === 'COMPLETED')
    const state = await awaitTask(client, id, { clock: simulateClock(), deadline: 30 * minute })
    expect(state.generated).toHaveLength(2)
    expect(emulator.calls.filter(({ route }) => route === 'status')).toHaveLength(6)
    expect(emulator.tasks).toHaveLength(1)
  })

  it('asks within seconds at first, and never less often than every ten while a task is young', async () => {
    const clock = simulateClock()
    await wait(await answering(...Array.from({ length: 20 }, () => pending), completed), { clock })
    expect(clock.slept).toHaveLength(21)
    expect(clock.slept[0]).toBeGreaterThanOrEqual(200)
    expect(clock.slept[0]).toBeLessThan(1000)
    expect(Math.max(...clock.slept)).toBeLessThanOrEqual(10_000)
  })

  it('asks about a task that was completed after five minutes within seconds', async () => {
    const clock = simulateClock()
    const start = clock.now()
    const server = await startHttpServer(() =>
      clock.now() >= start + 5 * minute ? completed : pending,
    )
    await wait(server, { clock })
    expect(clock.now() - start).toBeLessThanOrEqual(5 * minute + 20_000)
  })
})

describe('the deadline', () => {
  it.each([1000, 90_000, 30 * minute])(
    'of %i ms ends the wait with TASK_PENDING, and says that nothing is lost',
    async (deadline) => {
      const clock = simulateClock()
      const start = clock.now()
      const server = await answering(pending)
      const error = await errorOf(async () => wait(server, { clock, deadline }))
      expect(error.code).toBe('TASK_PENDING')
      expect(error.message).toContain(task)
      expect(error.message).toContain(`${deadline / 1000} s`)
      expect(error.message).toContain('pays nothing more')
      expect(clock.now() - start).toBe(deadline)
    },
  )

  it('names the last problem', async () => {
    const server = await answering(pending, { status: 502, body: '<h1>Bad Gateway</h1>' })
    const error = await errorOf(async () => wait(server))
    expect(error.message).toContain('HTTP 502: <h1>Bad Gateway</h1>')
  })

  it('names no problem that is over', async () => {
    const server = await answering({ status: 502 }, pending)
    expect((await errorOf(async () => wait(server))).message).not.toContain('502')
  })

  it('holds where nobody listens', async () => {
    const clock = simulateClock()
    const url = `http://127.0.0.1:${await findClosedPort()}`
    const error = await errorOf(async () => wait({ url }, { clock, deadline: minute }))
    expect(error.code).toBe('TASK_PENDING')
    expect(error.message).toContain('ECONNREFUSED')
  })
})

describe('what may pass by itself', () => {
  it.each<[string, Reply | 'cut']>([
    ['429', { status: 429, body: { message: 'Too many' } }],
    ['500', { status: 500, body: { message: 'Internal Server Error' } }],
    ['502', { status: 502, body: '<html>Bad Gateway</html>' }],
    ['503', { status: 503 }],
    ['504', { status: 504 }],
    ['408', { status: 408 }],
    ['425', { status: 425 }],
    ['a page of HTML', { body: '<html>We will be right back</html>' }],
    ['an empty 200', { body: '' }],
    ['a 200 about nothing', { body: '{"data":{}}' }],
    ['a cut connection', 'cut'],
  ])('is asked again, many times: %s', async (_, problem) => {
    const server = await answering(...Array.from({ length: 12 }, () => problem), completed)
    expect((await wait(server)).status).toBe('completed')
    expect(server.requests).toHaveLength(13)
  })

  it('is asked again after what Retry-After says, by the clock of whoever says it', async () => {
    const clock = simulateClock()
    const date = new Date(clock.now() + 86_400_000)
    const later = new Date(date.getTime() + 100_000)
    const dates = { date: date.toUTCString(), 'retry-after': later.toUTCString() }
    const server = await answering(
      { status: 429, headers: { 'retry-after': '90' } },
      { status: 429, headers: dates },
      completed,
    )
    await wait(server, { clock })
    expect(clock.slept.slice(1)).toEqual([90_000, 100_000])
  })

  it('is asked again in its own time where Retry-After is garbage, zero or huge', async () => {
    const clock = simulateClock()
    const replies = ['soon', '0', '999999'].map((value) => ({
      status: 429,
      headers: { 'retry-after': value },
    }))
    await wait(await answering(...replies, completed), { clock })
    expect(clock.slept.slice(1)).toEqual([500, 1000, 5 * minute])
  })

  it('is asked again less and less often, and at least every ten seconds', async () => {
    const clock = simulateClock()
    const broken = Array.from({ length: 8 }, () => ({ status: 502 }))
    await wait(await answering(...broken, completed), { clock })
    const waits = [500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000]
    expect(clock.slept.slice(1)).toEqual(waits)
  })

  it('is not waited for where a free trial is used up', async () => {
    const body = { message: 'You have reached the limit of the free trial usage.' }
    const server = await answering({ status: 429, body })
    const error = await errorOf(async () => wait(server))
    expect(error.code).toBe('TASK_PENDING')
    expect(error.message).toContain('free trial')
    expect(server.requests).toHaveLength(1)
  })
})

describe('a task', () => {
  it.each([
    ['a reason', 'NSFW content', ', "NSFW content" '],
    ['no reason', undefined, ' (task'],
  ])('that failed with %s ends the wait at once', async (_, reason, shown) => {
    const server = await answering(pending, statusOf('FAILED', [], reason))
    const error = await errorOf(async () => wait(server))
    expect(error.code).toBe('TASK_FAILED')
    expect(error.message).toContain(`FAILED${shown}`)
    expect(error.message).toContain(task)
    expect(server.requests).toHaveLength(2)
  })

  it('that is unknown at first is asked for again: it need not be known everywhere at once', async () => {
    const missing = { status: 404, body: { message: 'Task not found' } }
    const server = await answering(missing, missing, missing, missing, pending, missing, completed)
    expect((await wait(server)).status).toBe('completed')
  })

  it('that stays unknown is given up after five times, and kept', async () => {
    const server = await answering({ status: 404, body: { message: 'Task not found' } })
    const error = await errorOf(async () => wait(server))
    expect(error.code).toBe('TASK_UNKNOWN')
    expect(error.message).toContain('HTTP 404: Task not found')
    expect(server.requests).toHaveLength(5)
  })

  it.each([302, 307, 400, 401, 402, 403, 410])(
    'that the API does not tell about, with %i, is given up at once, and kept',
    async (status) => {
      const server = await answering({ status, body: { message: 'Invalid API key' } })
      const error = await errorOf(async () => wait(server))
      expect(error.code).toBe('TASK_PENDING')
      expect(error.message).toContain(`HTTP ${status}: Invalid API key`)
      expect(server.requests).toHaveLength(1)
    },
  )

  it('shows the key in no error, whatever the API says about it', async () => {
    for (const reply of [
      statusOf('FAILED', [], `because of ${canary}`),
      { status: 401, body: { message: `${canary} is not valid` } },
      { status: 302, headers: { location: `/?key=${canary}` }, body: canary },
      { body: `<html>${canary}</html>` },
    ]) {
      const server = await answering(reply)
      const error = await errorOf(async () => wait(server, { deadline: minute }))
      expectNoKey(error)
    }
  })
})

describe('an abort', () => {
  const reason = new MagnificError('ABORTED', 'The build ended.')

  it('before the wait ends it without a question', async () => {
    const server = await answering(completed)
    const error = await errorOf(async () => wait(server, { signal: AbortSignal.abort(reason) }))
    expect(error).toBe(reason)
    expect(server.requests).toHaveLength(0)
  })

  it.each([0, 1, 5])('in sleep %i ends the wait there', async (sleep) => {
    const controller = new AbortController()
    const clock = simulateClock({
      onSleep: async (_, index) => {
        if (index < sleep) return
        controller.abort(reason)
        await new Promise(() => {})
      },
    })
    const server = await answering(pending)
    const error = await errorOf(async () => wait(server, { clock, signal: controller.signal }))
    expect(error).toBe(reason)
    expect(server.requests).toHaveLength(sleep)
  })

  it('during a question ends the wait while the server is silent', async () => {
    const controller = new AbortController()
    const server = await startHttpServer(() => {})
    const failure = errorOf(async () => wait(server, { signal: controller.signal }))
    await server.until(() => server.requests.length === 1)
    controller.abort(reason)
    expect(await failure).toBe(reason)
  })

  it('during half an answer ends the wait', async () => {
    const controller = new AbortController()
    const server = await startHttpServer((_, response) => {
      response.writeHead(200, { 'content-length': 100 })
      response.write('{"data":')
    })
    const failure = errorOf(async () => wait(server, { signal: controller.signal }))
    await server.until(() => server.requests.length === 1)
    controller.abort(reason)
    expect(await failure).toBe(reason)
  })
})
