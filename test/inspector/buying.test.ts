import { describe, expect, it, onTestFinished } from 'vitest'
import { resolveOptions } from '../../src/core/resolve-options.ts'
import { createBuying } from '../../src/inspector/buying.ts'
import { openContext } from '../../src/inspector/context.ts'
import type { InspectorEvent } from '../../src/inspector/contract.ts'
import { createPlanner } from '../../src/planner.ts'
import { canary } from '../helpers/canary.ts'
import { postsTo } from '../helpers/emulator.ts'
import { makePng } from '../helpers/images.ts'
import { openInspected, readJson } from '../helpers/inspector.ts'
import type { InspectedProject, InspectedSettings } from '../helpers/inspector.ts'

const main = "import a from './a.png?magnific=2x'\nconsole.log(a)\n"
const query = 'magnific=2x'

async function open(
  settings: InspectedSettings = {},
  source = main,
): Promise<InspectedProject & { id: string }> {
  const desk = await openInspected({ 'src/main.js': source }, settings)
  return { ...desk, id: (await desk.find('src/a.png')).id }
}

describe('POST api/preview', () => {
  const presets = { hero: { magnific: '4x', hdr: 2, format: 'webp', w: [100, 200] } } as const

  it('writes the query that a form says, and reads it as a build would', async () => {
    const { preview, find, id, emulator } = await open({
      options: { presets, defaults: { creativity: 3 } },
    })
    const { fingerprint } = await find('src/a.png')
    expect(await preview(id, { params: { prompt: "it's (a) fox" }, preset: 'hero' })).toEqual({
      ok: true,
      query: 'magnific=hero&prompt=it%27s%20%28a%29%20fox',
      params: { scale_factor: '4x', hdr: 2, creativity: 3, prompt: "it's (a) fox" },
      directives: 'w=100;200 format=webp',
      fingerprint: expect.stringMatching(/^[\da-f]{64}$/),
      width: 800,
      height: 640,
      estimate: 0.2,
      state: 'missing',
      afterKind: 'preview',
      after: expect.stringMatching(/^api\/picture\//),
    })
    // What it has been opened with.
    expect(await preview(id, { params: {} })).toMatchObject({ query, fingerprint, directives: '' })
    expect(emulator.calls).toEqual([])
  })

  it('says what no query can say, and takes nothing that is no form', async () => {
    const { preview, post, id } = await open({ options: { defaults: { prompt: 'a dog' } } })
    const problem = expect.stringContaining('No query says an empty `prompt` here')
    expect(await preview(id, { params: { prompt: '' } })).toEqual({ ok: false, problem })
    for (const wish of [
      { params: [] },
      { params: null },
      { params: 'hdr' },
      { params: { hdr: null } },
      { params: { hdr: [1] } },
      { params: {}, preset: 1 },
      { params: {}, query },
    ]) {
      expect((await post('api/preview', { id, ...wish })).status).toBe(400)
    }
  })
})

describe('POST api/upscale', () => {
  it('buys one image, and tells of it from the first step to the last', async () => {
    const { upscale, listen, find, id, emulator, dev } = await open({
      emulator: { latency: Number.POSITIVE_INFINITY },
    })
    const pushed = await listen()
    const startedAt = Date.now()
    const begun = await upscale(id, query, 0.1)
    expect(begun).toEqual({ ok: true, fingerprint: (await find('src/a.png')).fingerprint })
    await pushed.until(() => pushed.phases().includes('upscaling'))
    expect(await find('src/a.png')).toMatchObject({ state: 'pending', estimate: 0 })
    emulator.complete()
    await pushed.until(() => pushed.events.at(-1)?.kind === 'changed')
    const phases = pushed.phases().filter((phase, index, all) => phase !== all[index - 1])
    expect(phases).toEqual(['waiting', 'submitting', 'upscaling', 'downloading', 'done'])
    const began = new Set(pushed.events.map((event) => event.kind === 'progress' && event.since))
    expect(began.size).toBe(2)
    for (const event of pushed.events) {
      if (event.kind !== 'progress') continue
      expect(event).toMatchObject({ id, fingerprint: begun.ok && begun.fingerprint })
      expect(event.since).toBeGreaterThanOrEqual(startedAt)
    }
    expect(await find('src/a.png')).toMatchObject({ state: 'cached' })
    expect(emulator.tasks).toHaveLength(1)
    // Who looks at the terminal sees it too.
    await expect.poll(() => dev.log.join('\n')).toContain('a.png')
  })

  it('shows who opens the page meanwhile where things stand', async () => {
    const { upscale, listen, id, emulator } = await open({
      emulator: { latency: Number.POSITIVE_INFINITY },
    })
    const first = await listen()
    await upscale(id, query, 0.1)
    await first.until(() => first.phases().includes('upscaling'))
    const second = await listen()
    await second.until(() => second.events.length > 0)
    expect(second.events[0]).toEqual(first.events.findLast(({ kind }) => kind === 'progress'))
    emulator.complete()
    await second.until(() => second.phases().includes('done'))
  })

  it('buys once, however often it is clicked', async () => {
    const { upscale, listen, id, emulator } = await open({
      emulator: { latency: Number.POSITIVE_INFINITY },
    })
    const pushed = await listen()
    const begun = await Promise.all([1, 2, 3].map(async () => upscale(id, query, 0.1)))
    await pushed.until(() => pushed.phases().includes('upscaling'))
    begun.push(await upscale(id, query, 0.1))
    emulator.complete()
    await pushed.until(() => pushed.phases().includes('done'))
    // And once it is there, there is nothing to be bought.
    expect(await upscale(id, query, 0)).toMatchObject({ ok: true })
    expect(begun.every(({ ok }) => ok)).toBe(true)
    expect(postsTo(emulator)).toBe(1)
  })

  it('buys a query that was tried, and leaves the sources alone', async () => {
    const { preview, upscale, listen, find, compare, id, emulator, project } = await open()
    const tried = await preview(id, 'magnific=4x&hdr=3&prompt=a+red%20fox')
    expect(tried).toMatchObject({
      ok: true,
      estimate: 0.2,
      state: 'missing',
      width: 800,
      height: 640,
    })
    const pushed = await listen()
    expect(await upscale(id, 'magnific=4x&hdr=3&prompt=a+red%20fox', 0.2)).toMatchObject({
      ok: true,
    })
    await pushed.until(() => pushed.phases().includes('done'))
    // Whose result it is cannot be told by the fingerprint, which no source asks for.
    for (const event of pushed.events) if (event.kind === 'progress') expect(event.id).toBe(id)
    expect(emulator.tasks).toHaveLength(1)
    expect(String(project.read('src/main.js'))).toBe(main)
    expect(await find('src/a.png')).toMatchObject({ state: 'missing' })
    const { candidates } = await compare(id)
    expect(candidates).toMatchObject([
      {
        query: 'magnific=4x&prompt=a%20red%20fox&hdr=3',
        params: { scale_factor: '4x', prompt: 'a red fox', hdr: 3 },
        result: { width: 800, height: 640 },
        isUsed: false,
      },
    ])
  })

  it.each([
    ['more', 0.2],
    ['less', 0],
    ['nothing that is a number of cents', 0.1049 + 0.01],
  ])('refuses an estimate of %s than it is now, and says what it is', async (_, estimate) => {
    const { upscale, id, emulator } = await open()
    const begun = await upscale(id, query, estimate)
    expect(begun).toMatchObject({ ok: false })
    expect(begun.ok || begun.problem).toContain('~€0.10 now')
    expect(postsTo(emulator)).toBe(0)
  })

  it('refuses the estimate of a picture that has become another one', async () => {
    const { upscale, id, project, emulator } = await open()
    project.write('src/a.png', await makePng({ width: 1500, height: 1000 }))
    const begun = await upscale(id, query, 0.1)
    expect(begun.ok || begun.problem).toContain('~€0.20 now')
    expect(postsTo(emulator)).toBe(0)
  })

  it('refuses a picture of the same size that nobody has looked at', async () => {
    const { upscale, preview, id, project, emulator } = await open()
    const shown = await preview(id, query)
    // Another query is not what was agreed to, where it costs the same.
    const fingerprint = shown.ok ? shown.fingerprint : ''
    const other = await upscale(id, `${query}&hdr=1`, 0.1, fingerprint)
    project.write('src/a.png', await makePng({ width: 200, height: 160, seed: 9 }))
    for (const { ok, problem } of [other, await upscale(id, query, 0.1, fingerprint)].map(
      (each) => ({ problem: '', ...each }),
    )) {
      expect([ok, problem]).toEqual([
        false,
        expect.stringContaining('has changed since you looked at it'),
      ])
    }
    expect(postsTo(emulator)).toBe(0)
  })

  it('refuses a picture that changes between the click and the purchase', async () => {
    const { project, emulator } = await open()
    const given = { apiKey: canary, baseUrl: emulator.url }
    const options = resolveOptions(given, { root: project.dir, command: 'build', env: {} })
    const logger = { info: () => {}, warn: () => {} }
    const events: InspectorEvent[] = []
    const buying = createBuying(
      openContext(options, logger),
      (event) => void events.push(event),
      {},
    )
    onTestFinished(async () => buying.close())
    const place = { importer: project.path('src/main.js'), line: 1, reached: true }
    const file = project.path('src/a.png')
    const [planned] = await createPlanner(options, logger).plan([
      { ...place, specifier: `${file}?${query}`, file, query },
    ])
    if (!planned) throw new Error('Nothing is planned.')
    const other = await makePng({ width: 200, height: 160, seed: 9 })
    const begun = await buying.begin(
      async () => {
        project.write('src/a.png', other)
        return planned
      },
      { id: 'an image', estimate: 0.1, fingerprint: planned.fingerprint ?? '' },
    )
    expect(begun).toMatchObject({ ok: true })
    await expect.poll(() => events.at(-1)).toEqual({ kind: 'changed' })
    expect(events.at(-2)).toMatchObject({
      phase: 'failed',
      fingerprint: planned.fingerprint,
      message: expect.stringContaining('has changed since it was looked at'),
    })
    expect(postsTo(emulator)).toBe(0)
  })

  it('counts against the budget of this run, and stops where it ends', async () => {
    const source = `${main}import b from './b.png?magnific=2x'\nconsole.log(b)\n`
    const { upscale, listen, find, inspect, id, emulator } = await open(
      { options: { budget: { tasks: 1, euros: 5 } } },
      source,
    )
    expect((await inspect()).budget).toEqual({ tasks: 1, euros: 5, usedTasks: 0, usedEuros: 0 })
    const pushed = await listen()
    await upscale(id, query, 0.1)
    await pushed.until(() => pushed.phases().includes('done'))
    expect((await inspect()).budget).toEqual({ tasks: 1, euros: 5, usedTasks: 1, usedEuros: 0.1 })
    const begun = await upscale((await find('src/b.png')).id, query, 0.1)
    expect(begun).toMatchObject({ ok: false })
    expect(begun.ok || begun.problem).toContain(
      'does not fit into the budget of 1 task (1 task, ~€0.10, taken so far)',
    )
    expect(postsTo(emulator)).toBe(1)
  })

  it('pays once within the budget for two that are asked for at the same moment', async () => {
    const source = `${main}import b from './b.png?magnific=2x'\nconsole.log(b)\n`
    const { upscale, listen, find, id, emulator } = await open(
      { options: { budget: { tasks: 1 } } },
      source,
    )
    const other = (await find('src/b.png')).id
    const pushed = await listen()
    await Promise.all([upscale(id, query, 0.1), upscale(other, query, 0.1)])
    await pushed.until(() => pushed.phases().includes('done'))
    await pushed.until(() => pushed.phases().includes('failed'))
    const failed = pushed.events.find(
      (event) => event.kind === 'progress' && event.phase === 'failed',
    )
    expect(failed).toMatchObject({ message: expect.stringContaining('the budget of 1 task') })
    expect(postsTo(emulator)).toBe(1)
  })

  it.each([
    ['no key', { apiKey: undefined }, 'There is no API key.'],
    ['a cache that is read alone', { cache: { readOnly: true } }, '`cache.readOnly` is set'],
  ])('buys nothing with %s, and says so before anybody clicks', async (_, options, why) => {
    const { upscale, inspect, id, emulator } = await open({ options })
    const { buying } = await inspect()
    expect(buying).toEqual({ allowed: false, why: expect.stringContaining(why) })
    expect(await upscale(id, query, 0.1)).toEqual({
      ok: false,
      problem: expect.stringContaining(why),
    })
    expect(emulator.calls).toEqual([])
  })

  it('refuses a query in the words of the parser', async () => {
    const { upscale, preview, id, emulator } = await open()
    const problem = expect.stringContaining('`hdr` must be a whole number from -10 to 10, got 11.')
    expect(await upscale(id, 'magnific=2x&hdr=11', 0.1)).toEqual({ ok: false, problem })
    expect(await preview(id, 'magnific=2x&hdr=11')).toEqual({ ok: false, problem })
    expect(await preview(id, 'magnifc=2x')).toMatchObject({
      problem: expect.stringContaining('Did you mean "magnific"?'),
    })
    expect(emulator.calls).toEqual([])
  })

  it('refuses where there is room for one URL what is more than that', async () => {
    const { preview, upscale, find, emulator } = await openInspected({
      'src/main.js': "import './style.css'\n",
      'src/style.css': '.a { background: url(./a.png?magnific=2x) }\n',
    })
    const { id } = await find('src/a.png')
    const problem = expect.stringContaining('here is room for one URL')
    expect(await preview(id, 'magnific=2x&w=100;200')).toEqual({ ok: false, problem })
    expect(await upscale(id, 'magnific=2x&w=100;200', 0.1)).toEqual({ ok: false, problem })
    expect(emulator.calls).toEqual([])
  })

  it('tells why it failed, and does not buy it a second time by itself', async () => {
    const { upscale, listen, find, id, emulator } = await open({
      emulator: { faults: [{ route: 'submit', outcome: 'FAILED' }] },
    })
    const pushed = await listen()
    await upscale(id, query, 0.1)
    await pushed.until(() => pushed.phases().includes('failed'))
    expect(pushed.phases().filter((phase) => phase === 'failed')).toHaveLength(1)
    expect(pushed.events.findLast(({ kind }) => kind === 'progress')).toMatchObject({
      message: expect.stringContaining('magnific retry'),
    })
    const { state, estimate, fingerprint } = await find('src/a.png')
    expect([state, estimate]).toEqual(['failed', 0])
    const again = await upscale(id, query, 0)
    expect(again.ok || again.problem).toContain(
      `Run \`npx magnific retry ${fingerprint.slice(0, 12)}\``,
    )
    expect(postsTo(emulator)).toBe(1)
  })

  it('sells nothing that may be paid for already, and says what settles it', async () => {
    const { upscale, listen, find, id, emulator } = await open({
      emulator: { list: false, faults: [{ route: 'submit', cut: 'after-request', accept: true }] },
    })
    const pushed = await listen()
    await upscale(id, query, 0.1)
    await pushed.until(() => pushed.phases().includes('failed'))
    const posts = postsTo(emulator)
    const { state, fingerprint } = await find('src/a.png')
    expect(state).toBe('ambiguous')
    const again = await upscale(id, query, 0)
    expect(again.ok || again.problem).toContain(
      `\`npx magnific resolve ${fingerprint.slice(0, 12)} --void\``,
    )
    expect(postsTo(emulator)).toBe(posts)
  })

  it('tells what the key is refused with, and tries again once it is good', async () => {
    const { upscale, listen, id, emulator } = await open({
      emulator: { faults: [{ route: 'submit', status: 401, times: 1 }] },
    })
    const pushed = await listen()
    await upscale(id, query, 0.1)
    await pushed.until(() => pushed.phases().includes('failed'))
    expect(emulator.tasks).toHaveLength(0)
    await upscale(id, query, 0.1)
    await pushed.until(() => pushed.phases().includes('done'))
    expect(emulator.tasks).toHaveLength(1)
  })

  it('is not found for an image that there is not', async () => {
    const { post, emulator } = await open()
    for (const path of ['api/upscale', 'api/preview']) {
      const agreed = { query, estimate: 0.1, fingerprint: '' }
      const answer = await post(path, { id: '0123456789abcdef', ...agreed })
      expect(answer.status).toBe(404)
      expect(readJson(answer)).toMatchObject({ ok: false })
    }
    expect(emulator.calls).toEqual([])
  })

  it('keeps what was submitted when the server is closed', async () => {
    const { upscale, listen, id, emulator, dev, project } = await open({
      emulator: { latency: Number.POSITIVE_INFINITY },
    })
    const pushed = await listen()
    await upscale(id, query, 0.1)
    await pushed.until(() => pushed.phases().includes('upscaling'))
    await dev.vite.close()
    const [task] = emulator.tasks
    expect(project.list('.magnific').some((file) => file.endsWith('/task'))).toBe(true)
    expect(task?.status).not.toBe('COMPLETED')
  })
})

it('spends by nothing else', async () => {
  const { ask, post, inspect, find, preview, listen, id, emulator } = await open()
  const { pictures } = await find('src/a.png')
  await listen()
  await inspect()
  for (const url of Object.values(pictures).filter((each) => each?.startsWith('api/'))) {
    expect((await ask(url ?? '')).status).toBe(200)
    expect((await ask(url ?? '', { method: 'HEAD' })).status).toBe(200)
  }
  const tried = await preview(id, 'magnific=4x')
  expect((await ask(tried.ok ? tried.after : '')).status).toBe(200)
  for (const path of [`api/compare/${id}`, 'api/upscale', `api/result/${'0'.repeat(64)}`])
    await ask(path)
  await post('api/preview', { id, query, estimate: 0.1 })
  await post('api/open', { file: 'src/nothing.js', line: 1 })
  expect(emulator.calls).toEqual([])
})
