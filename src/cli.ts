#!/usr/bin/env node
import { cac } from 'cac'
import pc from 'picocolors'
import packageJson from '../package.json' with { type: 'json' }
import type { PruneFlags } from './cli/prune.ts'
import type { ResolveFlags } from './cli/resolve.ts'
import type { TypesFlags } from './cli/types.ts'
import type { CommonFlags, Workspace } from './cli/workspace.ts'
import { MagnificError } from './core/errors.ts'

// Exit codes: 0 done, 1 refused or failed, 2 not understood.

const cli = cac('magnific')

cli
  .command(
    'status',
    'What the journal knows: what is pending, ambiguous or failed, and what to do about it',
  )
  .example('magnific status')
  .example('magnific status --json')
  .action(async (flags: CommonFlags) => {
    const [{ runStatus }, open] = await Promise.all([import('./cli/status.ts'), loadWorkspace()])
    await runStatus(open(flags), Date.now())
  })

cli
  .command(
    'resolve <fingerprint>',
    'Settles a submission whose answer was lost, by what your account shows',
  )
  .option('--adopt <task>', 'There is such a task: the next build fetches its result')
  .option('--void', 'There is none, or it is gone for good: the next build submits the image anew')
  .option('--force', 'Also where the API cannot be asked, or knows the task that is to be void')
  .example('magnific resolve 3f9a2c1b7d04 --adopt 046b6c7f-0b8a-43b9-b35d-6489e6daee91')
  .example('magnific resolve 3f9a2c1b7d04 --void')
  .action(async (fingerprint: string, flags: CommonFlags & ResolveFlags) => {
    const [{ runResolve }, open] = await Promise.all([import('./cli/resolve.ts'), loadWorkspace()])
    const adopt = readText('--adopt')
    await runResolve(open(flags), fingerprint, { ...flags, adopt }, Date.now())
  })

cli
  .command(
    'retry [...fingerprints]',
    'Lets the next build submit what failed once more; all of it where none is named',
  )
  .example('magnific retry')
  .action(async (fingerprints: string[], flags: CommonFlags) => {
    const [{ runRetry }, open] = await Promise.all([import('./cli/retry.ts'), loadWorkspace()])
    await runRetry(open(flags), fingerprints, Date.now())
  })

cli
  .command('resume', 'Waits for what is paid for and not here yet, and fetches it')
  .option('--deadline <seconds>', 'The longest wait for all of it')
  .example('magnific resume')
  .action(async (flags: CommonFlags & { deadline?: string }) => {
    const [{ runResume }, open] = await Promise.all([import('./cli/resume.ts'), loadWorkspace()])
    const warn = (message: string): void => console.error(message)
    const deadline = readText('--deadline')
    await runResume(open(flags), { deadline }, Date.now(), { warn })
  })

cli
  .command('verify', 'Checks every file of the cache by its hash, and repairs what costs nothing')
  .option('--offline', 'Asks nothing of the API')
  .example('magnific verify')
  .example('magnific verify --offline')
  .action(async (flags: CommonFlags & { offline?: boolean }) => {
    const [{ runVerify }, open] = await Promise.all([import('./cli/verify.ts'), loadWorkspace()])
    await runVerify(open(flags), flags, Date.now(), { warn: (text) => console.error(text) })
  })

cli
  .command('prune', 'Clears away what is not wanted any more; without --yes it only tells')
  .option('--unreferenced', 'Results and variants that nothing in the project refers to')
  .option('--older-than <age>', 'What was bought, or made, longer ago than 12h, 90d or 2w')
  .option('--yes', 'Removes it')
  .example('magnific prune --unreferenced')
  .example('magnific prune --older-than 90d --yes')
  .action(async (flags: CommonFlags & PruneFlags) => {
    const [{ runPrune }, open] = await Promise.all([import('./cli/prune.ts'), loadWorkspace()])
    const olderThan = readText('--older-than')
    await runPrune(open(flags), { ...flags, olderThan }, Date.now(), async () => {
      throw new MagnificError('BAD_COMMAND', 'What is referenced is not known yet.')
    })
  })

cli
  .command('export <file>', 'Writes the cache as one archive: .tar, .tgz or .tar.gz')
  .option('--force', 'Also where there is such a file')
  .example('magnific export cache.tgz')
  .action(async (file: string, flags: CommonFlags & { force?: boolean }) => {
    const [{ runExport }, open] = await Promise.all([import('./cli/export.ts'), loadWorkspace()])
    await runExport(open(flags), file, flags)
  })

cli
  .command('import <file>', 'Takes over an archive, after everything in it was checked')
  .example('magnific import cache.tgz')
  .action(async (file: string, flags: CommonFlags) => {
    const [{ runImport }, open] = await Promise.all([import('./cli/import.ts'), loadWorkspace()])
    await runImport(open(flags), file, Date.now())
  })

cli
  .command('types', 'Writes the types of all imports of upscaled images: see the option `dts`')
  .option('--out <file>', 'Where to, if not to what `dts` says, or to magnific.d.ts')
  .option(
    '--options <file>',
    'A module whose default export the options are, where there is no Vite config',
  )
  .option('--check', 'Writes nothing, and ends with 1 where the file is not up to date')
  .example('magnific types')
  .example('magnific types --check')
  .action(async (flags: TypesFlags) => {
    const { runTypes } = await import('./cli/types.ts')
    const paths = { out: readText('--out'), options: readText('--options') }
    await runTypes({ ...flags, ...paths }, console.log)
  })

cli.option('--cache-dir <dir>', 'The cache directory, where it is not .magnific in the project')
cli.option('--json', 'Prints an object for programs')
cli.help()
cli.version(packageJson.version)

try {
  cli.parse(process.argv, { run: false })
  if (cli.matchedCommand) await cli.runMatchedCommand()
  else if (!cli.options['help'] && !cli.options['version']) {
    const [unknown] = cli.args
    cli.outputHelp()
    if (process.argv.length > 2)
      throw new Error(`There is no command ${JSON.stringify(unknown ?? '')}.`)
  }
} catch (error) {
  console.error(`${pc.red('magnific:')} ${(error as Error).message}`)
  process.exitCode = error instanceof MagnificError ? 1 : 2
}

/** Loaded by the command that needs it. */
async function loadWorkspace(): Promise<(flags: CommonFlags) => Workspace> {
  const { openWorkspace } = await import('./cli/workspace.ts')
  return (flags) => openWorkspace({ ...flags, cacheDir: readText('--cache-dir') }, console.log)
}

/** A flag's text as it was typed: cac makes a number of what looks like one, and an id may. */
function readText(flag: string): string | undefined {
  const at = process.argv.findIndex((text) => text === flag || text.startsWith(`${flag}=`))
  const text = process.argv[at]
  if (at === -1 || text === undefined) return undefined
  return text === flag ? process.argv[at + 1] : text.slice(flag.length + 1)
}
