/** The params of several results, one row for each. */
export interface Row {
  name: string
  /** One for each result; `undefined` where it is the default. */
  values: (string | undefined)[]
  isDifferent: boolean
}

/** Sets params side by side: what differs first. */
export function compareParams(
  all: readonly Readonly<Record<string, string | number | boolean>>[],
): Row[] {
  const names = [...new Set(all.flatMap((params) => Object.keys(params)))]
  const rows = names.map((name): Row => {
    const values = all.map((params) =>
      params[name] === undefined ? undefined : String(params[name]),
    )
    return { name, values, isDifferent: values.some((value) => value !== values[0]) }
  })
  return rows.toSorted((a, b) => Number(b.isDifferent) - Number(a.isDifferent))
}
