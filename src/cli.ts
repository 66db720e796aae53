#!/usr/bin/env node
import { createInterface } from 'node:readline/promises'
import { cac } from 'cac'
import pc from 'picocolors'
import packageJson from '../package.json' with { type: 'json' }
import type { EmulatorFlags } from './cli/emulator.ts'
import type { InitFlags } from './cli/init/index.ts'
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

cli
  .command(
    'init',
    'Sets up this project: the plugin, its types, git, and a build for CI; shows it first',
  )
  .option('--host <bundler>', 'vite, webpack or rollup, where there is more than one')
  .option('--cache <way>', 'How .magnific/ is kept: commit (default), lfs, or ci')
  .option('--ci <host>', 'Writes a build for CI: github, gitlab, or none (default)')
  .option('--yes', 'Writes without asking')
  .option('--dry-run', 'Shows what would be written, and writes nothing')
  .example('magnific init --dry-run')
  .example('magnific init --cache ci --ci github --yes')
  .action(async (flags: InitFlags) => {
    const { runInit } = await import('./cli/init/index.ts')
    await runInit(flags, { write: console.log, confirm })
  })

cli
  .command(
    'emulator',
    'The API on this machine: builds can be tried without a key, and without being charged for',
  )
  .option('--port <number>', 'Where it listens (default 4000; 0 takes any free one)')
  .option('--host <address>', 'The address that it listens on (default 127.0.0.1)')
  .option('--latency <ms>', 'How long a task takes (default 1000); Infinity for ever')
  .option('--api-key <key>', 'A key that is good; may be said more than once (default: any key)')
  .option('--fault <fault>', 'What goes wrong, in words or as JSON; may be said more than once')
  .option('--no-list', 'The API lists no tasks')
  .option('--list-lag <ms>', 'Its list lacks tasks that are younger')
  .option('--url-lifetime <ms>', 'How long a download URL is good for (default 1 hour)')
  .option('--result-format <format>', 'png (default), jpeg or webp')
  .option('--alpha <way>', 'drop (default), or keep: results are transparent where the source is')
  .option('--shape <shape>', 'Answers with `data` around them (default), or bare')
  .option(
    '--download-host <where>',
    'same (default), or separate: downloads come from another port',
  )
  .option('--webhook-secret <secret>', 'Signs webhooks; may be said more than once')
  .option('--webhook-hosts <hosts>', 'Where webhooks may go: loopback (default), or any')
  .option('--verbose', 'A line for each call')
  .example('magnific emulator --latency 200 --verbose')
  .example("magnific emulator --fault 'submit status=503 retry-after=1 times=2'")
  .example(
    "magnific emulator --fault 'submit outcome=FAILED after=1' --fault 'download content=truncated times=1'",
  )
  .example(
    `magnific emulator --fault '{ "route": "submit", "cut": "after-request", "accept": true }'`,
  )
  .action(async (flags: EmulatorFlags) => {
    const { runEmulator } = await import('./cli/emulator.ts')
    await runEmulator(
      {
        ...flags,
        port: readText('--port'),
        host: readText('--host'),
        latency: readText('--latency'),
        listLag: readText('--list-lag'),
        urlLifetime: readText('--url-lifetime'),
        apiKey: readTexts('--api-key'),
        fault: readTexts('--fault'),
        webhookSecret: readTexts('--webhook-secret'),
      },
      console.log,
    )
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

async function confirm(
  question: string,
  { yes = false, json = false }: { yes?: boolean | undefined; json?: boolean | undefined },
): Promise<boolean> {
  if (yes) return true
  if (json || !process.stdin.isTTY || !process.stderr.isTTY) {
    throw new MagnificError(
      'BAD_COMMAND',
      `${question}? There is no terminal to ask on. Add --yes.`,
    )
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^y(?:es)?$/i.test((await terminal.question(`${question}? [y/N] `)).trim())
  } finally {
    terminal.close()
  }
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

/** All texts of a flag that may be said more than once. */
function readTexts(flag: string): string[] {
  return process.argv.flatMap((text, at) => {
    if (text.startsWith(`${flag}=`)) return [text.slice(flag.length + 1)]
    const next = process.argv[at + 1]
    return text === flag && next !== undefined ? [next] : []
  })
}
