import { defineConfig } from 'astro/config'
import magnific from 'unplugin-magnific/astro'

export default defineConfig({
  integrations: [magnific()],
})
