import type { Plugin } from 'vite'
import { cssLanguage } from './styles.ts'

/**
 * Lets a watching build see the images of style sheets: they are resolved where no plugin can add a file. All of them are
 * added to each sheet, since what a sheet imports is resolved for the sheet that it is part of.
 *
 * @param files live
 */
export function createWatchPlugin(files: ReadonlySet<string>): Plugin {
  return {
    name: 'unplugin-magnific:watch',
    enforce: 'post',
    apply: ({ build }, { command }) => command === 'build' && Boolean(build?.watch),
    transform(_, id) {
      if (!cssLanguage.test(id) && !id.endsWith('.html')) return
      for (const file of files) this.addWatchFile(file)
    },
  }
}
