import { expect, it } from 'vitest'
import { canary } from '../../helpers/canary.ts'
import { configProject, runCli } from '../../helpers/config-project.ts'
import { postsTo, startEmulator } from '../../helpers/emulator.ts'
import { makePng } from '../../helpers/images.ts'
import { runBash } from '../../helpers/run-bash.ts'

const webpackBuild = `node -e "
  const { webpack } = require('webpack')
  webpack(require('./webpack.config.js')).run((error, stats) => {
    if (error || stats.hasErrors()) throw error ?? new Error(stats.toString())
  })"`

it.each([
  [
    'vite',
    'vite.config.js',
    "export default {\n  build: { rollupOptions: { input: 'src/main.js' } },\n}\n",
    'node node_modules/vite/bin/vite.js build',
  ],
  [
    'webpack',
    'webpack.config.js',
    "module.exports = { mode: 'production', entry: './src/main.js', context: __dirname }\n",
    webpackBuild,
  ],
  [
    'rollup',
    'rollup.config.mjs',
    "export default {\n  input: 'src/main.js',\n  output: { dir: 'dist' },\n}\n",
    'node node_modules/rollup/dist/bin/rollup -c',
  ],
])('a project of %s upscales its images once it is set up', async (_, file, config, command) => {
  const emulator = await startEmulator()
  const project = configProject({
    [file]: config,
    'src/hero.png': await makePng({ width: 80, height: 60 }),
    'src/main.js': "import hero from './hero.png?magnific=2x'\nconsole.log(hero)\n",
  })
  expect((await runCli(project.dir, ['init', '--yes'])).code).toBe(0)
  const env = { FREEPIK_API_KEY: canary, MAGNIFIC_BASE_URL: emulator.url }
  const { code, log } = await runBash(command, project.dir, env)
  expect(code, log).toBe(0)
  expect(postsTo(emulator)).toBe(1)
  // Node says nothing of modules that CommonJS takes in.
  expect(log).not.toContain('Warning')
})
