import type { RemotePort } from './port.ts'

/**
 * The same port, whose calls fail when it is closed, whatever the store makes of them: some clients leave what waits for a
 * connection waiting for ever.
 */
export function makeClosable(port: RemotePort): RemotePort {
  const { claims } = port
  const waiting = new Set<(error: Error) => void>()
  let closing: Promise<void> | undefined
  const run = async <T>(call: () => Promise<T>): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      if (closing) throw new Error(`The connection to ${port.name} is closed.`)
      waiting.add(reject)
      const forget = (): void => void waiting.delete(reject)
      call().then(resolve, reject).finally(forget)
    })
  return {
    ...port,
    get: async (key) => run(async () => port.get(key)),
    set: async (key, value) => run(async () => port.set(key, value)),
    claims: claims && {
      keyOf: (key) => claims.keyOf(key),
      create: async (key, text) => run(async () => claims.create(key, text)),
      read: async (key) => run(async () => claims.read(key)),
      replace: async (key, text) => run(async () => claims.replace(key, text)),
    },
    close: async () => {
      closing ??= port.close()
      for (const reject of waiting) reject(new Error(`The connection to ${port.name} was closed.`))
      await closing
    },
  }
}
