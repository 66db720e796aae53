import { cac } from 'cac'
import type { CAC } from 'cac'
import packageJson from '../../package.json' with { type: 'json' }
import { imageExtensions } from '../core/formats.ts'
import { requestFlags } from './request-flags.ts'
import { MagnificError } from '../core/errors.ts'
import type { BuyFlags } from './buy.ts'
import type { EmulatorFlags } from './emulator.ts'
import { readEither, readEuros, readText, readTexts } from './flags.ts'
import type { InitFlags } from './init/index.ts'
import type { PlanFlags } from './plan.ts'
import type { ResolveFlags } from './resolve.ts'
import type { TypesFlags } from './types.ts'
import type { CommonFlags, Terminal, Workspace } from './workspace.ts'

const exitCodes = `  0  done
  1  refused, failed, or not everything is as it should be; the rest was done
  2  the command, or the project's config, is not understood; nothing was done`

/**
 * The commands. Each loads what it needs when it is asked for.
 *
 * @param terminal where the words go
 */
export function createProgram(terminal: Terminal): CAC {
  const cli = cac('magnific')
  addBuying(cli, terminal)
  addJournal(cli, terminal)
  addProject(cli, terminal)
  addBeginning(cli, terminal)
  cli.option('--config <file>', 'A Vite config, or a module whose default export the options are')
  cli.option('--cache-dir <dir>', 'The cache directory, where it is not the one of the config')
  cli.option('--json', 'Prints an object for programs')
  cli.help((sections) => [...sections, { title: 'Exit codes', body: exitCodes }])
  cli.version(packageJson.version)
  return cli
}

/** What looks at the sources, and buys. */
function addBuying(cli: CAC, terminal: Terminal): void {
  cli
    .command('plan [...globs]', 'What a build would ship and buy, and where it would fail')
    .option('--check', 'Ends with 1 where anything is not cached')
    .example('magnific plan')
    .example("magnific plan 'src/pages/**'")
    .example('magnific plan --check --json')
    .action(async (globs: string[], flags: CommonFlags & PlanFlags) => {
      const [{ runPlan }, workspace] = await Promise.all([
        import('./plan.ts'),
        openWorkspace(flags, terminal),
      ])
      await runPlan(workspace, globs, flags)
    })

  const upscale = cli
    .command(
      'upscale [...globs]',
      'Buys what `plan` lists as missing, and fetches what is pending; or upscales one image into --out',
    )
    .option('--yes', 'Buys without asking')
    .option('--dry-run', 'Tells what would be bought, and buys nothing')
    .option('--budget <euros>', 'The most that may be spent, by estimates')
    .option('-o, --out <file>', 'One image: where its upscale goes; .png, .jpg, .webp or .avif')
    .option('--force', 'One image: overwrites what is there')
    .option('--preset <name>', 'One image: a preset of the project, in place of --scale')
  for (const { flag, about, isSwitch } of requestFlags) {
    upscale.option(`--${flag} ${isSwitch ? '[value]' : '<value>'}`, `One image: ${about}`)
  }
  upscale
    .example('magnific upscale')
    .example('magnific upscale --budget 5 --yes')
    .example('magnific upscale hero.png --scale 4x --hdr 2 -o hero-4x.webp')
    .action(async (globs: string[], flags: CommonFlags & BuyFlags & { force?: boolean }) => {
      const buying = { ...flags, budget: readEuros('--budget') }
      const out = readEither('--out', '-o')
      if (out === undefined) {
        checkGlobs(globs)
        const [{ runUpscale }, workspace] = await Promise.all([
          import('./upscale.ts'),
          openWorkspace(flags, terminal),
        ])
        await runUpscale(workspace, globs, buying, terminal.write)
        return
      }
      const [image, ...others] = globs
      if (image === undefined || others.length > 0) {
        throw new MagnificError(
          'BAD_FLAG',
          '--out is for one image: magnific upscale hero.png -o hero-4x.png',
        )
      }
      const [{ runUpscaleImage }, workspace] = await Promise.all([
        import('./upscale-image.ts'),
        openWorkspace(flags, terminal),
      ])
      const said = Object.fromEntries(requestFlags.map(({ flag }) => [flag, readText(`--${flag}`)]))
      const preset = readText('--preset')
      await runUpscaleImage(workspace, image, { ...buying, out, preset, said }, terminal.write)
    })
}

/** What looks at the journal, and settles what it has open. */
function addJournal(cli: CAC, terminal: Terminal): void {
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
        openWorkspace(flags, terminal),
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
        openWorkspace(flags, terminal),
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
        openWorkspace(flags, terminal),
      ])
      await runRetry(workspace, fingerprints, Date.now())
    })
}

/** What writes into the project. */
function addProject(cli: CAC, terminal: Terminal): void {
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

/** What helps to begin. */
function addBeginning(cli: CAC, { write }: Terminal): void {
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

/** A shell's pattern may have become images. */
function checkGlobs(globs: readonly string[]): void {
  const image = globs.find((glob) =>
    imageExtensions.some((type) => glob.toLowerCase().endsWith(`.${type}`)),
  )
  if (image === undefined) return
  throw new MagnificError(
    'BAD_FLAG',
    `"${image}" is an image, and no source that refers to one. To upscale it by itself, say where to: magnific upscale ${image} -o upscaled.png`,
  )
}

/** Loaded by the command that needs it. */
async function openWorkspace(flags: CommonFlags, terminal: Terminal): Promise<Workspace> {
  const { openWorkspace: open } = await import('./workspace.ts')
  const paths = { cacheDir: readText('--cache-dir'), config: readText('--config') }
  return open({ ...flags, ...paths }, terminal)
}
