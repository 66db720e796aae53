import type { CAC } from 'cac'
import type { EmulatorFlags } from './emulator.ts'
import { readText, readTexts } from './flags.ts'
import type { KeygenFlags } from './keygen.ts'
import type { InitFlags } from './init/index.ts'
import type { TypesFlags } from './types.ts'
import type { Terminal } from './workspace.ts'

/** What helps to begin. */
export function declareBeginning(cli: CAC, { write }: Terminal): void {
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
      const [{ runInit }, { confirm }] = await Promise.all([
        import('./init/index.ts'),
        import('./confirm.ts'),
      ])
      await runInit(flags, { write, confirm })
    })

  cli
    .command(
      'keygen',
      'Makes the keys that a shared cache is signed and verified with, and prints them',
    )
    .example('magnific keygen')
    .action(async (flags: KeygenFlags) => {
      const { runKeygen } = await import('./keygen.ts')
      runKeygen(flags, write)
    })

  const emulator = cli.command(
    'emulator',
    'The API on this machine: builds can be tried without a key, and without being charged for',
  )
  for (const [flag, about] of emulatorFlags) emulator.option(flag, about)
  emulator
    .example('magnific emulator --latency 200 --verbose')
    .example("magnific emulator --fault 'submit status=503 retry-after=1 times=2'")
    .example(
      "magnific emulator --fault 'submit outcome=FAILED after=1' --fault 'download content=truncated times=1'",
    )
    .example(
      `magnific emulator --fault '{ "route": "submit", "cut": "after-request", "accept": true }'`,
    )
    .action(async (flags: EmulatorFlags) => {
      const { runEmulator } = await import('./emulator.ts')
      const texts = {
        port: readText('--port'),
        host: readText('--host'),
        latency: readText('--latency'),
        listLag: readText('--list-lag'),
        urlLifetime: readText('--url-lifetime'),
        apiKey: readTexts('--api-key'),
        fault: readTexts('--fault'),
        webhookSecret: readTexts('--webhook-secret'),
      }
      await runEmulator({ ...flags, ...texts }, write)
    })
}

const emulatorFlags = [
  ['--port <number>', 'Where it listens (default 4000; 0 takes any free one)'],
  ['--host <address>', 'The address that it listens on (default 127.0.0.1)'],
  ['--latency <ms>', 'How long a task takes (default 1000); Infinity for ever'],
  ['--api-key <key>', 'A key that is good; may be said more than once (default: any key)'],
  ['--fault <fault>', 'What goes wrong, in words or as JSON; may be said more than once'],
  ['--no-list', 'The API lists no tasks'],
  ['--list-lag <ms>', 'Its list lacks tasks that are younger'],
  ['--url-lifetime <ms>', 'How long a download URL is good for (default 1 hour)'],
  ['--result-format <format>', 'png (default), jpeg or webp'],
  ['--alpha <way>', 'drop (default), or keep: results are transparent where the source is'],
  ['--shape <shape>', 'Answers with `data` around them (default), or bare'],
  ['--download-host <where>', 'same (default), or separate: downloads come from another port'],
  ['--webhook-secret <secret>', 'Signs webhooks; may be said more than once'],
  ['--webhook-hosts <hosts>', 'Where webhooks may go: loopback (default), or any'],
  ['--verbose', 'A line for each call'],
] as const

/** What writes into the project. */
export function declareTypes(cli: CAC, terminal: Terminal): void {
  cli
    .command('types', 'Writes the types of all imports of upscaled images: see the option `dts`')
    .option('--out <file>', 'Where to, if not to what `dts` says, or to magnific.d.ts')
    .option('--check', 'Writes nothing, and ends with 1 where the file is not up to date')
    .example('magnific types')
    .example('magnific types --check')
    .action(async (flags: TypesFlags) => {
      const { runTypes } = await import('./types.ts')
      const paths = { out: readText('--out'), config: readText('--config') }
      await runTypes({ ...flags, ...paths }, terminal.write)
    })
}
