import { defineConfig } from 'vitest/config'

/** Hundreds of processes, many pages, many servers, whole pipelines: scripts of their own. */
const upkeep = ['import', 'plan', 'resume', 'upscale', 'verify'].map(
  (name) => `test/cli/${name}.test.ts`,
)
const recipes = ['ci', 'shared-cache'].map((name) => `test/docs/${name}.test.ts`)
const views = [
  'inspector-page/{buying,compare,detail,gallery,looks}',
  'inspector/{browser,pictures,report,ui}',
].map((name) => `test/${name}.test.ts`)

const machines = [
  'sharing/{bad-remotes,evicting,hanging,kills,warm}',
  'store/remote/{bad-network,process}',
].map((name) => `test/${name}.test.ts`)

export default defineConfig({
  test: {
    setupFiles: ['test/setup.ts'],
    globalSetup: ['test/helpers/results-table.ts'],
    include: ['test/**/*.test.ts'],
    exclude: [
      ...(process.env['EVERY_COMMAND'] ? [] : upkeep),
      ...(process.env['EVERY_RECIPE'] ? [] : recipes),
      ...(process.env['EVERY_VIEW'] ? [] : views),
      ...(process.env['EVERY_FAULT'] ? [] : machines),
    ],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // What is waited for comes when the machine gets there: a second is short when three files run at once.
    expect: { poll: { timeout: 20_000 } },
    // Much of the time is waiting, for servers, processes and disks.
    maxWorkers: 3,
    server: {
      // The plugin is tested as it is packed, with the module graph that Node makes of it.
      deps: { external: [/\/dist\//] },
    },
  },
})
