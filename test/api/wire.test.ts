import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { describeRefusal, parseTaskList, parseTaskState } from '../../src/api/wire.ts'

const id = '046b6c7f-0b8a-43b9-b35d-6489e6daee91'
const parse = (answer: unknown): ReturnType<typeof parseTaskState> =>
  parseTaskState(JSON.stringify(answer))

describe('an answer about a task', () => {
  it('is read as the document shows it', () => {
    expect(parse({ data: { generated: [], task_id: id, status: 'IN_PROGRESS' } })).toEqual({
      task: id,
      status: 'pending',
      generated: [],
      error: undefined,
    })
  })

  it('is read in the older shape, without data and with task_status', () => {
    const generated = ['https://a.example/1.png', 'https://a.example/1.png?size=stable']
    expect(parse({ generated, task_id: id, task_status: 'COMPLETED' })).toEqual({
      task: id,
      status: 'completed',
      generated,
      error: undefined,
    })
  })

  it('takes status for the newer word where both are there', () => {
    const answer = { task_id: id, status: 'COMPLETED', task_status: 'IN_PROGRESS' }
    expect(parse({ data: answer })?.status).toBe('completed')
  })

  it.each(['CREATED', 'IN_PROGRESS', 'QUEUED', 'completed', 'Failed', '', ' COMPLETED '])(
    'takes the status %j for not yet',
    (status) => {
      expect(parse({ data: { task_id: id, status, generated: [] } })?.status).toBe('pending')
      expect(parse({ task_id: id, task_status: status })?.status).toBe('pending')
    },
  )

  it('takes a status that is missing for not yet', () => {
    expect(parse({ data: { task_id: id } })).toEqual({
      task: id,
      status: 'pending',
      generated: [],
      error: undefined,
    })
  })

  it('reads entries that are objects with a url, and both kinds in one list', () => {
    const generated = ['https://a.example/1', { url: 'https://a.example/2', width: 4096 }]
    const state = parse({ data: { task_id: id, status: 'COMPLETED', generated } })
    expect(state?.generated).toEqual(['https://a.example/1', 'https://a.example/2'])
  })

  it.each([
    { generated: {} },
    { generated: [null, { url: null }, 7] },
    { status: null },
    { status: 7 },
    { error: { code: 7 } },
  ])('does not lose a task over %j', (odd) => {
    const state = parse({ data: { task_id: id, status: 'IN_PROGRESS', generated: [], ...odd } })
    expect(state).toMatchObject({ task: id, status: 'pending', generated: [] })
  })

  it('hears of a failure whatever its error looks like, and shows none of its control characters', () => {
    const failed = (error: unknown): unknown =>
      parse({ data: { task_id: id, status: 'FAILED', generated: [], error } })
    expect(failed({ code: 7 })).toMatchObject({ status: 'failed', error: '{"code":7}' })
    expect(failed('\u001B[2Jgone')).toMatchObject({ status: 'failed', error: '[2Jgone' })
  })

  it.each([{ generated: null }, { error: null }, {}, { generated: [], error: null }])(
    'reads %j beside the id as nothing said',
    (fields) => {
      const state = parse({ data: { task_id: id, status: 'COMPLETED', ...fields } })
      expect(state).toEqual({ task: id, status: 'completed', generated: [], error: undefined })
    },
  )

  it('gives the reason of a failure', () => {
    const state = parse({ data: { task_id: id, status: 'FAILED', error: 'NSFW content' } })
    expect(state).toMatchObject({ status: 'failed', error: 'NSFW content' })
  })

  it('passes over fields that nobody knows', () => {
    const state = parse({ data: { task_id: id, status: 'CREATED', eta: 12 }, meta: {} })
    expect(state?.task).toBe(id)
  })

  it.each([
    '',
    ' ',
    'null',
    '[]',
    '0',
    '"text"',
    'true',
    '{}',
    '{"data":null}',
    '{"data":[]}',
    '{"data":{}}',
    '{"data":"text"}',
    `{"data":{"task_id":"${id}"`,
    '<html><body>502 Bad Gateway</body></html>',
    '{"data":{"task_id":7,"status":"CREATED"}}',
    '{"data":{"task_id":null,"status":"CREATED"}}',
    '{"data":{"task_id":"","status":"CREATED"}}',
    '{"message":"Invalid API key"}',
    '\u{FEFF}{"data":{}}',
  ])('is not found in %j', (text) => {
    expect(parseTaskState(text)).toBeUndefined()
  })

  it.each(['a b', 'a\nb', '\u{0}', 'ä', 'x'.repeat(201)])(
    'is not believed when its task id is %j, which is no id',
    (task) => {
      expect(parse({ data: { task_id: task, status: 'CREATED' } })).toBeUndefined()
    },
  )

  it('is looked for in any text without ever throwing', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), (text) => {
        const state = parseTaskState(text)
        expect(['undefined', 'string']).toContain(typeof state?.task)
      }),
    )
  })
})

