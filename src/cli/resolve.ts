import { describeRefusal, parseTaskState } from '../api/wire.ts'
import { MagnificError } from '../core/errors.ts'
import { taskIdPattern } from '../core/patterns.ts'
import { shorten } from '../purchase/errors.ts'
import { taskOf } from '../purchase/state.ts'
import type { AttemptSubject } from '../store/attempt.ts'
import { askAll, findFingerprint } from './workspace.ts'
import type { Listed, Workspace } from './workspace.ts'

/** The longest that a result may take to come, ms. */
const lookTimeout = 120_000

/** A person's decision about an attempt. */
export interface ResolveFlags {
  /** The id of the task that was submitted after all. */
  adopt?: string | undefined
  /** There is no such task, or it is gone for good: the next build buys. */
  void?: boolean | undefined
  /** Decides also what the API cannot be asked about, or contradicts. */
  force?: boolean | undefined
}

/**
 * Writes down what a person found out about a submission.
 *
 * @throws MagnificError `BAD_COMMAND` where it would cost money twice, or cannot be done
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
  const listed = await askAll(workspace, await findFingerprint(workspace, prefix, now), now)
  const { owner } = listed.attempt ?? {}
  if (listed.state === 'submitting') {
    const who = owner ? `process ${owner.pid} on ${owner.host}` : 'another process'
    throw refusal(`It is being submitted at this moment, by ${who}. Wait for that build.`)
  }
  const { service = workspace.service } = listed
  if (service !== workspace.service && !flags.force) {
    throw refusal(
      `It was submitted to ${service}, and this would ask ${workspace.service}. Set MAGNIFIC_BASE_URL to what the build uses.`,
    )
  }
  if (flags.adopt === undefined) await voidAttempt(workspace, listed, flags.force === true, now)
  else await adoptTask(workspace, listed, flags.adopt.trim(), flags.force === true)
}

async function adoptTask(
  workspace: Workspace,
  { fingerprint, state, task: known, attempt: counted }: Listed,
  task: string,
  force: boolean,
): Promise<void> {
  const { journal, print } = workspace
  const subject = counted?.owner?.subject
  if (!taskIdPattern.test(task)) throw refusal(`"${task}" is no task id.`)
  if (state === 'completed' || state === 'failed') {
    throw refusal(`It is ${state}: nothing is to be adopted.`)
  }
  if (known !== undefined && known !== task && state !== 'void') {
    throw refusal(`Task ${known} is known to be its task. Build again, and it is fetched.`)
  }
  const others = (await journal.list()).filter((entry) => entry.fingerprint !== fingerprint)
  const owner = others.find(({ attempts }) => attempts.some((other) => taskOf(other) === task))
  if (await journal.isOfOther(fingerprint, task)) {
    throw refusal(
      `Task ${task} is that of another image, which another machine has bought. One task is one image: look for another one.`,
    )
  }
  if (owner) {
    throw refusal(
      `Task ${task} is that of ${shorten(owner.fingerprint)}. One task is one image: look for another one.`,
    )
  }
  const said = await askAbout(workspace, task, force)
  if (said === undefined) throw refusal(`The API does not know task ${task}. Check the id.`)
  if (!force) await checkPicture(workspace, task, subject)
  // What was decided against before counts for nothing: this is another attempt then.
  const attempt = await journal.open(fingerprint)
  if (!(await journal.writeTask(attempt, task))) {
    throw refusal('Somebody else has settled it meanwhile: see `magnific status`.')
  }
  print(
    `${shorten(fingerprint)} is task ${task} (${said}). Build again, and it is fetched; nothing is paid a second time. Look at the image then: the API does not tell which one a task was for.`,
    { fingerprint, task, status: said },
  )
}

/** One task's result under another image's name would be shipped without a word. */
async function checkPicture(
  { client, blobs }: Workspace,
  task: string,
  subject: AttemptSubject | undefined,
): Promise<void> {
  if (!subject) {
    throw refusal(
      'The journal does not tell which picture was submitted. Look at the task yourself; --force adopts it unseen.',
    )
  }
  if (!client) return
  const { examineTask, isOf } = await import('../purchase/reconcile.ts')
  const { signal } = new AbortController()
  const context = { blobs, deadline: lookTimeout }
  const finding = await examineTask(task, 0, client, context, signal)
  if (finding.kind === 'working') {
    throw refusal(
      `Task ${task} is still at work, or cannot be looked at. Wait for it, and adopt it then; --force adopts it unseen.`,
    )
  }
  if (!isOf(subject, finding)) {
    throw refusal(
      `Task ${task} shows another picture than ${subject.file}, or has another size. Check the id; --force adopts it all the same.`,
    )
  }
}

async function voidAttempt(
  workspace: Workspace,
  { fingerprint, state, task, file, record }: Listed,
  force: boolean,
  now: number,
): Promise<void> {
  const { journal, records, blobs, layout, sharing, print } = workspace
  if (task === undefined && (state === 'unpaid' || state === 'void')) {
    throw refusal('Nothing was charged for it as it is: the next build buys it.')
  }
  if (record && blobs.verify(record.result.sha256) !== undefined) {
    throw refusal(
      `Its result is stored, and shipped. If it is the wrong one, delete ${records.path(fingerprint)} and ${layout.variants}, and come back.`,
    )
  }
  if (await sharing?.results.has(fingerprint)) {
    throw refusal(
      `Its result is in the shared cache (${sharing?.remote.name()}), and a build takes it from there. If it is the wrong one, delete its key there, magnific:v1/results/${fingerprint}, and come back.`,
    )
  }
  if (task !== undefined && state !== 'failed' && !force) {
    const said = await askAbout(workspace, task, false)
    if (said !== undefined) {
      throw refusal(
        `Task ${task} is paid for (${said}). Build again, and it is fetched. If it is lost all the same, add --force: the next build buys it once more.`,
      )
    }
  }
  // Where the record alone knew the task, the journal does from now on.
  const attempt = await journal.open(fingerprint)
  if (task !== undefined) await journal.writeTask(attempt, task)
  await journal.writeVoid(attempt, new Date(now))
  print(
    `${shorten(fingerprint)}  ${file} does not count any more. The next build submits it anew, which is charged for.`,
    { fingerprint, void: true },
  )
}

/** @returns what the API says of a task, `undefined` where it does not know it */
async function askAbout(
  { client }: Workspace,
  task: string,
  force: boolean,
): Promise<string | undefined> {
  try {
    if (!client) throw new Error('there is no API key, see FREEPIK_API_KEY')
    const { status, body } = await client.getStatus(task)
    if (status === 404) return undefined
    const state = status === 200 ? parseTaskState(body) : undefined
    if (!state) throw new Error(describeRefusal(status, body))
    return `the API says: ${state.status}`
  } catch (error) {
    if (force) return 'the API was not asked'
    throw refusal(
      `The API cannot be asked about task ${task}: ${(error as Error).message}. Mend that, or add --force to go on without its word.`,
    )
  }
}

function refusal(text: string): MagnificError {
  return new MagnificError('BAD_COMMAND', text)
}
