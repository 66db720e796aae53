import type { Client } from '../api/client.ts'
import { describeRefusal, parseTaskState } from '../api/wire.ts'
import { MagnificError } from '../core/errors.ts'
import { shorten } from '../purchase/errors.ts'
import { taskOf } from '../purchase/state.ts'
import { findFingerprint } from './workspace.ts'
import type { Listed, Workspace } from './workspace.ts'

/** A person's decision about an attempt. */
export interface ResolveFlags {
  /** The id of the task that was submitted after all. */
  adopt?: string | undefined
  /** There is no such task, or it is gone for good: the next build buys. */
  void?: boolean | undefined
  /** Voids a task that the API still knows, or cannot be asked about. */
  force?: boolean | undefined
}

/**
 * Writes down what a person found out about a submission.
 *
 * @throws MagnificError `BAD_COMMAND` where it would cost money twice, or ship another image
 */
export async function runResolve(
  workspace: Workspace,
  prefix: string,
  flags: ResolveFlags,
  now: number,
): Promise<void> {
  if ((flags.adopt === undefined) === !flags.void) {
    throw refusal('Say either --adopt <task id> or --void.')
  }
  const listed = await findFingerprint(workspace, prefix, now)
  if (listed.state === 'submitting') {
    throw refusal(
      `It is being submitted at this moment, by process ${listed.attempt.owner?.pid} on ${listed.attempt.owner?.host}. Wait for that build.`,
    )
  }
  if (flags.adopt === undefined) await voidAttempt(workspace, listed, flags.force === true, now)
  else await adoptTask(workspace, listed, flags.adopt.trim())
}

async function adoptTask(
  { journal, client, print }: Workspace,
  { fingerprint, attempt, state, task: known }: Listed,
  task: string,
): Promise<void> {
  if (!/^[\x21-\x7e]{1,200}$/.test(task)) throw refusal(`"${task}" is no task id.`)
  if (known !== undefined && known !== task) {
    throw refusal(`Task ${known} is known to be its task. Build again, and it is fetched.`)
  }
  if (state !== 'ambiguous' && state !== 'pending') {
    throw refusal(`It is ${state}: nothing is to be adopted.`)
  }
  const others = (await journal.list()).filter((entry) => entry.fingerprint !== fingerprint)
  const owner = others.find(({ attempts }) => attempts.some((other) => taskOf(other) === task))
  if (owner) {
    throw refusal(
      `Task ${task} is that of ${shorten(owner.fingerprint)}. One task is one image: look for another one.`,
    )
  }
  const said = client ? await askAbout(client, task) : 'not asked about: there is no API key'
  if (said === undefined) throw refusal(`The API does not know task ${task}. Check the id.`)
  await journal.writeTask(attempt, task)
  print(
    `${shorten(fingerprint)} is task ${task} (${said}). Build again, and it is fetched; nothing is paid a second time.`,
    { fingerprint, task, status: said },
  )
}

async function voidAttempt(
  { journal, client, print }: Workspace,
  { fingerprint, attempt, state, task }: Listed,
  force: boolean,
  now: number,
): Promise<void> {
  if (state === 'unpaid' || state === 'void') {
    throw refusal('Nothing was charged for it as it is: the next build buys it.')
  }
  if (task !== undefined && state !== 'failed' && !force) {
    const said = client ? await askAbout(client, task) : 'not asked about: there is no API key'
    if (said !== undefined) {
      throw refusal(
        `Task ${task} is paid for (${said}). Build again, and it is fetched. If it is lost all the same, add --force: the next build buys it once more.`,
      )
    }
  }
  await journal.writeVoid(attempt, new Date(now))
  print(
    `${shorten(fingerprint)} does not count any more. The next build submits it anew, which is charged for.`,
    {
      fingerprint,
      void: true,
    },
  )
}

/** @returns what the API says of a task, `undefined` where it does not know it */
async function askAbout(client: Client, task: string): Promise<string | undefined> {
  const { status, body } = await client.getStatus(task)
  if (status === 404) return undefined
  const state = status === 200 ? parseTaskState(body) : undefined
  return state ? `the API says: ${state.status}` : `the API says: ${describeRefusal(status, body)}`
}

function refusal(text: string): MagnificError {
  return new MagnificError('BAD_COMMAND', text)
}
