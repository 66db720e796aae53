import { MagnificError } from '../core/errors.ts'
import { shorten } from '../purchase/errors.ts'
import { askAll, findFingerprint, listAttempts } from './workspace.ts'
import type { Listed, Workspace } from './workspace.ts'

/**
 * Lets the next build submit what failed once more.
 *
 * @param prefixes of fingerprints; none stands for all that failed
 * @throws MagnificError `BAD_COMMAND` where one of them did not fail
 */
export async function runRetry(
  workspace: Workspace,
  prefixes: readonly string[],
  now: number,
): Promise<void> {
  const { journal, print } = workspace
  const failed =
    prefixes.length === 0
      ? await listFailed(workspace, now)
      : await findFailed(workspace, prefixes, now)
  for (const { attempt } of failed) if (attempt) await journal.writeVoid(attempt, new Date(now))
  const names = failed.map(({ fingerprint, file }) => `${shorten(fingerprint)}  ${file}`)
  print(
    failed.length === 0
      ? 'Nothing has failed.'
      : [...names, 'The next build submits them once more, which is charged for.'].join('\n'),
    { retried: failed.map(({ fingerprint, file }) => ({ fingerprint, file })) },
  )
}

async function listFailed(workspace: Workspace, now: number): Promise<Listed[]> {
  const failedHere = (await listAttempts(workspace, now)).filter(({ state }) => state === 'failed')
  const asked = await Promise.all(failedHere.map(async (each) => askAll(workspace, each, now)))
  // Another machine may have had it retried already, and have it.
  return asked.filter(({ state }) => state === 'failed')
}

async function findFailed(
  workspace: Workspace,
  prefixes: readonly string[],
  now: number,
): Promise<Listed[]> {
  const found: Listed[] = []
  for (const prefix of prefixes) {
    const listed = await askAll(workspace, await findFingerprint(workspace, prefix, now), now)
    if (listed.state !== 'failed') {
      throw new MagnificError(
        'BAD_COMMAND',
        `${shorten(listed.fingerprint)} has not failed: it is ${listed.state}. \`magnific status\` tells what to do.`,
      )
    }
    found.push(listed)
  }
  return found
}
