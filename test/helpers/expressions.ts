/** A value in an expression of GitHub Actions. */
export type Value = string | boolean

/** What an expression may ask for. */
export interface Scope {
  /** The value of a path such as `github.ref`; an empty text for what is not there, as on GitHub. */
  get(path: string): Value
  call(name: string, args: readonly Value[]): Value
}

const tokenPattern = /\s*(?:'((?:[^']|'')*)'|(==|!=|&&|\|\||[!(),])|([\w-]+(?:\.[\w-]+)*))/y

/**
 * Evaluates the part of GitHub's expressions that the recipes use, and refuses the rest.
 *
 * @see https://docs.github.com/en/actions/reference/workflows-and-actions/expressions
 */
export function evaluate(expression: string, scope: Scope): Value {
  const tokens = tokenize(expression)
  let at = 0
  const take = (operator: string): boolean => {
    if (tokens[at]?.operator !== operator) return false
    at++
    return true
  }
  const expect = (operator: string): void => {
    if (!take(operator)) throw new Error(`"${operator}" is missing in: ${expression}`)
  }
  const readOr = (): Value => {
    let left = readAnd()
    while (take('||')) {
      const right = readAnd()
      left = isTrue(left) ? left : right
    }
    return left
  }
  const readAnd = (): Value => {
    let left = readComparison()
    while (take('&&')) {
      const right = readComparison()
      left = isTrue(left) ? right : left
    }
    return left
  }
  const readComparison = (): Value => {
    const left = readOne()
    if (take('==')) return isEqual(left, readOne())
    if (take('!=')) return !isEqual(left, readOne())
    return left
  }
  const readOne = (): Value => {
    if (take('!')) return !isTrue(readOne())
    if (take('(')) {
      const value = readOr()
      expect(')')
      return value
    }
    const token = tokens[at++]
    if (token?.text !== undefined) return token.text
    if (token?.name === undefined) throw new Error(`A value is missing in: ${expression}`)
    if (!take('(')) return scope.get(token.name)
    const args: Value[] = []
    while (!take(')')) {
      if (args.length > 0) expect(',')
      args.push(readOr())
    }
    return scope.call(token.name, args)
  }
  const value = readOr()
  if (at < tokens.length) throw new Error(`There is more than an expression in: ${expression}`)
  return value
}

/** Puts in the values of all `${{ … }}` of a text. */
export function interpolate(text: string, scope: Scope): string {
  return text.replaceAll(/\$\{\{(.*?)\}\}/gs, (_, expression: string) =>
    String(evaluate(expression, scope)),
  )
}

export function isTrue(value: Value): boolean {
  return value !== '' && value !== false
}

/** GitHub compares texts without regard to case. */
function isEqual(a: Value, b: Value): boolean {
  return String(a).toLowerCase() === String(b).toLowerCase()
}

interface Token {
  text?: string | undefined
  operator?: string | undefined
  name?: string | undefined
}

function tokenize(expression: string): Token[] {
  const tokens: Token[] = []
  const source = expression.trim()
  tokenPattern.lastIndex = 0
  while (tokenPattern.lastIndex < source.length) {
    const match = tokenPattern.exec(source)
    if (!match) throw new Error(`This expression cannot be read here: ${expression}`)
    const [, text, operator, name] = match
    tokens.push({ text: text?.replaceAll("''", "'"), operator, name })
  }
  return tokens
}
