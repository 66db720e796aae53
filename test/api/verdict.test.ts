import { describe, expect, it } from 'vitest'
import { judgeAnswer } from '../../src/api/verdict.ts'
import type { Verdict } from '../../src/api/verdict.ts'

const id = '046b6c7f-0b8a-43b9-b35d-6489e6daee91'
const accepted = JSON.stringify({ data: { generated: [], task_id: id, status: 'CREATED' } })
const judge = (status: number, body = '{"message":"message"}'): Verdict =>
  judgeAnswer({ status, retryAfter: undefined, body })

describe('what an answer to a POST means for the money', () => {
  it('is a task where a 2xx names one, in either shape', () => {
    expect(judge(200, accepted)).toEqual({ kind: 'accepted', task: id })
    expect(judge(201, accepted)).toEqual({ kind: 'accepted', task: id })
    const older = JSON.stringify({ task_id: id, task_status: 'CREATED' })
    expect(judge(200, older)).toEqual({ kind: 'accepted', task: id })
  })

  it('is a task even where it has failed already: it was taken', () => {
    const failed = JSON.stringify({ data: { task_id: id, status: 'FAILED', error: 'no' } })
    expect(judge(200, failed)).toEqual({ kind: 'accepted', task: id })
  })

  it.each([
    // the document
    [400, 'refused'],
    [401, 'halted'],
    [500, 'ambiguous'],
    [503, 'ambiguous'],
    // undocumented, from FACTS
    [402, 'halted'],
    [403, 'refused'],
    [404, 'refused'],
    [413, 'refused'],
    [422, 'refused'],
    [429, 'later'],
    // gateways
    [405, 'refused'],
    [415, 'refused'],
    [431, 'refused'],
    [501, 'ambiguous'],
    [502, 'ambiguous'],
    [504, 'ambiguous'],
    [520, 'ambiguous'],
    [599, 'ambiguous'],
    // given up by the server after it had begun
    [408, 'ambiguous'],
    [409, 'ambiguous'],
    [425, 'ambiguous'],
    [499, 'ambiguous'],
    // redirects are not followed, and may come after the work has begun
    [301, 'ambiguous'],
    [302, 'ambiguous'],
    [303, 'ambiguous'],
    [307, 'ambiguous'],
    [308, 'ambiguous'],
    // whatever these mean
    [410, 'ambiguous'],
    [418, 'ambiguous'],
    // no status at all
    [0, 'ambiguous'],
    [100, 'ambiguous'],
  ] as const)('of %i is %s', (status, kind) => {
    expect(judge(status)).toEqual({ kind })
  })

  it.each(['', 'null', '{}', '<html></html>', accepted.slice(0, -9), '{"message":"OK"}'])(
    'is unclear where a 200 says %j',
    (body) => {
      expect(judge(200, body)).toEqual({ kind: 'ambiguous' })
    },
  )

  it('is unclear where there is a 204', () => {
    expect(judge(204, '')).toEqual({ kind: 'ambiguous' })
  })

  it.each([
    'You have reached the limit of the free trial usage.',
    '{"message":"LIMIT OF THE FREE TRIAL USAGE exceeded"}',
  ])('is an end where a 429 says %j', (body) => {
    expect(judge(429, body)).toEqual({ kind: 'halted' })
  })

  it('is "later" where a 503 is the documented one', () => {
    const body = '{"message":"Service Unavailable. Please try again later."}'
    expect(judge(503, body)).toEqual({ kind: 'later' })
  })

  // Caches answer so when the API behind them is at work for too long.
  it.each([
    '<html>503 Service Temporarily Unavailable</html>',
    '{"message":"upstream request timeout, please try again"}',
  ])('is unclear where a 503 is some other one, even if it says when: %s', (body) => {
    expect(judgeAnswer({ status: 503, retryAfter: '7', body })).toEqual({ kind: 'ambiguous' })
  })

  it("is unclear where a 503 is some gateway's page", () => {
    expect(judge(503, '<html>503 Service Temporarily Unavailable</html>').kind).toBe('ambiguous')
  })

  it('takes no task from an answer that is no 2xx', () => {
    for (const status of [302, 400, 429, 500, 503]) {
      expect(judge(status, accepted).kind).not.toBe('accepted')
    }
  })
})
