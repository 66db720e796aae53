import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Emulator } from '../../src/emulator/index.ts'
import { cliEnvironment, runCli } from '../helpers/cli.ts'
import { postsTo, startEmulator } from '../helpers/emulator.ts'
import { optionsFor } from '../helpers/hero.ts'
import { createHotApp } from '../helpers/hot.ts'
import type { PlanObject } from '../helpers/planned-project.ts'
import type { Project } from '../helpers/project.ts'
import { configFor, createReferencesApp, upscaledCount } from '../helpers/references.ts'
import type { ViteConfig } from '../helpers/vite-process.ts'

/** The config of a fixture in the project itself, where a command finds it. */
function writeConfig(project: Project, { module, settings }: ViteConfig): void {
  project.write(
    'app/vite.config.js',
    `import config from ${JSON.stringify(module)}\nexport default config(${JSON.stringify(settings)})\n`,
  )
}

async function plan(project: Project, emulator: Emulator): Promise<PlanObject> {
  const env = { MAGNIFIC_BASE_URL: emulator.url }
  const { stdout, stderr } = await runCli(project.path('app'), ['plan', '--json'], env)
  expect(stderr).toBe('')
  return JSON.parse(stdout) as PlanObject
}

async function buildApp(project: Project): Promise<void> {
  const vite = JSON.stringify(import.meta.resolve('vite'))
  const script = project.write(
    'app/build.mjs',
    `import { build } from ${vite}\nawait build({ logLevel: 'error' })\n`,
  )
  const settings = { cwd: project.path('app'), env: cliEnvironment() }
  await promisify(execFile)(process.execPath, [script], settings)
}

/** What was bought, by fingerprint. */
function listBought(project: Project): Set<string | undefined> {
  const records = project.list('app/.magnific/v1/results')
  return new Set(records.map((file) => /[\da-f]{64}/.exec(file)?.[0]))
}

function fingerprints({ references }: PlanObject, ...importers: string[]): Set<string | null> {
  return new Set(
    references
      .filter(({ importer }) => !importers.includes(importer))
      .map(({ fingerprint }) => fingerprint),
  )
}

describe('a plan and a build agree', () => {
  // The scan of it is compared in every run: see `scan/agreement`. This takes a whole build.
  it.runIf(process.env['EVERY_VERSION'] === '1')(
    'on the app with every kind of reference',
    async () => {
      const emulator = await startEmulator()
      const { project, ...app } = await createReferencesApp('vite8', onTestFinished)
      writeConfig(project, configFor({ project, ...app }, optionsFor(emulator)))
      const planned = await plan(project, emulator)
      expect(planned.problems).toEqual([])
      // The server's own pages are another build.
      expect(planned.references.filter(({ reached }) => reached === false)).toEqual([])
      expect(planned.references.filter(({ state }) => state !== 'missing')).toEqual([])
      await buildApp(project)
      const bought = listBought(project)
      expect(postsTo(emulator)).toBe(upscaledCount)
      // One image stands in no source: a plugin of PostCSS makes it up.
      expect(bought.size).toBe(fingerprints(planned).size + 1)
      expect([...fingerprints(planned)].filter((each) => !bought.has(each ?? ''))).toEqual([])
      const { references, totals } = await plan(project, emulator)
      expect(references.filter(({ state }) => state !== 'cached')).toEqual([])
      expect(totals.estimate).toBe(0)
    },
  )

  it('on a small app with Vue', async () => {
    const emulator = await startEmulator()
    const app = await createHotApp(onTestFinished)
    writeConfig(app.project, app.config(optionsFor(emulator)))
    const planned = await plan(app.project, emulator)
    await buildApp(app.project)
    expect(listBought(app.project)).toEqual(fingerprints(planned))
    expect(planned.totals.images.missing).toBe(postsTo(emulator))
  })
})
