#!/usr/bin/env node
import { colors } from './core/colors.ts'
import { joinNegativeNumbers } from './cli/flags.ts'
import { finishWorkspaces } from './cli/load-workspace.ts'
import { createProgram } from './cli/program.ts'
import { isMagnificError } from './core/errors.ts'

// Exit codes: 0 done, 1 refused or failed, 2 not understood. The help of the program explains them.

/** What is not understood ends with 2. */
const misunderstood: readonly string[] = ['BAD_CONFIG', 'BAD_FLAG', 'BAD_OPTIONS']

let isOver = false
// Node ends without a word where something is awaited that never comes.
process.on('exit', () => {
  if (isOver) return
  console.error(
    `${colors.red('magnific:')} The config waits for something that never comes. Mend that.`,
  )
  process.exit(2)
})

process.argv = joinNegativeNumbers(process.argv)
const cli = createProgram({
  write: (text) => console.log(text),
  warn: (text) => console.error(text),
})

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
  console.error(`${colors.red('magnific:')} ${(error as Error).message}`)
  const isRefusal = isMagnificError(error) && !misunderstood.includes(error.code)
  process.exitCode = isRefusal ? 1 : 2
}
await finishWorkspaces()
isOver = true
// A config may have started something that never ends. What was written goes out first.
for (const stream of [process.stdout, process.stderr]) {
  await new Promise<void>((resolve) => stream.write('', () => resolve()))
}
process.exit()
