import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

/** Parsers are loaded when the first text needs them: most sources of a project need none, and many projects no more than one. */
export const loadModule: {
  oxc(): typeof import('oxc-parser')
  parse5(): typeof import('parse5')
  stripLiteral(): typeof import('strip-literal')
} = {
  oxc: () => require('oxc-parser'),
  parse5: () => require('parse5'),
  stripLiteral: () => require('strip-literal'),
}
