import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

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
  if (file === undefined) return
  const results = Object.entries(expected).map(([id, size]): Result => {
    const result = { id, version, mode }
    return seen[id] === size ? result : { ...result, failure: seen[id] ?? 'not shown' }
  })
  mkdirSync(folder, { recursive: true })
  const name = `${version} ${mode} ${results[0]?.id}.json`.replaceAll(/[^\w.]+/g, '-')
  writeFileSync(join(folder, name), JSON.stringify(results))
}

/** Vitest calls it when all tests have ended. */
export function teardown(): void {
  if (file === undefined) return
  mkdirSync(folder, { recursive: true })
  const results = readdirSync(folder)
    .toSorted()
    .flatMap((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Result[])
  writeFileSync(file, renderTable(results))
  rmSync(folder, { recursive: true })
}

/** A line for each reference, a column for each version and mode. */
function renderTable(results: readonly Result[]): string {
  const ids = [...new Set(results.map(({ id }) => id))]
  const columns = [...new Set(results.map(({ version, mode }) => `${version} ${mode}`))]
  const cells = new Map(
    results.map(({ id, version, mode, failure }) => [
      `${id} ${version} ${mode}`,
      failure === undefined ? '✓' : `✗ ${failure}`,
    ]),
  )
  const lines = ids.map((id) => [
    id,
    ...columns.map((column) => cells.get(`${id} ${column}`) ?? ''),
  ])
  const rows = [['reference', ...columns], columns.map(() => '---').concat('---'), ...lines]
  return rows.map((row) => `| ${row.join(' | ')} |\n`).join('')
}
