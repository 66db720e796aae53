import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createEmulator } from 'unplugin-magnific/emulator'
import { visitPage } from './browser.js'
import { examineOutput } from './output.js'
import { clearBuild, installExample, readVersion } from './project.js'
import { run } from './run-command.js'
import { serve } from './serve.js'

/**
 * Builds an example at one version of its host, on each Node that it is for.
 *
 * @param {import('./examples.js').Example} example
 * @param {import('./examples.js').Version} version
 * @returns {Promise<import('./table.js').Row[]>}
 */
export async function testExample(example, version, setting) {
  const { host, folder } = example
  const project = join(setting.work, `${folder}-${version.label}`)
  const rows = []
  const nodes = version.nodes ?? example.nodes ?? ['20.19']
  try {
    let isInstalled = false
    for (const wanted of nodes) {
      const row = { host, version: version.label, node: wanted, problems: [] }
      rows.push(row)
      const node = await setting.nodes(wanted).catch((error) => {
        setting.say(`${host} ${version.label}: no Node ${wanted} here. ${error.message}`)
      })
      if (!node) {
        row.skipped = `the package node@${wanted} is not to be had here`
        continue
      }
      row.node = node.version
      const env = environment(node)
      try {
        if (!isInstalled) {
          await installExample(folder, project, version.install ?? {}, { ...setting, env })
          isInstalled = true
        }
        row.version = `${version.label} (${readVersion(project, example.package)})`
        await testBuilds(row, example, project, env, setting)
      } catch (error) {
        row.builds ??= false
        row.problems.push(error.message)
      }
      row.problems = [...new Set(row.problems)]
      setting.say(
        `${host} ${row.version} on Node ${row.node}: ${row.problems.length > 0 ? 'FAILED' : 'right'}`,
      )
    }
  } finally {
    // They are large, and there are many.
    rmSync(join(project, 'node_modules'), { recursive: true, force: true, maxRetries: 5 })
  }
  return rows
}

/** No more of this process than a shell has: it may run in a test itself. */
function environment({ path }) {
  const { HOME, TMPDIR, LANG, CHROME_PATH } = process.env
  return Object.fromEntries(
    Object.entries({
      ...npmSettings(),
      HOME,
      TMPDIR,
      LANG,
      CHROME_PATH,
      PATH: path,
      CI: '1',
      ASTRO_TELEMETRY_DISABLED: '1',
      NEXT_TELEMETRY_DISABLED: '1',
      NUXT_TELEMETRY_DISABLED: '1',
      STORYBOOK_DISABLE_TELEMETRY: '1',
    }).filter(([, value]) => value !== undefined),
  )
}

/** Where npm finds packages, and who vouches for it. */
function npmSettings() {
  const kept =
    /^(?:npm_config_(?:registry|cache|userconfig|cafile)|NODE_EXTRA_CA_CERTS|SSL_CERT_FILE|https?_proxy|no_proxy)$/i
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => kept.test(name)))
}

async function testBuilds(row, example, project, env, setting) {
  const { signal } = setting
  const { build = ['build'] } = example
  rmSync(join(project, '.magnific'), { recursive: true, force: true })
  const emulator = await createEmulator({ latency: 200 })
  const withEmulator = { ...env, MAGNIFIC_BASE_URL: emulator.url }
  const withKey = { ...withEmulator, FREEPIK_API_KEY: 'a-key-for-the-examples' }
  const runScript = async (script, variables) =>
    run('npm', ['run', script], { cwd: project, env: variables, signal })
  try {
    if (example.test) {
      await runScript('test', withKey)
      if (emulator.tasks.length > 0) row.problems.push('its tests have bought images')
    }
    for (const script of build) {
      clearBuild(project, example)
      const variables = script === build[0] ? withKey : withEmulator
      await runScript(script, variables)
      row.builds = true
      const calls = emulator.calls.length
      if (calls === 0) row.problems.push('nothing was bought')
      await examine(row, example, project)
      if (setting.browser) await visit(row, { ...example, script }, project, env, setting)
      clearBuild(project, example)
      await runScript(script, withEmulator)
      await examine(row, example, project)
      row.free = (row.free ?? true) && emulator.calls.length === calls
      if (!row.free) row.problems.push('the second build called the API')
    }
  } finally {
    await emulator.close()
  }
}

async function examine(row, example, project) {
  const { emitted, kept } = await examineOutput(project, example)
  row.emitted = (row.emitted ?? true) && emitted
  row.clean = (row.clean ?? true) && kept.length === 0
  if (!emitted) row.problems.push('no upscaled picture is in the output')
  if (kept.length > 0) row.problems.push(`the original is shipped: ${kept.join(', ')}`)
}

async function visit(row, example, project, env, { browser, work, signal }) {
  const { serve: how, pages = ['/'], folder, script } = example
  if (!how) return
  const server = await serve(project, how, { env, signal })
  const shots = join(work, 'screenshots')
  mkdirSync(shots, { recursive: true })
  try {
    for (const [index, page] of pages.entries()) {
      const name = `${folder} ${row.version} ${script} ${index}`.replaceAll(/[^\w.]+/g, '-')
      const file = join(shots, `${name}.png`)
      const problems = await visitPage(browser, server.url + page, file)
      row.shown = (row.shown ?? true) && problems.length === 0
      row.problems.push(...problems.map((problem) => `${page}: ${problem}`))
    }
  } finally {
    await server.close()
  }
}
