import { describe, expect, it } from 'vitest'
import type { Emulator, Fault } from '../../src/emulator/index.ts'
import { at, get, KEY, makeResult, startEmulator, submit } from './helpers.ts'

describe('which calls a fault takes', () => {
  it('reads a list as a script', async () => {
    const emulator = await startEmulator({
      faults: [
        { route: 'submit', times: 1, status: 503 },
        { route: 'submit', times: 2, status: 429 },
      ],
    })
    const statuses: number[] = []
    for (let i = 0; i < 4; i++) statuses.push((await submit(emulator)).status)
    expect(statuses).toEqual([503, 429, 429, 200])
    expect(emulator.tasks).toHaveLength(1)
    expect(emulator.calls.map(({ faulted }) => faulted)).toEqual([true, true, true, false])
  })

  it('skips with after, and counts calls that another fault takes', async () => {
    const emulator = await startEmulator({
      faults: [
        { route: 'list', after: 1, times: 1, status: 500 },
        { route: 'list', after: 2, status: 502 },
      ],
    })
    const statuses: number[] = []
    for (let i = 0; i < 4; i++) statuses.push((await get(emulator)).status)
    expect(statuses).toEqual([200, 500, 502, 502])
  })

  it('can be about one task alone', async () => {
    const emulator = await startEmulator({
      latency: Infinity,
      faults: [{ route: 'status', task: 1, times: 1, status: 500 }],
    })
    for (let i = 0; i < 2; i++) await submit(emulator)
    const [first, second] = emulator.tasks.map(({ id }) => `/${id}`)
    expect((await get(emulator, first)).status).toBe(200)
    expect((await get(emulator, second)).status).toBe(500)
    expect((await get(emulator, second)).status).toBe(200)
  })

  it('can be chosen by a function', async () => {
    const emulator = await startEmulator({
      faults: [{ route: 'list', when: ({ url }) => url.endsWith('page=2'), status: 500 }],
    })
    expect((await get(emulator, '?page=1')).status).toBe(200)
    expect((await get(emulator, '?page=2')).status).toBe(500)
  })

  it('starts anew with setFaults', async () => {
    const emulator = await startEmulator({ faults: [{ route: 'list', status: 500 }] })
    expect((await get(emulator)).status).toBe(500)
    emulator.setFaults([{ route: 'list', after: 1, status: 503 }])
    expect((await get(emulator)).status).toBe(200)
    expect((await get(emulator)).status).toBe(503)
    emulator.setFaults([])
    expect((await get(emulator)).status).toBe(200)
  })

  it('is refused when it makes no sense, with every problem', async () => {
    const emulator = await startEmulator()
    // as they come from a file
    const bad: Fault[] = JSON.parse(`[
      { "route": "submit", "statsu": 500 },
      { "route": "status", "status": 99 },
      { "route": "list", "headers": { "bad name": "x" } },
      { "route": "nowhere" }
    ]`)
    let message = ''
    try {
      emulator.setFaults(bad)
    } catch (error) {
      message = String(error)
    }
    expect(message).toMatch(/^TypeError/)
    for (const part of ['0.statsu', '1.status', '2.headers', '3.route']) {
      expect(message).toContain(part)
    }
  })
})

