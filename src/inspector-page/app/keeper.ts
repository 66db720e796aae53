/** Keeps what a reload is not to lose, such as a form that is half filled in: a dev server that restarts loads the page anew. */
export interface Keeper {
  /**
   * What was kept under a name when the page was left; once.
   *
   * @param read is called when the page is left, unless the signal is aborted by then
   */
  keep(name: string, read: () => unknown, signal?: AbortSignal): unknown
}

/** Keeps it in this tab, for this page. */
export function createKeeper(): Keeper {
  const key = `magnific:${location.pathname}`
  const readers = new Map<string, () => unknown>()
  const kept = take(key)
  addEventListener('pagehide', () => {
    const all = [...readers].map(([name, read]) => [name, read()])
    try {
      sessionStorage.setItem(key, JSON.stringify(Object.fromEntries(all)))
    } catch {
      // Where nothing can be kept, the page begins anew.
    }
  })
  return {
    keep: (name, read, signal) => {
      readers.set(name, read)
      signal?.addEventListener('abort', () => {
        if (readers.get(name) === read) readers.delete(name)
      })
      const value = kept[name]
      delete kept[name]
      return value
    },
  }
}

function take(key: string): Record<string, unknown> {
  try {
    const text = sessionStorage.getItem(key) ?? '{}'
    sessionStorage.removeItem(key)
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    return {}
  }
}
