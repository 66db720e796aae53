import { spawn } from 'node:child_process'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { bundleForNode } from '../../helpers/bundle.ts'
import { createEnds } from '../../helpers/ends.ts'
import { remoteStores, warnWithoutStores } from '../../helpers/remote-stores.ts'
import type { RemoteServer } from '../../helpers/remote-stores.ts'

warnWithoutStores()

const allEnds = createEnds()
let script: string

beforeAll(async () => {
  const source = fileURLToPath(new URL('../../helpers/remote-child.ts', import.meta.url))
  script = await bundleForNode(source, allEnds.onEnd)
})
afterAll(allEnds.end)

describe.each(remoteStores)('$name', ({ isThere, startServer, ways }) => {
  describe.skipIf(!isThere).each(Object.keys(ways))('as %s', (way) => {
    const ends = createEnds()
    let server: RemoteServer

    beforeAll(async () => {
      server = await startServer(ends.onEnd)
    })
    afterAll(ends.end)

    it('lets a process end that has closed it', async () => {
      const { ended } = runChild(server.url, way, 'close')
      expect(await ended).toEqual({ code: 0, output: 'ready value claim\n' })
    })

    it.runIf(way === 'a URL')('lets a process end that has forgotten it', async () => {
      const { ended } = runChild(server.url, way, 'forget')
      expect(await ended).toEqual({ code: 0, output: 'ready value claim\n' })
    })

    it('lets a process live whose idle connections a crash has ended', async () => {
      const { child, ended, says } = runChild(server.url, way, 'wait')
      await says('ready value claim')
      await server.restart()
      child.stdin.write('on\n')
      expect(await ended).toEqual({ code: 0, output: 'ready value claim\nlater later value\n' })
    })
  })
})

interface Running {
  child: ChildProcessWithoutNullStreams
  ended: Promise<{ code: number | null; output: string }>
  /** Waits for a text in its output. */
  says(text: string): Promise<void>
}

/** Starts a process with a port. It is gone when the test ends. */
function runChild(url: string, way: string, then: 'close' | 'forget' | 'wait'): Running {
  const child = spawn(process.execPath, [script, url, way, then])
  onTestFinished(() => void child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => (output += String(chunk)))
  }
  return {
    child,
    ended: once(child, 'close').then(([code]) => ({ code: code as number | null, output })),
    says: async (text) => {
      const signal = AbortSignal.timeout(20_000)
      while (!output.includes(text)) await once(child.stdout, 'data', { signal })
    },
  }
}
