import { existsSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { MagnificError } from '../../core/errors.ts'
import { createStep, readText } from './change.ts'
import type { Step } from './change.ts'
import { addPlugin, editableHosts } from './edit-config.ts'
import type { ConfigHost } from './edit-config.ts'

/** Hosts whose configs are for a person to edit, and what is to be written there. */
const byHand = {
  next: [
    "import { withMagnific } from 'unplugin-magnific/next'",
    'export default withMagnific({ /* what the config was */ })',
  ],
  rsbuild: [
    "import magnific from 'unplugin-magnific/rspack'",
    'tools: { rspack: { plugins: [magnific()] } }',
  ],
} as const

/** A host by the name of its config. */
export type InitHost = ConfigHost | keyof typeof byHand

/** Every host that `init` knows. */
export const initHosts: readonly InitHost[] = [
  ...editableHosts,
  ...(Object.keys(byHand) as (keyof typeof byHand)[]),
]

/** A host, and its config where there is one. */
export interface FoundHost {
  host: InitHost
  /** Absolute. */
  file: string | undefined
}

/** In the order in which the hosts look. */
const extensions = ['js', 'mjs', 'ts', 'cjs', 'mts', 'cts']

/**
 * Finds the host of a project by its config.
 *
 * @param wanted what the user says
 * @throws MagnificError `BAD_COMMAND` where there is none, or more than one
 */
export function findHost(root: string, wanted: string | undefined): FoundHost {
  const found = initHosts.flatMap((host) => {
    const file = findConfigFile(root, host)
    return file === undefined ? [] : [{ host, file }]
  })
  if (wanted !== undefined) return pickHost(root, wanted, found)
  const [only] = found
  if (only && found.length === 1) return only
  const names = found.map(({ file }) => basename(file ?? ''))
  throw new MagnificError(
    'BAD_COMMAND',
    only
      ? `There is more than one config in ${root}: ${names.join(', ')}. Say which one builds the images: --host ${found.map(({ host }) => host).join('|')}.`
      : `There is no config in ${root} that is known: ${initHosts.map((host) => `${host}.config.*`).join(', ')}. Go to the folder that has it; for Vite without a config, add --host vite. With esbuild, the plugin goes into the script that builds.`,
  )
}

function pickHost(root: string, wanted: string, found: readonly FoundHost[]): FoundHost {
  const host = initHosts.find((name) => name === wanted)
  if (!host) {
    throw new TypeError(`--host must be one of ${initHosts.join(', ')}, got "${wanted}".`)
  }
  const known = found.find((each) => each.host === host)
  // Vite works without one.
  if (known ?? host === 'vite') return known ?? { host, file: undefined }
  throw new MagnificError(
    'BAD_COMMAND',
    `There is no ${host}.config.* in ${root}. Go to the folder that has it, or write one first.`,
  )
}

function findConfigFile(root: string, host: InitHost): string | undefined {
  const names = new Set(readdirSync(root))
  const name = extensions.map((type) => `${host}.config.${type}`).find((each) => names.has(each))
  return name === undefined ? undefined : join(root, name)
}

/** Adds the plugin to the config, or makes one. */
export function planConfig(root: string, { host, file }: FoundHost): Step {
  if (file === undefined) {
    const type = existsSync(join(root, 'tsconfig.json')) ? 'ts' : 'js'
    const path = join(root, `${host}.config.${type}`)
    return createStep({ changes: [{ path, before: undefined, after: renderConfig(host) }] })
  }
  const before = readText(file) ?? ''
  const name = basename(file)
  if (!isEditable(host)) {
    if (before.includes('unplugin-magnific/')) return presentStep(name)
    return createStep({ byHand: [`${name} is for you to edit:${renderLines(byHand[host])}`] })
  }
  const edit = addPlugin(before, name, host)
  if (edit.kind === 'present') return presentStep(name)
  if (edit.kind === 'edited') {
    return createStep({ changes: [{ path: file, before, after: edit.text }] })
  }
  return createStep({
    byHand: [
      `${name} ${edit.reason}. Add the plugin yourself, in front of the others:${renderLines(edit.lines)}`,
    ],
  })
}

function isEditable(host: InitHost): host is ConfigHost {
  return editableHosts.some((each) => each === host)
}

function presentStep(name: string): Step {
  return createStep({ notes: [`The plugin is in ${name} already.`] })
}

function renderLines(lines: readonly string[]): string {
  return lines.map((line) => `\n    ${line}`).join('')
}

function renderConfig(host: InitHost): string {
  return `import magnific from 'unplugin-magnific/${host}'\n\nexport default { plugins: [magnific()] }\n`
}
