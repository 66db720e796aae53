import { readFileSync } from 'node:fs'
import { createTwoFilesPatch } from 'diff'
import { colors } from '../../core/colors.ts'
import { isMissing } from '../../store/files.ts'

/** A file that is to be written. */
export interface Change {
  /** Absolute. */
  path: string
  /** `undefined` for a file that is new. */
  before: string | undefined
  after: string
}

/** What one part of the setup comes to. */
export interface Step {
  changes: Change[]
  /** What a person should know, sentence by sentence. */
  notes: string[]
  /** What is left for a person to do. */
  byHand: string[]
}

/** A step of which nothing came yet. */
export function createStep(parts: Partial<Step> = {}): Step {
  return { changes: [], notes: [], byHand: [], ...parts }
}

/** A file's text, `undefined` where there is none. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** A change as a unified diff. */
export function renderDiff({ before, after }: Change, name: string): string {
  const old = before === undefined ? '/dev/null' : `a/${name}`
  const patch = createTwoFilesPatch(old, `b/${name}`, before ?? '', after, undefined, undefined, {
    context: 3,
  })
  // Without the line that is drawn above.
  return patch.slice(patch.indexOf('\n') + 1)
}

/** The same in colours. */
export function colourDiff(diff: string): string {
  return diff
    .split('\n')
    .map((line) => {
      if (/^(?:---|\+\+\+) /.test(line)) return colors.bold(line)
      if (line.startsWith('@@')) return colors.cyan(line)
      if (line.startsWith('+')) return colors.green(line)
      return line.startsWith('-') ? colors.red(line) : line
    })
    .join('\n')
}
