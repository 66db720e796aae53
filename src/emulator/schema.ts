import { validateHeaderName, validateHeaderValue } from 'node:http'
import * as v from 'valibot'

const count = v.pipe(v.number(), v.integer(), v.minValue(0))
const milliseconds = v.pipe(v.number(), v.minValue(0))
const anyFunction = v.function()

const selection = { after: v.optional(count), times: v.optional(count) }
const ofTask = { task: v.optional(count) }
const answer = {
  when: v.optional(anyFunction),
  status: v.optional(v.pipe(v.number(), v.integer(), v.minValue(200), v.maxValue(599))),
  body: v.optional(v.unknown()),
  headers: v.optional(
    v.pipe(v.record(v.string(), v.string()), v.check(areHeaders, 'Invalid header: not HTTP')),
  ),
  retryAfter: v.optional(v.union([v.number(), v.strictObject({ date: v.number() })])),
  redirect: v.optional(v.string()),
  delay: v.optional(milliseconds),
  hang: v.optional(v.boolean()),
  cut: v.optional(v.picklist(['before-read', 'mid-request', 'after-request', 'mid-response'])),
}

const fault = v.variant('route', [
  v.strictObject({
    route: v.literal('submit'),
    ...selection,
    ...answer,
    accept: v.optional(v.boolean()),
    early: v.optional(v.boolean()),
    outcome: v.optional(v.picklist(['FAILED', 'STUCK'])),
    error: v.optional(v.nullable(v.string())),
    emptyGenerated: v.optional(count),
    unknownStatus: v.optional(v.strictObject({ status: v.string(), polls: count })),
    generatedAs: v.optional(v.picklist(['strings', 'objects'])),
  }),
  v.strictObject({ route: v.literal('status'), ...selection, ...ofTask, ...answer }),
  v.strictObject({ route: v.literal('list'), ...selection, ...answer }),
  v.strictObject({
    route: v.literal('download'),
    ...selection,
    ...ofTask,
    ...answer,
    content: v.optional(
      v.picklist(['truncated', 'short', 'html', 'corrupt', 'wrong-size', 'oversized', 'endless']),
    ),
  }),
  v.strictObject({
    route: v.literal('webhook'),
    ...selection,
    ...ofTask,
    delay: v.optional(milliseconds),
    drop: v.optional(v.boolean()),
    repeat: v.optional(v.pipe(count, v.minValue(1))),
    wrap: v.optional(v.boolean()),
    forged: v.optional(v.boolean()),
    stale: v.optional(v.number()),
  }),
])

const options = v.strictObject({
  port: v.optional(v.pipe(count, v.maxValue(65_535))),
  host: v.optional(v.string()),
  apiKeys: v.optional(v.array(v.string())),
  latency: v.optional(v.union([milliseconds, anyFunction])),
  faults: v.optional(v.array(fault)),
  urlLifetime: v.optional(milliseconds),
  shape: v.optional(v.picklist(['data', 'bare'])),
  problem: v.optional(v.picklist(['json', 'problem', 'problem-nested'])),
  list: v.optional(v.union([v.boolean(), v.strictObject({ lag: milliseconds })])),
  resultFormat: v.optional(v.picklist(['png', 'jpeg', 'webp'])),
  alpha: v.optional(v.picklist(['drop', 'keep'])),
  initialStatus: v.optional(v.picklist(['CREATED', 'IN_PROGRESS'])),
  stableUrl: v.optional(v.boolean()),
  errorField: v.optional(v.picklist(['on-failure', 'always'])),
  strict: v.optional(v.boolean()),
  bodyLimit: v.optional(count),
  downloadHost: v.optional(v.picklist(['same', 'separate'])),
  webhookSecret: v.optional(v.union([v.string(), v.array(v.string())])),
  webhookHosts: v.optional(v.picklist(['loopback', 'any'])),
  webhookRetries: v.optional(count),
  webhookRetryDelay: v.optional(milliseconds),
  now: v.optional(anyFunction),
  onCall: v.optional(anyFunction),
})

/**
 * Checks the options, which may come from a command line or a JSON file.
 * @throws {TypeError} that lists every problem.
 */
export function checkOptions(given: unknown): void {
  check('createEmulator', options, given)
}

/**
 * Checks a list of faults.
 * @throws {TypeError} that lists every problem.
 */
export function checkFaults(given: unknown): void {
  check('setFaults', v.array(fault), given)
}

function check(caller: string, schema: v.GenericSchema, given: unknown): void {
  const { issues } = v.safeParse(schema, given)
  if (!issues) return
  const problems = issues.map((issue) => `- ${v.getDotPath(issue) ?? 'value'}: ${issue.message}`)
  throw new TypeError(`${caller}: what was given cannot be used.\n${problems.join('\n')}`)
}

function areHeaders(headers: Record<string, string>): boolean {
  try {
    for (const [name, value] of Object.entries(headers)) {
      validateHeaderName(name)
      validateHeaderValue(name, value)
    }
    return true
  } catch {
    return false
  }
}
