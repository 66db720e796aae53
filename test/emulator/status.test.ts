import { describe, expect, it } from 'vitest'
import { get, makeResult, startEmulator, submit } from './helpers.ts'

describe('a task', () => {
  it('goes CREATED, IN_PROGRESS, COMPLETED by its latency, and only then has a URL', async () => {
    const emulator = await startEmulator({ latency: 1500 })
    const id: string = (await submit(emulator)).json.data.task_id
    await emulator.until(() => emulator.tasks[0]?.status === 'IN_PROGRESS')
    const during = await get(emulator, `/${id}`)
    await emulator.until(() => emulator.tasks[0]?.status === 'COMPLETED')
    const after = await get(emulator, `/${id}`)
    expect(during.json.data.generated).toEqual([])
    expect(after.json).toEqual({
      data: { generated: [expect.any(String)], task_id: id, status: 'COMPLETED' },
    })
    expect(emulator.tasks[0]?.history.map(({ status }) => status)).toEqual([
      'CREATED',
      'IN_PROGRESS',
      'COMPLETED',
    ])
  })

  it('takes as long as a function of it says', async () => {
    const emulator = await startEmulator({
      latency: ({ params }) => (params.prompt === 'slow' ? Infinity : 0),
    })
    await submit(emulator, { prompt: 'slow' })
    await submit(emulator, { prompt: 'fast' })
    await emulator.until(() => emulator.tasks[1]?.status === 'COMPLETED')
    expect(emulator.tasks[0]?.status).toBe('CREATED')
  })

  it('is finished by complete(), one or all', async () => {
    const emulator = await startEmulator({ latency: Infinity })
    for (let i = 0; i < 3; i++) await submit(emulator)
    emulator.complete(emulator.tasks[1]?.id)
    expect(emulator.tasks.map(({ status }) => status)).toEqual(['CREATED', 'COMPLETED', 'CREATED'])
    emulator.complete()
    expect(new Set(emulator.tasks.map(({ status }) => status))).toEqual(new Set(['COMPLETED']))
    expect(emulator.tasks[1]?.history).toHaveLength(3)
    expect(() => emulator.complete('nobody')).toThrow(RangeError)
  })

  it('has two URLs for one image on request, the second with size=stable', async () => {
    const emulator = await startEmulator({ latency: Infinity, stableUrl: true })
    const { id } = await makeResult(emulator)
    const { generated } = (await get(emulator, `/${id}`)).json.data
    expect(generated).toHaveLength(2)
    expect(new URL(generated[1]).searchParams.get('size')).toBe('stable')
    for (const url of generated) expect((await fetch(url)).status).toBe(200)
  })

  it('that is unknown is 404 with a message', async () => {
    const emulator = await startEmulator()
    for (const id of ['046b6c7f-0b8a-43b9-b35d-6489e6daee91', '%00', 'a%2fb', '..%2f']) {
      const { status, json } = await get(emulator, `/${id}`)
      expect({ status, json }).toEqual({ status: 404, json: { message: 'Task not found' } })
    }
  })

  it('is not told to a caller without a key', async () => {
    const emulator = await startEmulator()
    const { json } = await submit(emulator)
    expect((await get(emulator, `/${json.data.task_id}`, {})).status).toBe(401)
  })

  it('carries error: null in every state on request', async () => {
    const emulator = await startEmulator({ latency: Infinity, errorField: 'always' })
    const { json } = await submit(emulator)
    expect(json.data.error).toBeNull()
  })
})

describe('the list', () => {
  it('gives the newest first, a page at a time', async () => {
    const emulator = await startEmulator({ latency: Infinity })
    for (let i = 0; i < 5; i++) await submit(emulator)
    emulator.complete(emulator.tasks[4]?.id)
    const ids = emulator.tasks.map(({ id }) => id).toReversed()
    const all = await get(emulator)
    expect(all.json.data.map((task: { task_id: string }) => task.task_id)).toEqual(ids)
    expect(all.json.data[0]).toEqual({
      task_id: ids[0],
      status: 'COMPLETED',
      generated: [expect.any(String)],
    })
    const second = await get(emulator, '?page=2&per_page=2')
    expect(second.json.data.map((task: { task_id: string }) => task.task_id)).toEqual(
      ids.slice(2, 4),
    )
    expect((await get(emulator, '?page=9')).json).toEqual({ data: [] })
  })

  it.each(['0', '-1', 'x', '1.5', ''])('refuses page %j', async (page) => {
    const emulator = await startEmulator()
    const { status, json } = await get(emulator, `?page=${page}`)
    expect(status).toBe(400)
    expect(json).toEqual({
      message: "Your request parameters didn't validate.",
      invalid_params: [{ name: 'page', reason: "Parameter 'page' must be greater than 0" }],
    })
  })

  it('names both when both are wrong, and the first in a plain message', async () => {
    const problem = await startEmulator()
    const { json } = await get(problem, '?page=0&per_page=0')
    expect(json.invalid_params[1]).toEqual({
      name: 'per_page',
      reason: "Parameter 'per_page' must be greater than 0",
    })
    const plain = await startEmulator({ problem: 'json' })
    expect((await get(plain, '?page=0&per_page=0')).json).toEqual({
      message: "Parameter 'page' must be greater than 0",
    })
  })

  it('can be missing, or lag behind', async () => {
    const none = await startEmulator({ list: false })
    expect((await get(none)).status).toBe(404)
    let now = 1000
    const slow = await startEmulator({ list: { lag: 50 }, now: () => now })
    await submit(slow)
    expect((await get(slow)).json.data).toHaveLength(0)
    now += 50
    expect((await get(slow)).json.data).toHaveLength(1)
  })

  it('needs a key', async () => {
    const emulator = await startEmulator()
    expect((await get(emulator, '', {})).status).toBe(401)
  })
})

it('answers other paths with 404, other methods with 405', async () => {
  const emulator = await startEmulator()
  expect((await fetch(`${emulator.url}/v1/ai/other`)).status).toBe(404)
  const wrong = await fetch(`${emulator.url}/v1/ai/image-upscaler`, { method: 'DELETE' })
  expect(wrong.status).toBe(405)
  expect(wrong.headers.get('allow')).toBe('GET, POST')
  expect(emulator.calls.map(({ route }) => route)).toEqual(['other', 'other'])
})
