import { tokenize, TokenType } from '@csstools/css-tokenizer'
import type { CSSToken } from '@csstools/css-tokenizer'

/** A part of a style sheet that says something about what it refers to. */
export interface StyleToken {
  kind: 'text' | 'url' | 'function' | 'rule' | 'sign'
  /**
   * What it stands for: of a text or an unquoted URL its value, of a function its name, of a rule what is behind the `@`; names
   * in lower case. A sign as it is written.
   */
  value: string
  start: number
}

/** Reads the tokens of a style sheet that matter. A line's end is a sign. */
export function readTokens(text: string): StyleToken[] {
  // Of what is wrong with a sheet, its host tells.
  return tokenize({ css: text }).flatMap((token) => readToken(token))
}

function readToken(token: CSSToken): StyleToken | [] {
  const [type, raw, start] = token
  switch (type) {
    case TokenType.String:
      return { kind: 'text', value: token[4].value, start }
    case TokenType.URL:
      return { kind: 'url', value: token[4].value, start }
    case TokenType.AtKeyword:
      return { kind: 'rule', value: token[4].value.toLowerCase(), start }
    case TokenType.Function:
      return { kind: 'function', value: token[4].value.toLowerCase(), start }
    case TokenType.OpenParen:
      return { kind: 'function', value: '', start }
    case TokenType.CloseParen:
    case TokenType.OpenCurly:
    case TokenType.CloseCurly:
    case TokenType.Semicolon:
      return { kind: 'sign', value: raw, start }
    case TokenType.Whitespace:
      return raw.includes('\n') ? { kind: 'sign', value: '\n', start } : []
    default:
      return []
  }
}
