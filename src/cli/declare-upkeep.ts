import type { CAC } from 'cac'
import { readText } from './flags.ts'
import { loadWorkspace } from './load-workspace.ts'
import type { PruneFlags } from './prune.ts'
import type { CommonFlags, Terminal } from './workspace.ts'

/** What brings home, keeps and moves what was paid for. */
export function declareUpkeep(cli: CAC, terminal: Terminal): void {
  const { warn } = terminal
  cli
    .command('resume', 'Waits for what is paid for and not here yet, and fetches it')
    .option('--deadline <seconds>', 'The longest wait for all of it')
    .example('magnific resume')
    .example('magnific resume --deadline 600')
    .action(async (flags: CommonFlags) => {
      const [{ runResume }, workspace] = await Promise.all([
        import('./resume.ts'),
        loadWorkspace(flags, terminal),
      ])
      await runResume(workspace, { deadline: readText('--deadline') }, Date.now(), { warn })
    })

  cli
    .command('push', 'Brings what is in this cache to the one that machines share')
    .example('magnific push')
    .example('magnific push --remote redis://cache.example:6379')
    .action(async (flags: CommonFlags) => {
      const [{ runPush }, workspace] = await Promise.all([
        import('./push.ts'),
        loadWorkspace(flags, terminal),
      ])
      await runPush(workspace)
    })

  cli
    .command('verify', 'Checks every file of the cache by its hash, and repairs what costs nothing')
    .option('--offline', 'Asks nothing of the API, nor of a shared cache')
    .example('magnific verify')
    .example('magnific verify --offline')
    .action(async (flags: CommonFlags & { offline?: boolean }) => {
      const [{ runVerify }, workspace] = await Promise.all([
        import('./verify.ts'),
        loadWorkspace(flags, terminal),
      ])
      await runVerify(workspace, flags, Date.now(), { warn })
    })

  cli
    .command('prune', 'Clears away what is not wanted any more; without --yes it only tells')
    .option('--unreferenced', 'Results and variants that nothing in the project refers to')
    .option('--older-than <age>', 'What was bought, or made, longer ago than 12h, 90d or 2w')
    .option('--yes', 'Removes it')
    .example('magnific prune --unreferenced')
    .example('magnific prune --older-than 90d --yes')
    .action(async (flags: CommonFlags & PruneFlags) => {
      const [{ runPrune }, { findReferenced }, workspace] = await Promise.all([
        import('./prune.ts'),
        import('./survey.ts'),
        loadWorkspace(flags, terminal),
      ])
      const olderThan = readText('--older-than')
      await runPrune(workspace, { ...flags, olderThan }, Date.now(), async () =>
        findReferenced(workspace),
      )
    })

  cli
    .command('export <file>', 'Writes the cache as one archive: .tar, .tgz or .tar.gz')
    .option('--force', 'Also where there is such a file')
    .example('magnific export cache.tgz')
    .action(async (file: string, flags: CommonFlags & { force?: boolean }) => {
      const [{ runExport }, workspace] = await Promise.all([
        import('./export.ts'),
        loadWorkspace(flags, terminal),
      ])
      await runExport(workspace, file, flags)
    })

  cli
    .command('import <file>', 'Takes over an archive, after everything in it was checked')
    .example('magnific import cache.tgz')
    .action(async (file: string, flags: CommonFlags) => {
      const [{ runImport }, workspace] = await Promise.all([
        import('./import.ts'),
        loadWorkspace(flags, terminal),
      ])
      await runImport(workspace, file, Date.now())
    })
}
