/**
 * Pads every column but the last to its widest cell; sizes and figures align to the left like Vite's.
 *
 * @param rows of cells, as many in each row
 * @returns a line for each row
 */
export function alignColumns(rows: readonly string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  )
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
