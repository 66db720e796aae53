import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { parseFault } from '../../src/cli/emulator-flags.ts'
import { canary } from '../helpers/canary.ts'
import { runCli } from '../helpers/config-project.ts'
import { startEmulator } from '../helpers/emulator.ts'
import { makePng } from '../helpers/images.ts'
import { tmpProject } from '../helpers/project.ts'
import { runBash } from '../helpers/run-bash.ts'

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))

interface Running {
  process: ChildProcess
  url: string
  /** What it printed, line by line. Live. */
  lines: string[]
  /** Tells it to end; nothing is left of it then. */
  end: (signal?: NodeJS.Signals) => Promise<{ code: number | null; stderr: string }>
}

/** Starts the emulator as a process, on any port, and waits until it listens. */
async function start(...args: string[]): Promise<Running> {
  const tmp = tmpProject().path('tmp')
  mkdirSync(tmp)
  const child = spawn(process.execPath, [cli, 'emulator', '--port', '0', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, TMPDIR: tmp },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const lines: string[] = []
  let stderr = ''
  child.stderr.on('data', (chunk) => (stderr += String(chunk)))
  const closed = once(child, 'close')
  const reader = createInterface({ input: child.stdout })
  const url = await new Promise<string>((resolve, reject) => {
    let found: string | undefined
    reader.on('line', (line) => {
      lines.push(line)
      found ??= /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0]
      // Who reads its words for people waits until they are all there: the key is the last of them.
      if (found && (line.startsWith('{') || line.includes('API_KEY='))) resolve(found)
    })
    void closed.then(() => reject(new Error(stderr)))
  })
  return {
    process: child,
    url,
    lines,
    end: async (signal = 'SIGINT') => {
      child.kill(signal)
      const [code] = await closed
      expect(readdirSync(tmp)).toEqual([])
      return { code: code as number | null, stderr }
    },
  }
}

const endpoint = '/v1/ai/image-upscaler'

async function submit(url: string, key = 'anything'): Promise<Response> {
  const image = (await makePng({ width: 64, height: 64 })).toString('base64')
  return fetch(url + endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-freepik-api-key': key },
    body: JSON.stringify({ image, scale_factor: '2x' }),
  })
}

