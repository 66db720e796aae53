import { fileURLToPath } from 'node:url'
import magnific from 'unplugin-magnific/vite'
import { defineConfig, version } from 'vite'
import options from './magnific.config.js'
import { nameHost } from './page.js'

export default defineConfig({
  root: fileURLToPath(new URL('./', import.meta.url)),
  base: './',
  build: { outDir: 'dist/vite', emptyOutDir: true },
  plugins: [
    magnific(options),
    { name: 'page', transformIndexHtml: (html) => nameHost(html, `Vite ${version}`) },
  ],
})
