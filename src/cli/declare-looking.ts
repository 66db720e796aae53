import type { CAC } from 'cac'
import { readEither, readText } from './flags.ts'
import { loadWorkspace } from './load-workspace.ts'
import type { CommonFlags, Terminal } from './workspace.ts'

/** What shows images. */
export function declareLooking(cli: CAC, terminal: Terminal): void {
  cli
    .command('ui', 'The inspector, in a browser: every image before and after, and what it costs')
    .option('--port <number>', 'Where it listens (default 4100; 0 takes any free one)')
    .option('--host <address>', 'The address that it listens on (default 127.0.0.1)')
    .option('--open', 'Opens it in the browser')
    .example('magnific ui --open')
    .action(async (flags: CommonFlags & { open?: boolean }) => {
      const [{ runUi }, workspace] = await Promise.all([
        import('./ui.ts'),
        loadWorkspace(flags, terminal),
      ])
      const settings = { port: readText('--port'), host: readText('--host'), open: flags.open }
      await runUi(workspace, settings)
    })

  cli
    .command('report', 'Writes one HTML file with every image before and after, to be kept')
    .option('-o, --out <file>', 'Where to (default magnific-report.html in the project)')
    .example('magnific report')
    .example('magnific report -o dist/images.html')
    .action(async (flags: CommonFlags) => {
      const [{ runReport }, workspace] = await Promise.all([
        import('./report.ts'),
        loadWorkspace(flags, terminal),
      ])
      await runReport(workspace, { out: readEither('--out', '-o') })
    })
}
