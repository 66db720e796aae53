import { once } from 'node:events'
import { expect, it } from 'vitest'
import { at, openSocket, requestBytes, startEmulator } from './helpers.ts'

it('accepts nothing before the last byte of the body', async () => {
  const emulator = await startEmulator({ latency: Infinity })
  const { head, body } = await requestBytes()
  const { socket, received, ended } = openSocket(emulator.port)
  socket.write(head + body.slice(0, -1))
  await emulator.until(() => emulator.calls.length === 1)
  // a second, whole request is answered meanwhile: the first has had every chance
  const other = openSocket(emulator.port)
  other.socket.write(head + body)
  expect(await other.ended).toContain('200 OK')
  expect(emulator.tasks).toHaveLength(1)
  expect(received()).toBe('')
  expect(emulator.calls[0]).toMatchObject({ status: undefined, answered: false })

  socket.write(body.slice(-1))
  expect(await ended).toContain('200 OK')
  expect(emulator.tasks).toHaveLength(2)
})

it.each(['destroy', 'end', 'reset'] as const)(
  'creates no task when the socket goes before the last byte (%s)',
  async (how) => {
    const emulator = await startEmulator()
    const { head, body } = await requestBytes()
    const { socket } = openSocket(emulator.port)
    await once(socket, 'connect')
    await new Promise((resolve) => socket.write(head + body.slice(0, -1), resolve))
    await emulator.until(() => emulator.calls.length === 1)
    if (how === 'destroy') socket.destroy()
    else if (how === 'end') socket.end()
    else socket.resetAndDestroy()

    await emulator.until(() => at(emulator.calls, 0).over)
    expect(emulator.tasks).toHaveLength(0)
    expect(emulator.calls[0]).toMatchObject({ status: undefined, taskId: undefined })
    const whole = openSocket(emulator.port)
    whole.socket.write(head + body)
    await whole.ended
    expect(emulator.calls[1]?.taskId).toBe(emulator.tasks[0]?.id)
  },
)

it('creates no task from a whole JSON text under a longer Content-Length', async () => {
  const emulator = await startEmulator()
  const { body } = await requestBytes()
  const { head } = await requestBytes(body.length + 1)
  const { socket, ended } = openSocket(emulator.port)
  socket.write(head + body)
  await emulator.until(() => emulator.calls.length === 1)
  socket.end()
  expect(await ended).not.toContain('200 OK')
  await emulator.until(() => at(emulator.calls, 0).over)
  expect(emulator.tasks).toHaveLength(0)
})

it('accepts the task of a client that leaves right after the last byte', async () => {
  const emulator = await startEmulator()
  const { head, body } = await requestBytes()
  const { socket } = openSocket(emulator.port)
  socket.write(head + body.slice(0, -1))
  await emulator.until(() => emulator.calls.length === 1)
  socket.write(body.slice(-1), () => socket.destroy())
  await emulator.until(() => emulator.tasks.length === 1)
})

it('answers a refused key before the body has arrived', async () => {
  const emulator = await startEmulator({ apiKeys: ['another'] })
  const { head, body } = await requestBytes()
  const { socket, ended } = openSocket(emulator.port)
  socket.write(head + body.slice(0, -1))
  await once(socket, 'data')
  socket.end()
  expect(await ended).toContain('401 Unauthorized')
})
