import type { CAC } from 'cac'
import { readText } from './flags.ts'
import { loadWorkspace } from './load-workspace.ts'
import type { ResolveFlags } from './resolve.ts'
import type { CommonFlags, Terminal } from './workspace.ts'

/** What looks at the journal, and settles what it has open. */
export function declareJournal(cli: CAC, terminal: Terminal): void {
  cli
    .command(
      'status',
      'What the journal knows: what is pending, ambiguous or failed, and what to do about it',
    )
    .example('magnific status')
    .example('magnific status --json')
    .action(async (flags: CommonFlags) => {
      const [{ runStatus }, workspace] = await Promise.all([
        import('./status.ts'),
        loadWorkspace(flags, terminal),
      ])
      await runStatus(workspace, Date.now())
    })

  cli
    .command(
      'resolve <fingerprint>',
      'Settles a submission whose answer was lost, by what your account shows',
    )
    .option('--adopt <task>', 'There is such a task: the next build fetches its result')
    .option(
      '--void',
      'There is none, or it is gone for good: the next build submits the image anew',
    )
    .option('--force', 'Also where the API cannot be asked, or knows the task that is to be void')
    .example('magnific resolve 3f9a2c1b7d04 --adopt 046b6c7f-0b8a-43b9-b35d-6489e6daee91')
    .example('magnific resolve 3f9a2c1b7d04 --void')
    .action(async (fingerprint: string, flags: CommonFlags & ResolveFlags) => {
      const [{ runResolve }, workspace] = await Promise.all([
        import('./resolve.ts'),
        loadWorkspace(flags, terminal),
      ])
      await runResolve(workspace, fingerprint, { ...flags, adopt: readText('--adopt') }, Date.now())
    })

  cli
    .command(
      'retry [...fingerprints]',
      'Lets the next build submit what failed once more; all of it where none is named',
    )
    .example('magnific retry')
    .example('magnific retry 3f9a2c1b7d04')
    .action(async (fingerprints: string[], flags: CommonFlags) => {
      const [{ runRetry }, workspace] = await Promise.all([
        import('./retry.ts'),
        loadWorkspace(flags, terminal),
      ])
      await runRetry(workspace, fingerprints, Date.now())
    })
}
