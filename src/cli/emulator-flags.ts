import type { EmulatorOptions, Fault } from '../emulator/index.ts'
import { checkOptions } from '../emulator/schema.ts'

/** The flags of `magnific emulator`, as they are typed. */
export interface EmulatorFlags {
  /** Default 4000; 0 takes any free one. */
  port?: string | undefined
  host?: string | undefined
  /** Milliseconds, or `Infinity`. */
  latency?: string | undefined
  /** Each may be said more than once. */
  apiKey?: readonly string[] | undefined
  fault?: readonly string[] | undefined
  webhookSecret?: readonly string[] | undefined
  /** Whether the API lists its tasks. */
  list?: boolean | undefined
  /** Milliseconds. */
  listLag?: string | undefined
  /** Milliseconds. */
  urlLifetime?: string | undefined
  resultFormat?: string | undefined
  alpha?: string | undefined
  shape?: string | undefined
  downloadHost?: string | undefined
  webhookHosts?: string | undefined
  /** A line for each call. */
  verbose?: boolean | undefined
  json?: boolean | undefined
}

/** The flags by the options that they set. */
const flagNames: Readonly<Record<string, string>> = {
  port: '--port',
  host: '--host',
  apiKeys: '--api-key',
  latency: '--latency',
  urlLifetime: '--url-lifetime',
  list: '--list-lag',
  resultFormat: '--result-format',
  alpha: '--alpha',
  shape: '--shape',
  downloadHost: '--download-host',
  webhookHosts: '--webhook-hosts',
  webhookSecret: '--webhook-secret',
}

/**
 * Reads the emulator's options from flags.
 *
 * @throws TypeError with every problem listed
 */
export function readEmulatorOptions(flags: EmulatorFlags): EmulatorOptions {
  const problems: string[] = []
  const readNumber = (flag: string, text: string | undefined): number | undefined => {
    if (text === undefined) return undefined
    if (/^(?:\d+(?:\.\d+)?|Infinity)$/.test(text)) return Number(text)
    problems.push(`${flag} must be a number, got "${text}".`)
    return undefined
  }
  const faults = (flags.fault ?? []).map((text) => {
    try {
      return parseFault(text)
    } catch (error) {
      problems.push(`--fault '${text}': ${(error as Error).message}`)
      return undefined
    }
  })
  const port = readNumber('--port', flags.port ?? '4000')
  const latency = readNumber('--latency', flags.latency)
  const lag = readNumber('--list-lag', flags.listLag)
  const urlLifetime = readNumber('--url-lifetime', flags.urlLifetime)
  const { list = true, apiKey = [], webhookSecret = [] } = flags
  if (!list && lag !== undefined) problems.push('Say either --no-list or --list-lag.')
  const options = {
    port,
    host: flags.host,
    apiKeys: apiKey.length > 0 ? apiKey : undefined,
    latency,
    // Those that cannot be read are told of already.
    faults: faults.map((fault) => fault ?? { route: 'list', after: Number.MAX_SAFE_INTEGER }),
    urlLifetime,
    list: lag === undefined ? list : { lag },
    resultFormat: flags.resultFormat,
    alpha: flags.alpha,
    shape: flags.shape,
    downloadHost: flags.downloadHost,
    webhookSecret,
    webhookHosts: flags.webhookHosts,
  }
  problems.push(...findProblems(options, flags.fault ?? []))
  if (problems.length > 0) throw new TypeError(problems.join('\n'))
  return options as EmulatorOptions
}

/** What the emulator itself says of its options, in the words of the command line. */
function findProblems(options: object, faults: readonly string[]): string[] {
  try {
    checkOptions(options)
    return []
  } catch (error) {
    return [...(error as Error).message.matchAll(/^- ([^:]+): (.*)$/gm)].map(
      ([, path = '', says = '']) => {
        const [, index, name] = /^faults\.(\d+)(?:\.(.*))?$/.exec(path) ?? []
        if (index !== undefined) {
          return `--fault '${faults[Number(index)]}': ${name === undefined ? '' : `${name}: `}${says}`
        }
        return `${flagNames[path.split('.')[0] ?? ''] ?? path}: ${says}`
      },
    )
  }
}

/** One word, or `name=value`, where a value with spaces is in double quotes or in braces. */
const wordPattern = /\s*([\w-]+)(?:=("(?:[^"\\]|\\.)*"|\{[^]*?\}(?=\s|$)|\S*))?(?=\s|$)/y

/**
 * Reads a fault: JSON, or its route and what happens, `submit status=503 times=2`.
 *
 * @throws Error that says what is not understood
 */
export function parseFault(text: string): Fault {
  if (text.trim().startsWith('{')) return JSON.parse(text) as Fault
  const source = text.trim()
  const fault: Record<string, unknown> = {}
  wordPattern.lastIndex = 0
  while (wordPattern.lastIndex < source.length) {
    const at = wordPattern.lastIndex
    const match = wordPattern.exec(source)
    if (!match) throw new Error(`"${source.slice(at).trim()}" is not understood.`)
    const [, word = '', value] = match
    const name = word.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
    if (at === 0 && value === undefined) fault['route'] = word
    else fault[name] = value === undefined ? true : readValue(value)
  }
  return fault as unknown as Fault
}

/** A number, `true`, `null`, a text in quotes or an object as JSON has it; and any other word as it is. */
function readValue(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
