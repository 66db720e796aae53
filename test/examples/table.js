/** What is shown of a build, beside its host. */
const columns = {
  builds: 'builds',
  emitted: 'upscaled bytes',
  clean: 'no original',
  free: 'second build pays 0',
  shown: 'browser',
}

/**
 * @typedef {{ host: string, version: string, node: string, skipped?: string, problems: string[] } &
 *   Partial<Record<keyof typeof columns, boolean>>} Row `undefined` is what was not looked at
 */

/** @param {Row[]} rows */
export function countFailures(rows) {
  return rows.filter(({ problems }) => problems.length > 0).length
}

/**
 * One row for each build, and below them what went wrong.
 *
 * @param {Row[]} rows
 */
export function renderTable(rows) {
  const lines = rows.map((row) => [
    row.host,
    row.version,
    row.node,
    ...(row.skipped === undefined
      ? Object.keys(columns).map((key) => ({ true: 'yes', false: 'NO' })[String(row[key])] ?? '–')
      : [`skipped: ${row.skipped}`]),
  ])
  const all = [['host', 'version', 'Node', ...Object.values(columns)], ...lines]
  const widths = all[0].map((_, column) => Math.max(...all.map((line) => widthOf(line, column))))
  const table = all.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd(),
  )
  const problems = rows.flatMap(({ host, version, node, problems: texts }) =>
    texts.map((text) => `${host} ${version} on Node ${node}: ${text}`),
  )
  return [...table, ...(problems.length > 0 ? [''] : []), ...problems].join('\n')
}

/** What is skipped says why, across all columns. */
function widthOf(line, column) {
  return line.length === 4 && column === 3 ? 0 : (line[column] ?? '').length
}