describe('an answer that a fault replaces', () => {
  it.each([
    [400, "Parameter ':attribute' is not valid"],
    [401, 'Invalid API key'],
    [402, 'Payment Required'],
    [403, 'Forbidden'],
    [404, 'Not Found'],
    [413, 'Payload Too Large'],
    [422, 'Unprocessable Entity'],
    [429, 'Too Many Requests'],
    [500, 'Internal Server Error'],
    [502, 'Bad Gateway'],
    [503, 'Service Unavailable. Please try again later.'],
    [504, 'Gateway Timeout'],
  ])('is %i with a message, and no task', async (status, message) => {
    const emulator = await startEmulator({ faults: [{ route: 'submit', status }] })
    const answer = await submit(emulator)
    expect(answer.status).toBe(status)
    expect(answer.json).toEqual({ message })
    expect(emulator.tasks).toHaveLength(0)
  })

  it('has the body and the headers given', async () => {
    const emulator = await startEmulator({
      faults: [
        { route: 'list', times: 1, status: 502, body: '<h1>nginx</h1>' },
        { route: 'list', times: 1, body: '{"data":' },
        {
          route: 'list',
          times: 1,
          status: 429,
          body: { message: 'limit of the free trial usage' },
        },
        { route: 'list', times: 1, headers: { 'X-Trace': '1' } },
      ],
    })
    const html = await get(emulator)
    expect([html.status, html.text, html.headers.get('content-type')]).toEqual([
      502,
      '<h1>nginx</h1>',
      'text/html',
    ])
    const broken = await get(emulator)
    expect([broken.status, broken.text]).toEqual([200, '{"data":'])
    expect((await get(emulator)).json.message).toContain('free trial')
    const regular = await get(emulator)
    expect(regular.json).toEqual({ data: [] })
    expect(regular.headers.get('x-trace')).toBe('1')
  })

  it('says when to come back, in seconds or as a date', async () => {
    const now = Date.UTC(2026, 0, 1)
    const emulator = await startEmulator({
      now: () => now,
      faults: [
        { route: 'list', times: 1, status: 429, retryAfter: 7 },
        { route: 'list', times: 1, status: 503, retryAfter: { date: 60 } },
        { route: 'list', times: 1, status: 429 },
      ],
    })
    const after = async () => (await get(emulator)).headers.get('retry-after')
    expect(await after()).toBe('7')
    expect(await after()).toBe('Thu, 01 Jan 2026 00:01:00 GMT')
    expect(await after()).toBeNull()
  })

  it('sends the client elsewhere', async () => {
    const emulator = await startEmulator({
      faults: [
        { route: 'list', redirect: 'http://127.0.0.1:1/x', times: 1 },
        { route: 'submit', redirect: '/y', status: 307 },
      ],
    })
    const first = await get(emulator)
    expect([first.status, first.headers.get('location')]).toEqual([302, 'http://127.0.0.1:1/x'])
    const second = await submit(emulator)
    expect([second.status, second.headers.get('location')]).toEqual([307, '/y'])
    expect(emulator.tasks).toHaveLength(0)
  })
})

describe('a lost answer', () => {
  const lost: Omit<Extract<Fault, { route: 'submit' }>, 'route'>[] = [
    { status: 500 },
    { status: 504, body: '<html></html>' },
    { body: 'not JSON' },
    { cut: 'after-request' },
    { cut: 'mid-response' },
    { hang: true },
  ]

  it.each(lost)('to an accepted task leaves the task: %j', async (effect) => {
    const emulator = await startEmulator({ faults: [{ route: 'submit', ...effect, accept: true }] })
    const leave = new AbortController()
    const answer = submitUntil(emulator, leave.signal)
    await emulator.until(() => emulator.tasks.length === 1)
    leave.abort()
    expect(await answer).not.toBe('a task id')
    expect((await get(emulator)).json.data).toHaveLength(1)
    expect(emulator.calls[0]?.taskId).toBe(emulator.tasks[0]?.id)
  })

  it.each(lost)('to a task that was not accepted leaves none: %j', async (effect) => {
    const emulator = await startEmulator({
      faults: [{ route: 'submit', ...effect, accept: false }],
    })
    const leave = new AbortController()
    const answer = submitUntil(emulator, leave.signal)
    await emulator.until(() => emulator.calls.length === 1)
    if (effect.hang) leave.abort()
    expect(await answer).not.toBe('a task id')
    await emulator.until(() => at(emulator.calls, 0).over)
    expect(emulator.tasks).toHaveLength(0)
  })

  it('is not there to be lost when the request was bad, or the key', async () => {
    const emulator = await startEmulator({
      faults: [{ route: 'submit', status: 500, accept: true }],
    })
    expect((await submit(emulator, { hdr: 99 })).status).toBe(500)
    expect((await submit(emulator, {}, {})).status).toBe(500)
    expect(emulator.tasks).toHaveLength(0)
  })

  it('can come late: the task is there before the answer', async () => {
    const emulator = await startEmulator({ faults: [{ route: 'submit', delay: 60 }] })
    const answer = submit(emulator)
    await emulator.until(() => emulator.tasks.length === 1)
    expect(emulator.calls[0]?.status).toBeUndefined()
    expect((await answer).json.data.task_id).toBe(emulator.tasks[0]?.id)
  })

  it('can have its opposite: the id of a task that does not exist', async () => {
    const emulator = await startEmulator({ faults: [{ route: 'submit', accept: false }] })
    const { status, json } = await submit(emulator)
    expect(status).toBe(200)
    expect((await get(emulator, `/${json.data.task_id}`)).status).toBe(404)
    expect(emulator.tasks).toHaveLength(0)
  })

  it.each(['before-read', 'mid-request'] as const)(
    'cannot be to an accepted task when the body was cut: %s',
    async (cut) => {
      const emulator = await startEmulator({
        faults: [{ route: 'submit', cut, accept: true, times: 1 }],
      })
      await expect(submit(emulator)).rejects.toThrow('fetch failed')
      expect((await submit(emulator)).status).toBe(200)
      expect(emulator.tasks).toHaveLength(1)
      expect(emulator.calls[0]).toMatchObject({ status: undefined, taskId: undefined })
    },
  )

  it('can be a refusal before the body is read', async () => {
    const emulator = await startEmulator({
      faults: [{ route: 'submit', early: true, status: 413, accept: true }],
    })
    expect((await submit(emulator)).status).toBe(413)
    expect(emulator.tasks).toHaveLength(0)
  })
})

