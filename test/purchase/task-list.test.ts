import { describe, expect, it } from 'vitest'
import type { Client } from '../../src/api/client.ts'
import type { RawAnswer } from '../../src/api/post.ts'
import { createTaskList } from '../../src/purchase/task-list.ts'
import type { TaskList } from '../../src/purchase/task-list.ts'
import { simulateClock } from '../helpers/clock.ts'
import type { SimulatedClock } from '../helpers/clock.ts'

const { signal } = new AbortController()

function answerOf(...tasks: string[]): RawAnswer {
  const data = tasks.map((task) => ({ task_id: task, status: 'COMPLETED', generated: [] }))
  return { status: 200, retryAfter: undefined, body: JSON.stringify({ data }) }
}

/** A list of an API that answers like this, page by page from 1. */
function open(answer: (page: number, call: number) => RawAnswer | Promise<RawAnswer>): {
  list: TaskList
  pages: number[]
  clock: SimulatedClock
} {
  const pages: number[] = []
  const clock = simulateClock()
  const client = {
    listTasks: async (page: number) => {
      pages.push(page)
      return answer(page, pages.length)
    },
  } as unknown as Client
  return { list: createTaskList(client, clock), pages, clock }
}

const bad = (status: number, body = ''): RawAnswer => ({ status, retryAfter: undefined, body })

describe('the newest tasks', () => {
  it('are asked for once by all who want them within two seconds', async () => {
    const { list, pages, clock } = open((_, call) => answerOf(`t-${call}`))
    const wanted = Array.from({ length: 5 }, async () => list.readNewest(signal))
    expect(await Promise.all(wanted)).toEqual(Array.from({ length: 5 }, () => ['t-1']))
    await clock.sleep(2000)
    expect(await list.readNewest(signal)).toEqual(['t-1'])
    await clock.sleep(1)
    expect(await list.readNewest(signal)).toEqual(['t-2'])
    expect(pages).toEqual([1, 1])
  })

  it('are none where the account has none, which is not the same as no list', async () => {
    expect(await open(() => answerOf()).list.readNewest(signal)).toEqual([])
  })

  it.each([404, 405, 200])(
    'are never asked for again where %i says that there is no list',
    async (status) => {
      const { list, pages, clock } = open(() => bad(status))
      for (let minute = 0; minute < 3; minute++) {
        expect(await list.readNewest(signal)).toBeUndefined()
        expect(await list.readSince([], signal)).toBeUndefined()
        await clock.sleep(61_000)
      }
      expect(pages).toEqual([1])
    },
  )

  it.each([401, 429, 500, 503])('are asked for again after a %i', async (status) => {
    const { list, pages, clock } = open((_, call) => (call === 1 ? bad(status) : answerOf('t-1')))
    expect(await list.readNewest(signal)).toBeUndefined()
    expect(await list.readNewest(signal)).toBeUndefined()
    expect(pages).toEqual([1])
    await clock.sleep(2001)
    expect(await list.readNewest(signal)).toEqual(['t-1'])
  })

  it('are not known where the network fails', async () => {
    const { list } = open(() => Promise.reject(new Error('cut')))
    expect(await list.readNewest(signal)).toBeUndefined()
    expect(await list.readSince([], signal)).toBeUndefined()
  })

  it('are got by the others where one of those who want them leaves', async () => {
    let answer: (value: RawAnswer) => void = () => {}
    const { list } = open(
      () =>
        new Promise((resolve) => {
          answer = resolve
        }),
    )
    const controller = new AbortController()
    const leaving = list.readNewest(controller.signal)
    const staying = list.readNewest(signal)
    controller.abort(new Error('over'))
    answer(answerOf('t-1'))
    await expect(leaving).rejects.toThrow('over')
    expect(await staying).toEqual(['t-1'])
  })
})

describe('the tasks since then', () => {
  const since = async (list: TaskList, listed: string[]): Promise<string[] | undefined> =>
    (await list.readSince(listed, signal))?.map(({ task }) => task)

  it('are those that were not listed, up to the first page with one that was', async () => {
    const { list, pages } = open((page) =>
      page === 1 ? answerOf('t-6', 't-5') : answerOf('t-4', 't-3', 't-2'),
    )
    expect(await since(list, ['t-3', 't-2', 't-1'])).toEqual(['t-6', 't-5', 't-4'])
    expect(pages).toEqual([1, 2])
  })

  it('are all where none was listed, up to where the list ends', async () => {
    const { list, pages } = open((page) => (page < 3 ? answerOf(`t-${page}`) : answerOf()))
    expect(await since(list, [])).toEqual(['t-1', 't-2'])
    expect(pages).toEqual([1, 2, 3])
  })

  it('end where an API knows no pages, and says the same again', async () => {
    const { list, pages } = open(() => answerOf('t-2', 't-1'))
    expect(await since(list, [])).toEqual(['t-2', 't-1'])
    expect(pages).toEqual([1, 2])
  })

  it('are not known where ten pages do not hold them', async () => {
    const { list, pages } = open((page) => answerOf(`t-${page}`))
    expect(await since(list, ['t-0'])).toBeUndefined()
    expect(pages).toHaveLength(10)
  })

  it('are not known where a page is not to be had: what it holds may be what is looked for', async () => {
    expect(await since(open(() => bad(500)).list, [])).toBeUndefined()
    const { list } = open((page) => (page === 1 ? answerOf('t-1') : bad(500)))
    expect(await since(list, [])).toBeUndefined()
  })

  it('are asked for each time', async () => {
    const { list, pages } = open((_, call) => answerOf(`t-${call}`, 't-0'))
    expect(await since(list, ['t-0'])).toEqual(['t-1'])
    expect(await since(list, ['t-0'])).toEqual(['t-2'])
    expect(pages).toEqual([1, 1])
  })

  it('are not waited for by who is aborted', async () => {
    const { list } = open(() => answerOf('t-1'))
    await expect(list.readSince([], AbortSignal.abort(new Error('over')))).rejects.toThrow('over')
  })
})
