import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** One reference in one way to build or serve it. */
interface Result {
  id: string
  version: string
  /** A column of the table: `build`, `dev`, … */
  mode: string
  /** What was seen where it is not what was expected. */
  failure?: string
}

const file = process.env['REFERENCES_TABLE']
// Several processes write at the same time.
const folder = `${file}.parts`

/**
 * Notes what became of references, where REFERENCES_TABLE names a file for a table.
 *
 * @param seen by id
 * @param expected by id
 */
export function recordSizes(
  version: string,
  mode: string,
  seen: Readonly<Record<string, string>>,
  expected: Readonly<Record<string, string>>,
): void {
  const results = Object.entries(expected).map(([id, size]): Result => {
    const result = { id, version, mode }
    return seen[id] === size ? result : { ...result, failure: seen[id] ?? 'not shown' }
  })
  record(results)
}

/** Notes how the test that runs ends. */
export function recordOutcome(version: string, mode: string, id: string): void {
  onTestFinished(({ task }) => {
    const result = { id, version, mode }
    record([task.result?.state === 'fail' ? { ...result, failure: 'failed' } : result])
  })
}

/** Vitest calls it when all tests have ended. */
export function teardown(): void {
  if (file === undefined) return
  mkdirSync(folder, { recursive: true })
  const results = readdirSync(folder)
    .flatMap((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Result[])
    .toSorted((a, b) => b.version.localeCompare(a.version) || a.mode.localeCompare(b.mode))
  const kinds = results.map((result) => ({ ...result, id: kindOf(result) }))
  writeFileSync(file, `${renderTable(kinds)}\n${renderTable(results)}`)
  rmSync(folder, { recursive: true })
}

function record(results: readonly Result[]): void {
  const [first] = results
  if (file === undefined || !first) return
  mkdirSync(folder, { recursive: true })
  const { version, mode, id } = first
  const name = `${version} ${mode} ${id}.json`.replaceAll(/[^\w.]+/g, '-')
  writeFileSync(join(folder, name), JSON.stringify(results))
}

/** The names of references begin with their kind, and then tell a name's kind. */
function kindOf({ id }: Result): string {
  return (/^(?:name-)?[^-]+/.exec(id) ?? [id])[0]
}

/** A line for each reference or kind, a column for each version and mode. */
function renderTable(results: readonly Result[]): string {
  const ids = [...new Set(results.map(({ id }) => id))].toSorted()
  const columns = [...new Set(results.map(({ version, mode }) => `${version} ${mode}`))]
  const renderCell = (id: string, column: string): string => {
    const found = results.filter((result) => {
      return result.id === id && `${result.version} ${result.mode}` === column
    })
    const failures = found.flatMap(({ failure }) => (failure === undefined ? [] : [failure]))
    const count = found.length > 1 ? ` ${found.length - failures.length}/${found.length}` : ''
    if (failures.length > 0) return `✗${count} ${failures.join(', ')}`
    return found.length > 0 ? `✓${count}` : ''
  }
  const lines = ids.map((id) => [id, ...columns.map((column) => renderCell(id, column))])
  const rows = [['', ...columns], ['---', ...columns.map(() => '---')], ...lines]
  return rows.map((row) => `| ${row.join(' | ')} |\n`).join('')
}