describe('a list of tasks', () => {
  const entries = [
    { task_id: 'a', status: 'COMPLETED', generated: ['https://a.example/1', { url: 'https://b' }] },
    { task_id: 'b', task_status: 'FAILED', generated: [], error: 'NSFW content' },
    { task_id: 'c', status: 'CREATED' },
  ]
  const states = [
    {
      task: 'a',
      status: 'completed',
      generated: ['https://a.example/1', 'https://b'],
      error: undefined,
    },
    { task: 'b', status: 'failed', generated: [], error: 'NSFW content' },
    { task: 'c', status: 'pending', generated: [], error: undefined },
  ]

  it.each([
    ['in data', { data: entries }],
    ['bare', entries],
    ['in tasks', { tasks: entries, total: 3 }],
    ['in data.tasks', { data: { tasks: entries } }],
    ['in data.items', { data: { total: 3, items: entries } }],
    ['in data.results', { data: { results: entries }, meta: { page: 1 } }],
    ['in data.data', { data: { current_page: 1, data: entries } }],
    ['in items, beside data that says nothing', { data: null, items: entries }],
  ])('is read %s, in both shapes of a task and in its order', (_, answer) => {
    expect(parseTaskList(JSON.stringify(answer))).toEqual(states)
  })

  it('may be empty', () => {
    for (const answer of [[], { data: [] }, { data: { tasks: [] } }]) {
      expect(parseTaskList(JSON.stringify(answer))).toEqual([])
    }
  })

  it('goes on after entries that cannot be read', () => {
    const odd = [null, 7, 'a', [], {}, { task_id: 7 }, { task_id: 'a b' }, { id: 'd' }]
    const answer = { data: odd.flatMap((entry, index) => [entry, entries[index] ?? null]) }
    expect(parseTaskList(JSON.stringify(answer))).toEqual(states)
  })

  it.each([
    '',
    'null',
    '7',
    '"text"',
    '{}',
    '{"data":null}',
    '{"data":{}}',
    '{"data":"text"}',
    '{"data":[',
    '{"message":"Not Found"}',
    '{"message":"Bad","invalid_params":[{"name":"page","reason":"is too low"}]}',
    '{"problem":{"message":"Bad","invalid_params":[]}}',
    `{"data":{"task_id":"${id}","status":"COMPLETED","generated":[]}}`,
    `{"task_id":"${id}","task_status":"COMPLETED","generated":[]}`,
    '{"data":{"data":{"data":[]}}}',
    '<html><body>502 Bad Gateway</body></html>',
  ])('is not found in %j', (text) => {
    expect(parseTaskList(text)).toBeUndefined()
  })

  it('is looked for in any text without ever throwing', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), (text) => {
        const ids = parseTaskList(text)?.map(({ task }) => typeof task) ?? []
        expect(ids.every((type) => type === 'string')).toBe(true)
      }),
    )
  })
})

describe('a refusal, on one line', () => {
  const invalid = [
    { name: 'page', reason: "Parameter 'page' must be greater than 0" },
    { name: 'per_page', reason: "Parameter 'per_page' must be greater than 0" },
  ]
  const line =
    "HTTP 400: Your request parameters didn't validate. (page: Parameter 'page' must be greater than 0; per_page: Parameter 'per_page' must be greater than 0)"

  it('shows a plain message', () => {
    const text = '{"message":"Parameter \'filter\' is not valid"}'
    expect(describeRefusal(400, text)).toBe("HTTP 400: Parameter 'filter' is not valid")
  })

  it('shows application/problem+json as the example of the document has it', () => {
    const message = "Your request parameters didn't validate."
    expect(describeRefusal(400, JSON.stringify({ message, invalid_params: invalid }))).toBe(line)
  })

  it('shows it nested in problem, as the schema of the document has it', () => {
    const problem = {
      message: "Your request parameters didn't validate.",
      invalid_params: invalid,
    }
    expect(describeRefusal(400, JSON.stringify({ problem }))).toBe(line)
  })

  it('shows the parameters alone where there is no message', () => {
    const text = JSON.stringify({ invalid_params: [{ name: 'hdr', reason: 'is too high' }] })
    expect(describeRefusal(400, text)).toBe('HTTP 400: (hdr: is too high)')
  })

  it('shows the detail of a standard problem', () => {
    const text = '{"type":"about:blank","title":"Bad Request","detail":"hdr is too high"}'
    expect(describeRefusal(422, text)).toBe('HTTP 422: hdr is too high')
  })

  it.each([
    [
      502,
      '<html>\n <body>Bad\tGateway</body>\n</html>',
      ': <html> <body>Bad Gateway</body> </html>',
    ],
    [500, '', ''],
    [500, ' \r\n ', ''],
    [403, '{"message":7}', ': {"message":7}'],
    [403, 'null', ': null'],
  ])('shows anything else as it came: %i %j', (status, text, shown) => {
    expect(describeRefusal(status, text)).toBe(`HTTP ${status}${shown}`)
  })

  it('drops what would steer a terminal or turn the text around', () => {
    const message =
      'red \u001B[31m\u001B]0;title\u0007 bell\u0007 null\u0000 back\b del\u007F csi\u009B bidi\u202E zero\u200B line\u2028end\r\nnext'
    const shown = describeRefusal(400, JSON.stringify({ message }))
    expect(shown).toBe('HTTP 400: red [31m ]0;title bell null back del csi bidi zero line end next')
  })

  it('is bounded, however much the server says', () => {
    for (const text of ['x'.repeat(1_000_000), JSON.stringify({ message: 'x'.repeat(5000) })]) {
      expect(describeRefusal(400, text)).toBe(`HTTP 400: ${'x'.repeat(300)}…`)
    }
  })

  it('stays on one line of printable characters, whatever comes', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.string({ unit: 'binary' }).map((message) => JSON.stringify({ message })),
          fc.json(),
        ),
        (text) => {
          const shown = describeRefusal(400, text)
          expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u)
          expect(shown.length).toBeLessThanOrEqual('HTTP 400: '.length + 301)
        },
      ),
    )
  })
})
