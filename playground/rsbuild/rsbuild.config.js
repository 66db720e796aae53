import { defineConfig } from '@rsbuild/core'
import magnific from 'unplugin-magnific/rspack'

export default defineConfig({
  source: { entry: { index: './src/main.js' } },
  server: { port: Number(process.env.PORT ?? 3000) },
  tools: {
    rspack: { plugins: [magnific()] },
  },
})
