import { join } from 'node:path'
import type { UserConfig } from 'vite'
import { writeReportShell } from './report-shell.ts'

const root = import.meta.dirname

const config: UserConfig = {
  root,
  // The page is served wherever the app's base leads.
  base: './',
  logLevel: 'warn',
  build: {
    outDir: join(root, '../../dist/inspector'),
    emptyOutDir: true,
    target: 'es2022',
    // What knows `light-dark()`.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    modulePreload: false,
    // One file, which is looked at as a whole: no picture or font is inlined into it, because there is none.
    assetsInlineLimit: 0,
    cssCodeSplit: false,
  },
  plugins: [writeReportShell()],
}

export default config
