import { debuglog } from 'node:util'

/** Says what only those want to know who look for it: `NODE_DEBUG=magnific`. Texts in it have no key in them. */
export const debugLog: (message: string) => void = debuglog('magnific')