/** What a client makes of a POST: `a task id` if it gets one. */
function submitUntil(emulator: Emulator, signal: AbortSignal): Promise<string> {
  return submit(emulator, {}, KEY, signal).then(
    ({ status, json }) => (status === 200 && json?.data ? 'a task id' : 'another answer'),
    () => 'no answer',
  )
}

describe('a cut answer', () => {
  it.each(['before-read', 'mid-request', 'after-request', 'mid-response'] as const)(
    'fails the client: %s',
    async (cut) => {
      const emulator = await startEmulator({
        latency: Infinity,
        faults: [{ route: 'status', cut, times: 1 }],
      })
      const { json } = await submit(emulator)
      const path = `/${json.data.task_id}`
      await expect(get(emulator, path)).rejects.toThrow(/fetch failed|terminated/)
      expect((await get(emulator, path)).status).toBe(200)
      expect(emulator.calls[1]).toMatchObject({ faulted: true, answered: false })
    },
  )
})

describe('a task that goes wrong', () => {
  it('fails, with an error or with none', async () => {
    const emulator = await startEmulator({
      latency: Infinity,
      faults: [
        { route: 'submit', times: 1, outcome: 'FAILED', error: 'NSFW content' },
        { route: 'submit', times: 1, outcome: 'FAILED', error: null },
      ],
    })
    for (const error of ['NSFW content', null]) {
      const id: string = (await submit(emulator)).json.data.task_id
      emulator.complete()
      const { json } = await get(emulator, `/${id}`)
      expect(json.data).toEqual({ generated: [], task_id: id, status: 'FAILED', error })
    }
  })

  it('is stuck for ever', async () => {
    const emulator = await startEmulator({ faults: [{ route: 'submit', outcome: 'STUCK' }] })
    const { json } = await submit(emulator)
    emulator.complete()
    emulator.complete(json.data.task_id)
    expect((await get(emulator, `/${json.data.task_id}`)).json.data.status).toBe('CREATED')
  })

  it('is COMPLETED with nothing generated for some polls', async () => {
    const emulator = await startEmulator({
      latency: Infinity,
      faults: [{ route: 'submit', emptyGenerated: 2 }],
    })
    const path = `/${(await submit(emulator)).json.data.task_id}`
    await get(emulator, path)
    emulator.complete()
    const lengths: number[] = []
    for (let i = 0; i < 3; i++) {
      // a glance at the list uses up nothing
      await get(emulator)
      const { status, generated } = (await get(emulator, path)).json.data
      expect(status).toBe('COMPLETED')
      lengths.push(generated.length)
    }
    expect(lengths).toEqual([0, 0, 1])
  })

  it('has a status nobody knows for some polls', async () => {
    const emulator = await startEmulator({
      latency: Infinity,
      faults: [{ route: 'submit', unknownStatus: { status: 'WARMING_UP', polls: 2 } }],
    })
    const path = `/${(await submit(emulator)).json.data.task_id}`
    emulator.complete()
    const seen: unknown[] = []
    for (let i = 0; i < 3; i++) {
      const { status, generated } = (await get(emulator, path)).json.data
      seen.push([status, generated.length])
    }
    expect(seen).toEqual([
      ['WARMING_UP', 0],
      ['WARMING_UP', 0],
      ['COMPLETED', 1],
    ])
  })

  it('gives its URLs as objects', async () => {
    const emulator = await startEmulator({
      latency: Infinity,
      faults: [{ route: 'submit', generatedAs: 'objects' }],
    })
    const { id } = await makeResult(emulator)
    const { generated } = (await get(emulator, `/${id}`)).json.data
    expect(generated).toEqual([{ url: expect.stringContaining('/results/') }])
    expect((await fetch(generated[0].url)).status).toBe(200)
  })
})
