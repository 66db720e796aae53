import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { cliCommand, cliEnvironment } from '../helpers/cli.ts'
import { startEmulator } from '../helpers/emulator.ts'
import { tmpProject } from '../helpers/project.ts'
import { hasTerminal, runOnTerminal } from '../helpers/terminal.ts'

const repository = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const page = join(repository, 'README.md')
const block = /(<!-- transcript -->\n+```console\n)([^]*?)(```)/

/** Without what is another one each time: how long it took, and which of three that share a result came first. */
function settle(text: string): string {
  return text
    .replaceAll(/\b(?:\d+m)?\d+(?:\.\d)?s\b/g, '0.0s')
    .replaceAll(/(landscape\.jpg .* → \S+) +(?:paid|cached).*/g, '$1')
    .replaceAll(/ +/g, ' ')
    .trim()
    .split('\n')
    .toSorted()
    .join('\n')
}

/** The demo with nothing bought, where it finds what it imports. */
function copyDemo(): string {
  const { path } = tmpProject()
  const target = path('demo')
  const isMade = (file: string): boolean => /[/\\](?:\.magnific|dist)$/.test(file)
  cpSync(join(repository, 'playground/demo'), target, {
    recursive: true,
    filter: (file) => !isMade(file),
  })
  for (const name of ['node_modules', 'dist']) symlinkSync(join(repository, name), path(name))
  cpSync(join(repository, 'package.json'), path('package.json'))
  return target
}

/** What a terminal shows of the commands, one after the other. */
async function play(commands: readonly (readonly string[])[]): Promise<string> {
  const emulator = await startEmulator({ latency: 500 })
  const env = cliEnvironment({ MAGNIFIC_BASE_URL: emulator.url, FREEPIK_API_KEY: 'anything' })
  const settings = { cwd: copyDemo(), env }
  const shown: string[] = []
  for (const args of commands) {
    const { code, screen } = await runOnTerminal([...cliCommand, ...args], settings)
    expect(code).toBe(0)
    shown.push(`$ npx magnific ${args.join(' ')}\n${screen.trim()}\n`)
  }
  return shown.join('\n').replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:4000')
}

describe('the transcript in the README', () => {
  it.skipIf(!hasTerminal)('is what a terminal shows', async () => {
    const shown = await play([['plan'], ['upscale', '--yes'], ['plan']])
    const readme = readFileSync(page, 'utf8')
    // Written anew by TRANSCRIPT=write, when what is shown has changed.
    if (process.env['TRANSCRIPT'] === 'write') {
      writeFileSync(
        page,
        readme.replace(block, (_, open, __, close) => `${open}${shown}${close}`),
      )
    }
    const [, , written = ''] = block.exec(readFileSync(page, 'utf8')) ?? []
    expect(settle(shown)).toBe(settle(written))
  })
})
