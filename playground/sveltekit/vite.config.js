import adapter from '@sveltejs/adapter-static'
import { enhancedImages } from '@sveltejs/enhanced-img'
import { sveltekit } from '@sveltejs/kit/vite'
import magnific from 'unplugin-magnific/vite'
import { defineConfig } from 'vite'

export default defineConfig({
  plugins: [magnific(), enhancedImages(), sveltekit({ adapter: adapter() })],
})
