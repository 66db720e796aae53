import { createRequire } from 'node:module'

/**
 * Colours for terminals, none where `NO_COLOR` or what output goes to says so. Loaded as the CommonJS module that it is:
 * an `import` of it has Node set up its reader of CommonJS exports first, which takes 5 ms of every start.
 */
export const colors = createRequire(import.meta.url)('picocolors') as typeof import('picocolors')
