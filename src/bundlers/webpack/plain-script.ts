/** A module of `devtool: 'eval'`: its code is a text. */
const evalBegin = /\beval\((?:__\w+\.ts\()?(?=")/g
const evalEnd = /\)?\);?/y
/** Of a source map in a script, such as css-loader hands on: sources as they were written. */
const sourcesBegin = /["']?\bsourcesContent["']?\s*:\s*\[\s*/g

/** An emitted script as it runs: with the code of modules that are texts, and without the sources in source maps. */
export function toPlainScript(code: string): string {
  const unwrapped = code.includes('eval(') ? unwrapEvals(code) : code
  return unwrapped.includes('sourcesContent') ? dropSources(unwrapped) : unwrapped
}

function unwrapEvals(code: string): string {
  let plain = ''
  let last = 0
  for (const { 0: begin, index } of code.matchAll(evalBegin)) {
    if (index < last) continue
    const start = index + begin.length
    const end = findTextEnd(code, start)
    if (end === -1) break
    evalEnd.lastIndex = end
    if (!evalEnd.test(code)) continue
    const inner = readText(code.slice(start, end))
    if (inner === undefined) continue
    plain += `${code.slice(last, index)}${inner}\n;`
    last = evalEnd.lastIndex
  }
  return plain + code.slice(last)
}

function dropSources(code: string): string {
  let plain = ''
  let last = 0
  for (const { 0: begin, index } of code.matchAll(sourcesBegin)) {
    if (index < last) continue
    let at = index + begin.length
    plain += code.slice(last, at)
    while (/["'`]/.test(code.charAt(at))) {
      const end = findTextEnd(code, at)
      if (end === -1) break
      at = end
      while (/[\s,]/.test(code.charAt(at))) at++
    }
    last = at
  }
  return plain + code.slice(last)
}

/** Where a text in quotes ends; -1 where it does not. By hand: a pattern overflows with a module of some megabytes. */
function findTextEnd(code: string, start: number): number {
  const quote = code.charAt(start)
  for (let at = code.indexOf(quote, start + 1); at !== -1; at = code.indexOf(quote, at + 1)) {
    let back = at
    while (code[back - 1] === '\\') back--
    if ((at - back) % 2 === 0) return at + 1
  }
  return -1
}

/** What a text in quotes holds, where it has to do with us: the rest stays as it is. */
function readText(literal: string): string | undefined {
  if (!literal.includes('magnific')) return undefined
  try {
    return String(JSON.parse(literal))
  } catch {
    return undefined
  }
}
