import react from '@vitejs/plugin-react'
import magnific from 'unplugin-magnific/vite'
import { defineConfig } from 'vite'

export default defineConfig({
  plugins: [react(), magnific()],
})
