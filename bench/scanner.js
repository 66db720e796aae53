/** What bench/scan.js measures. */
export { createPlainResolve } from '../src/scan/plain-resolve.ts'
export { readSource, sourceExtensions } from '../src/scan/read-source.ts'
export { mayRefer } from '../src/scan/may-refer.ts'
export { scanProject } from '../src/scan/scan-project.ts'
