import type { CAC } from 'cac'
import { MagnificError } from '../core/errors.ts'
import { imageExtensions } from '../core/formats.ts'
import type { BuyFlags } from './buy.ts'
import { readEither, readEuros, readText } from './flags.ts'
import { loadWorkspace } from './load-workspace.ts'
import type { PlanFlags } from './plan.ts'
import { requestFlags } from './request-flags.ts'
import type { CommonFlags, Terminal } from './workspace.ts'

/** What looks at the sources, and buys. */
export function declareBuying(cli: CAC, terminal: Terminal): void {
  cli
    .command('plan [...globs]', 'What a build would ship and buy, and where it would fail')
    .option('--check', 'Ends with 1 where anything is not cached')
    .example('magnific plan')
    .example("magnific plan 'src/pages/**'")
    .example('magnific plan --check --json')
    .action(async (globs: string[], flags: CommonFlags & PlanFlags) => {
      checkGlobs(globs)
      const [{ runPlan }, workspace] = await Promise.all([
        import('./plan.ts'),
        loadWorkspace(flags, terminal),
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
        checkFlags()
        const [{ runUpscale }, workspace] = await Promise.all([
          import('./upscale.ts'),
          loadWorkspace(flags, terminal),
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
        loadWorkspace(flags, terminal),
      ])
      const said = Object.fromEntries(requestFlags.map(({ flag }) => [flag, readText(`--${flag}`)]))
      const preset = readText('--preset')
      await runUpscaleImage(workspace, image, { ...buying, out, preset, said }, terminal.write)
    })
}

/** What is about one image must not be passed over. */
function checkFlags(): void {
  const flags = [...requestFlags.map(({ flag }) => flag), 'preset', 'force']
  const flag = flags.find((each) => readText(`--${each}`) !== undefined)
  if (flag === undefined) return
  throw new MagnificError(
    'BAD_FLAG',
    `--${flag} is for one image, and goes with --out: magnific upscale hero.png --${flag} … -o hero-4x.png. What sources refer to is upscaled as they say.`,
  )
}

/** A shell's pattern may have become images. */
function checkGlobs(globs: readonly string[]): void {
  if (globs.includes('')) {
    throw new MagnificError(
      'BAD_FLAG',
      'A glob must not be empty. Leave it out to mean all sources.',
    )
  }
  const image = globs.find((glob) =>
    imageExtensions.some((type) => glob.toLowerCase().endsWith(`.${type}`)),
  )
  if (image === undefined) return
  throw new MagnificError(
    'BAD_FLAG',
    `"${image}" is an image, and no source that refers to one. To upscale it by itself, say where to: magnific upscale ${image} -o upscaled.png`,
  )
}
