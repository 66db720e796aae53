import magnific from 'unplugin-magnific/vite'
import { defineConfig } from 'vitepress'

export default defineConfig({
  title: 'VitePress',
  vite: { plugins: [magnific()] },
})
