import { readFileSync, readdirSync } from 'node:fs'

/**
 * The scripts that a process has run, as V8 counts them.
 *
 * @param coverageDir the process's `NODE_V8_COVERAGE`
 * @returns URLs
 */
export function listLoadedScripts(coverageDir: string): string[] {
  return readdirSync(coverageDir).flatMap((name) => {
    const { result } = JSON.parse(readFileSync(`${coverageDir}/${name}`, 'utf8')) as {
      result: { url: string }[]
    }
    return result.map(({ url }) => url)
  })
}
