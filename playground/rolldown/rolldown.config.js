import { copyFileSync } from 'node:fs'
import { defineConfig } from 'rolldown'
import magnific from 'unplugin-magnific/rolldown'

/** The page that loads what is built. */
const page = {
  name: 'page',
  writeBundle: () => copyFileSync('src/index.html', 'dist/index.html'),
}

export default defineConfig({
  input: 'src/main.js',
  platform: 'browser',
  output: { dir: 'dist', cleanDir: true },
  plugins: [magnific(), page],
})
