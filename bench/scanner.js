/** What bench/scan.js measures. */
export { createPlainResolve } from '../src/scan/plain-resolve.ts'
export { sourceExtensions } from '../src/scan/read-source.ts'
export { scanProject } from '../src/scan/scan-project.ts'
