import { fileURLToPath } from 'node:url'
import url from '@rollup/plugin-url'
import { VERSION } from 'rollup'
import magnific from 'unplugin-magnific/rollup'
import options from './magnific.config.js'
import { renderPage } from './page.js'

const path = (name) => fileURLToPath(new URL(name, import.meta.url))

export default {
  input: path('src/main.js'),
  output: { dir: path('dist/rollup'), format: 'es', entryFileNames: '[name]-[hash].js' },
  plugins: [
    magnific({ ...options, cache: { dir: path('.magnific') } }),
    url({ limit: 0, fileName: '[name]-[hash][extname]' }),
    {
      name: 'page',
      async generateBundle(_, bundle) {
        const entry = Object.values(bundle).find((chunk) => chunk.type === 'chunk' && chunk.isEntry)
        const script = `<script type="module" src="./${entry.fileName}"></script>`
        for (const file of await renderPage(`Rollup ${VERSION}`, script)) {
          this.emitFile({ type: 'asset', ...file })
        }
      },
    },
  ],
}
