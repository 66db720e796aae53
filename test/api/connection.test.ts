import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { openConnection } from '../../src/api/connection.ts'

/** A body that was begun, and of which nothing more will come; it knows of no signal. */
function stalledBody(onCancel: () => void = () => {}): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start: (controller) => controller.enqueue(new Uint8Array([1, 2, 3])),
    cancel: onCancel,
  })
}

async function readAll(chunks: AsyncIterable<Uint8Array>): Promise<number[]> {
  const bytes: number[] = []
  for await (const chunk of chunks) bytes.push(...chunk)
  return bytes
}

describe('a connection', () => {
  it('reads a body to its end', async () => {
    const connection = openConnection(undefined, { silence: 1000 })
    const body = new Response('hello').body
    expect(body && Buffer.from(await readAll(connection.read(body))).toString()).toBe('hello')
    connection.close()
  })

  it('holds nothing of what it has read', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const connection = openConnection(undefined, { silence: 60_000 })
    const read: WeakRef<Uint8Array>[] = []
    let left = 20
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => (left-- > 0 ? controller.enqueue(new Uint8Array(9)) : undefined),
    })
    const chunks = connection.read(body)
    while (read.length < 20) read.push(new WeakRef((await chunks.next()).value as Uint8Array))
    // A reference that was looked at is held to the end of its turn.
    await new Promise((resolve) => setImmediate(resolve))
    collect()
    const held = read.filter((each) => each.deref() !== undefined)
    expect(held.length).toBeLessThan(3)
    connection.close()
  })

  it('ends with the signal, also where the body does not hear of it', async () => {
    const controller = new AbortController()
    const connection = openConnection(controller.signal, { silence: 60_000 })
    let cancelled = false
    const reading = readAll(connection.read(stalledBody(() => (cancelled = true))))
    controller.abort(new Error('Enough.'))
    await expect(reading).rejects.toThrow('Enough.')
    expect(cancelled).toBe(true)
    connection.close()
  })

  it('waits for nothing where the signal is aborted beforehand', async () => {
    const connection = openConnection(AbortSignal.abort(new Error('Enough.')), { silence: 60_000 })
    await expect(connection.wait(new Promise(() => {}))).rejects.toThrow('Enough.')
    expect(connection.signal.aborted).toBe(true)
    connection.close()
  })

  it('ends after too long a silence', async () => {
    const connection = openConnection(undefined, { silence: 20 })
    await expect(readAll(connection.read(stalledBody()))).rejects.toThrow(
      'Nothing came for 0.02 s.',
    )
    connection.close()
  })

  it('ends when it takes too long in all, though something comes all the time', async () => {
    const connection = openConnection(undefined, { total: 50 })
    const body = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        await new Promise((resolve) => setTimeout(resolve, 5))
        controller.enqueue(new Uint8Array(1))
      },
    })
    await expect(readAll(connection.read(body))).rejects.toThrow('It took more than 0.05 s.')
    connection.close()
  })

  it.each([2 ** 31, 2 ** 40, Number.POSITIVE_INFINITY])(
    'of at most %d ms does not end at once, as a timer of so long would',
    async (total) => {
      const connection = openConnection(undefined, { total })
      const soon = new Promise((resolve) => setTimeout(resolve, 50, 'soon'))
      expect(await connection.wait(soon)).toBe('soon')
      expect(connection.signal.aborted).toBe(false)
      connection.close()
    },
  )

  it('does not keep the process alive once it is closed', () => {
    const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const connection = openConnection(undefined, { silence: 60_000 })
    connection.close()
    const after = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    expect(after).toBe(before)
  })
})
