import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { connect } from 'node:net'
import { expect, it } from 'vitest'
import { createEmulator, type EmulatorOptions } from '../../src/emulator/index.ts'
import { at, get, makeResult, openSocket, requestBytes, startEmulator, submit } from './helpers.ts'

const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith('magnific-emulator-'))

it('removes its folder and refuses connections once closed, and closes twice', async () => {
  const before = new Set(folders())
  const emulator = await createEmulator({ latency: Infinity })
  const mine = folders().filter((name) => !before.has(name))
  const { url } = await makeResult(emulator)
  expect((await fetch(url)).status).toBe(200)
  expect(mine.length).toBeGreaterThan(0)
  await Promise.all([emulator.close(), emulator.close()])
  // other test files may run emulators of their own meanwhile, so look at one's own task
  const left = folders().filter((name) =>
    existsSync(`${tmpdir()}/${name}/${emulator.tasks[0]?.id}.regular`),
  )
  expect(left).toEqual([])
  const socket = connect(emulator.port, '127.0.0.1')
  const [error] = await once(socket, 'error')
  expect(error.code).toBe('ECONNREFUSED')
})

it('closes in the midst of everything', async () => {
  const emulator = await createEmulator({
    latency: 50,
    downloadHost: 'separate',
    webhookRetryDelay: 60_000,
    faults: [
      { route: 'list', hang: true },
      { route: 'status', delay: 60_000 },
      { route: 'download', content: 'endless' },
      { route: 'webhook', times: 1, delay: 60_000 },
    ],
  })
  const { head, body } = await requestBytes()
  const half = openSocket(emulator.port)
  half.socket.write(head + body.slice(0, 20))
  const idle = openSocket(emulator.port)
  await once(idle.socket, 'connect')
  const { json } = await submit(emulator, { webhook_url: 'http://127.0.0.1:1/' })
  const hanging = [get(emulator), get(emulator, `/${json.data.task_id}`)].map((call) =>
    call.then(
      () => 'answered',
      () => 'cut',
    ),
  )
  emulator.complete()
  await emulator.until(() => emulator.calls.length === 4 && emulator.webhooks.length > 0)
  const start = performance.now()
  await emulator.close()
  expect(performance.now() - start).toBeLessThan(2000)
  expect(await Promise.all(hanging)).toEqual(['cut', 'cut'])
  await Promise.all([half.ended, idle.ended])
})

it('closes while it resamples', async () => {
  const emulator = await createEmulator({ latency: Infinity })
  const { url } = await makeResult(emulator, { scale_factor: '16x' })
  const download = fetch(url).then(
    async (response) => (await response.arrayBuffer()).byteLength > 0,
    () => false,
  )
  await emulator.until(() => emulator.calls.at(-1)?.route === 'download')
  await emulator.close()
  await download
  expect(
    folders().some((name) => existsSync(`${tmpdir()}/${name}/${emulator.tasks[0]?.id}.source`)),
  ).toBe(false)
})

it('changes no task after close()', async () => {
  const emulator = await createEmulator({ latency: 20 })
  await submit(emulator)
  await emulator.close()
  const { length } = at(emulator.tasks, 0).history
  await new Promise((resolve) => setTimeout(resolve, 30))
  expect(at(emulator.tasks, 0).history).toHaveLength(length)
})

it('is disposed of like any resource', async () => {
  const emulator = await createEmulator()
  await emulator[Symbol.asyncDispose]()
  await expect(fetch(emulator.url)).rejects.toThrow('fetch failed')
})

it('runs beside another one, each with tasks of its own', async () => {
  const [first, second] = [await startEmulator(), await startEmulator()]
  await submit(first)
  expect([first.tasks.length, second.tasks.length]).toEqual([1, 0])
  expect(first.port).not.toBe(second.port)
})

it('fails when the port is taken, and leaves nothing behind', async () => {
  const emulator = await startEmulator()
  await expect(createEmulator({ port: emulator.port })).rejects.toThrow('EADDRINUSE')
})

it('refuses bad options, all at once', async () => {
  const bad: EmulatorOptions = JSON.parse(
    '{ "prot": 1, "latency": -1, "shape": "round", "faults": [{ "route": "x" }] }',
  )
  const message = await createEmulator(bad).catch(String)
  for (const part of ['prot', 'latency', 'shape', 'faults.0.route']) expect(message).toContain(part)
})

it('tells of each call when it is over', async () => {
  const seen: unknown[] = []
  const emulator = await startEmulator({
    onCall: ({ route, status }) => seen.push([route, status]),
  })
  await submit(emulator)
  await get(emulator, '/nobody')
  await emulator.until(() => seen.length === 2)
  expect(seen).toEqual([
    ['submit', 200],
    ['status', 404],
  ])
})

it('gives up waiting after the time told, and on close()', async () => {
  const emulator = await startEmulator()
  await expect(emulator.until(() => false, 1)).rejects.toThrow('within 1 ms')
  const waiting = emulator.until(() => false)
  const closed = expect(waiting).rejects.toThrow('closed')
  await emulator.close()
  await closed
})
