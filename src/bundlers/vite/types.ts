import { resolve } from 'node:path'
import type { Plugin, ViteDevServer } from 'vite'
import { scanTypes, startTypes, warnOfTypes } from '../types.ts'
import type { TypesRun } from '../types.ts'
import type { Session } from './session.ts'

/** Editors write a file in several steps, and several files at once. ms */
const settleTime = 50

/**
 * Keeps the file of types up to date: beside a build, and in a dev server from its start, whenever a source changes. What a
 * server has loaded makes no difference, and nothing waits for the types.
 */
export function createTypesPlugin(requireSession: () => Session): Plugin {
  let run: TypesRun | undefined
  let served: ServedTypes | undefined
  return {
    name: 'unplugin-magnific:types',
    configureServer: (server) => {
      const session = requireSession()
      if (session.upscaler.options.dts !== undefined) served = serveTypes(server, session)
    },
    buildStart() {
      const { config, upscaler } = requireSession()
      if (config.command !== 'build') return
      run = startTypes(upscaler.options, config.logger, findIgnored(requireSession()))
    },
    async buildEnd(error) {
      await run?.finish(error ? [] : this.getModuleIds())
      run = undefined
      await served?.close()
    },
  }
}

interface ServedTypes {
  /** Resolves when nothing is being written any more. */
  close(): Promise<void>
}

function findIgnored({ config }: Session): string[] {
  return [resolve(config.root, config.build.outDir)]
}

function serveTypes({ watcher }: ViteDevServer, session: Session): ServedTypes {
  const { config, upscaler } = session
  const changed = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  // One after the other, so that the last one has the last word.
  let work = scanTypes(upscaler.options, findIgnored(session))
    .then(async (file) => {
      await file.write()
      return file
    })
    .catch(warn)

  function warn(error: unknown): undefined {
    warnOfTypes(error, upscaler.options, config.logger)
  }

  const update = (): void => {
    work = work.then(async (file) => {
      const files = [...changed].filter((path) => file?.concerns(path))
      changed.clear()
      if (files.length === 0) return file
      file?.rescan(files)
      await file?.write().catch(warn)
      return file
    })
  }
  // What changes between the scan and this moment is told by nobody.
  watcher.once('ready', () => {
    work = work.then(async (file) => {
      await file?.scan().catch(warn)
      await file?.write().catch(warn)
      return file
    })
  })
  watcher.on('all', (_, path) => {
    changed.add(resolve(path))
    clearTimeout(timer)
    timer = setTimeout(update, settleTime)
    timer.unref()
  })
  return {
    close: async () => {
      clearTimeout(timer)
      await work
    },
  }
}
