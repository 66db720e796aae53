import { basename, dirname } from 'node:path'
import { expect, it } from 'vitest'
import { startEmulator } from '../helpers/emulator.ts'
import { hookFs } from '../helpers/fs-hooks.js'
import { openUpscaler } from '../helpers/upscalers.ts'
import { pictureProject } from '../helpers/shop.ts'

/** What a build does on the disk and with the API, in order. */
async function traceBuild(): Promise<string[]> {
  const trace: string[] = []
  const project = await pictureProject()
  const emulator = await startEmulator({
    // The last byte has come, and nobody has been told yet.
    latency: () => {
      trace.push('accepted')
      return 0
    },
    onCall: ({ route }) => void trace.push(`call ${route}`),
  })
  const unhook = hookFs(project.path('.magnific'), ({ name, path, dest, isDone }) => {
    // What begins is not done, and what is relied on has to be done.
    if (isDone) trace.push([name, path, dest].filter(Boolean).join(' '))
  })
  await openUpscaler(project, { baseUrl: emulator.url }).get('hero.png')
  unhook()
  return trace
}

it('every file of a purchase lasts before the next step relies on it', async () => {
  const trace = await traceBuild()
  const placed = trace.flatMap((line, index) => {
    const [name = '', from = '', to = ''] = line.split(' ')
    return name === 'link' || name === 'rename' ? [{ index, from, to }] : []
  })
  expect(placed.map(({ to }) => basename(to))).toEqual(
    expect.arrayContaining(['owner', '000001', 'decided', 'response', 'task', 'outcome']),
  )
  for (const { index, from, to } of placed) {
    const isVariant = to.includes('/variants/')
    // What stands beside a variant: where it cannot be read, or is gone, the variant is made again.
    if (isVariant && to.endsWith('.json')) continue
    // Its bytes are on the disk before it has its name, or a crash would leave an empty file of that name.
    const written = trace.lastIndexOf(`write ${from}`, index)
    const synced = trace.lastIndexOf(`sync ${from}`, index)
    expect({ to, isSynced: synced > written }).toEqual({ to, isSynced: true })
    // And its name is on the disk before anything else happens, or a crash would take it back. It may take back a variant.
    if (isVariant) continue
    const next = trace
      .slice(index + 1)
      .findIndex((line) => /^(?:call|accepted|link|rename)/.test(line))
    const until = next === -1 ? trace.length : index + 1 + next
    const isKept = trace.slice(index + 1, until).includes(`sync ${dirname(to)}`)
    expect({ to, isKept }).toEqual({ to, isKept: true })
  }
})

it('each step of a purchase is on the disk before the next one begins', async () => {
  const trace = await traceBuild()
  const at = (what: RegExp): number => trace.findIndex((line) => what.test(line))
  const steps = [
    at(/^link .*\/owner$/),
    at(/^link .*\/budget\/000001$/),
    at(/^link .*\/decided$/),
    at(/^accepted$/),
    at(/^link .*\/response$/),
    at(/^link .*\/task$/),
    at(/^call status$/),
    at(/^call download$/),
    at(/^rename .*\/blobs\//),
    at(/^rename .*\/results\//),
    at(/^link .*\/outcome$/),
  ]
  expect(steps).not.toContain(-1)
  expect(steps).toEqual(steps.toSorted((a, b) => a - b))
})
