import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    setupFiles: ['test/setup.ts'],
    globalSetup: ['test/helpers/results-table.ts'],
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Much of the time is waiting, for servers, processes and disks.
    maxWorkers: 2,
    server: {
      // The plugin is tested as it is packed, with the module graph that Node makes of it.
      deps: { external: [/\/dist\//] },
    },
  },
})
