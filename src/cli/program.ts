import { cac } from 'cac'
import type { CAC } from 'cac'
import packageJson from '../../package.json' with { type: 'json' }
import { declareBuying } from './declare-buying.ts'
import { declareJournal } from './declare-journal.ts'
import { declareLooking } from './declare-looking.ts'
import { declareBeginning, declareTypes } from './declare-setup.ts'
import { declareUpkeep } from './declare-upkeep.ts'
import type { Terminal } from './workspace.ts'

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
  declareBuying(cli, terminal)
  declareLooking(cli, terminal)
  declareJournal(cli, terminal)
  declareUpkeep(cli, terminal)
  declareTypes(cli, terminal)
  declareBeginning(cli, terminal)
  cli.option('--config <file>', 'A Vite config, or a module whose default export the options are')
  cli.option('--cache-dir <dir>', 'The cache directory, where it is not the one of the config')
  cli.option(
    '--remote <url>',
    'The shared cache, in place of the one of the config; false for none',
  )
  cli.option('--json', 'Prints an object for programs')
  cli.help((sections) => [...sections, { title: 'Exit codes', body: exitCodes }])
  cli.version(packageJson.version)
  return cli
}