describe('magnific emulator', () => {
  it('tells its URL and the environment to build with, and sums up at the end', async () => {
    const { url, lines, end } = await start()
    expect((await submit(url)).status).toBe(200)
    expect(await end()).toEqual({ code: 0, stderr: '' })
    expect(lines).toEqual([
      `The emulator of the Magnific API listens on ${url}. Build with this environment:`,
      `  MAGNIFIC_BASE_URL=${url}`,
      '  FREEPIK_API_KEY=anything',
      'Its results are resampled here, and cost nothing. Ctrl+C ends it.',
      '1 task would have been charged for · 1 call',
      '1 task did not end, and nobody knows of them any more. Builds that wait for them are told what to do by `magnific status`.',
    ])
    await expect(fetch(url)).rejects.toThrow('fetch failed')
  })

  it('prints objects for programs, one on each line, and ends on SIGTERM too', async () => {
    const { url, lines, end } = await start('--json', '--verbose', '--latency=0')
    const answer = (await (await submit(url)).json()) as { data: { task_id: string } }
    expect(await end('SIGTERM')).toEqual({ code: 0, stderr: '' })
    const said = lines.map((line) => JSON.parse(line) as object)
    expect(said).toEqual([
      { url, downloadUrl: url, port: Number(new URL(url).port), pid: expect.any(Number) },
      {
        call: 0,
        route: 'submit',
        method: 'POST',
        path: endpoint,
        status: 200,
        task: answer.data.task_id,
        faulted: false,
      },
      { tasks: 1, unfinished: expect.any(Number), calls: 1 },
    ])
  })

  it('takes the keys, the list and the faults that it is told of', async () => {
    const running = await start(
      '--api-key=0123',
      '--api-key',
      canary,
      '--no-list',
      '--fault',
      'submit status=503 retry-after=7 times=1',
      '--fault={ "route": "submit", "status": 418, "times": 1 }',
      '--verbose',
    )
    const { url, lines, end } = running
    const busy = await submit(url, '0123')
    expect([busy.status, busy.headers.get('retry-after')]).toEqual([503, '7'])
    expect((await submit(url, canary)).status).toBe(418)
    expect((await submit(url, 'another')).status).toBe(401)
    expect((await submit(url, canary)).status).toBe(200)
    const list = await fetch(url + endpoint, { headers: { 'x-freepik-api-key': '0123' } })
    expect(list.status).toBe(404)
    await end()
    expect(lines[2]).toBe('  FREEPIK_API_KEY=<one of --api-key>')
    expect(lines.slice(4, 9)).toEqual([
      `POST ${endpoint} → 503  (a fault)`,
      `POST ${endpoint} → 418  (a fault)`,
      `POST ${endpoint} → 401`,
      expect.stringMatching(/^POST \S+ → 200 {2}task [\da-f-]{36}$/),
      `GET ${endpoint} → 404`,
    ])
    expect(lines.join('\n')).not.toContain(canary)
  })

  it('is what a build upscales with', async () => {
    const { url, lines, end } = await start('--latency', '0')
    const project = tmpProject({
      'src/hero.png': await makePng({ width: 80, height: 60 }),
      'src/main.js': "import hero from './hero.png?magnific=2x'\nconsole.log(hero)\n",
      'build.mjs': `import { build } from '${import.meta.resolve('vite')}'
import magnific from '${import.meta.resolve('unplugin-magnific/vite')}'
await build({ build: { rollupOptions: { input: 'src/main.js' } }, plugins: [magnific()] })\n`,
    })
    const [, base = '', key = ''] = lines.map((line) => line.trim())
    const env = Object.fromEntries([base, key].map((line) => line.split('=')))
    const { code, log } = await runBash(
      'node build.mjs',
      project.dir,
      env as Record<string, string>,
    )
    expect(code, log).toBe(0)
    expect(log).toContain('1 paid')
    await end()
    expect(lines.at(-1)).toMatch(/^1 task would have been charged for · \d+ calls$/)
    expect(url).toBe(base.split('=')[1])
  })

  it('lists everything that is wrong with its flags, and ends with 2', async () => {
    const args = ['emulator', '--port', 'x', '--latency', 'soon', '--shape', 'round', '--no-list']
    args.push('--list-lag', '5', '--result-format', 'gif', '--fault', 'nowhere hang')
    args.push('--fault', 'submit status=9999 colour=red', '--fault', '{ a', '--fault', 'submit =5')
    const { code, stdout, stderr } = await runCli(tmpProject().dir, args)
    expect([code, stdout]).toEqual([2, ''])
    for (const problem of [
      '--port must be a number, got "x".',
      '--latency must be a number, got "soon".',
      'Say either --no-list or --list-lag.',
      '--shape: Invalid type: Expected ("data" | "bare") but received "round"',
      '--result-format: Invalid type: Expected ("png" | "jpeg" | "webp") but received "gif"',
      "--fault 'submit status=9999 colour=red': status: Invalid value: Expected <=599",
      "--fault 'submit status=9999 colour=red': colour: Invalid key",
      "--fault 'nowhere hang': route: ",
      "--fault '{ a': ",
      `--fault 'submit =5': "=5" is not understood.`,
    ]) {
      expect(stderr).toContain(problem)
    }
    expect(stderr.trim().split('\n')).toHaveLength(10)
  })

  it('says that a port is in use, or that there is no such address', async () => {
    const { port } = await startEmulator()
    const cwd = tmpProject().dir
    const taken = await runCli(cwd, ['emulator', '--port', String(port)])
    expect([taken.code, taken.stdout]).toEqual([1, ''])
    expect(taken.stderr).toContain(`Port ${port} of 127.0.0.1 is in use.`)
    const nowhere = await runCli(cwd, ['emulator', '--port', '0', '--host', '192.0.2.1'])
    expect(nowhere.code).toBe(1)
    expect(nowhere.stderr).toContain('The emulator cannot listen on 192.0.2.1')
  })
})

describe('parseFault', () => {
  it.each([
    ['submit', { route: 'submit' }],
    ['submit hang', { route: 'submit', hang: true }],
    [
      '  download  content=truncated after=2 ',
      { route: 'download', content: 'truncated', after: 2 },
    ],
    ['route=status status=500', { route: 'status', status: 500 }],
    ['submit outcome=FAILED error=null', { route: 'submit', outcome: 'FAILED', error: null }],
    [
      'submit error="two \\"words\\"" accept=false',
      { route: 'submit', error: 'two "words"', accept: false },
    ],
    [
      'list retry-after={"date": 5} status=429',
      { route: 'list', retryAfter: { date: 5 }, status: 429 },
    ],
    [
      'submit unknown-status={"status":"ODD","polls":2} early',
      { route: 'submit', unknownStatus: { status: 'ODD', polls: 2 }, early: true },
    ],
    [
      'status redirect=http://127.0.0.1:1/?a=b',
      { route: 'status', redirect: 'http://127.0.0.1:1/?a=b' },
    ],
    ['{ "route": "webhook", "drop": true }', { route: 'webhook', drop: true }],
  ])('reads %s', (text, fault) => {
    expect(parseFault(text)).toEqual(fault)
  })
})
