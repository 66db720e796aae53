import react from '@vitejs/plugin-react'
import magnific from 'unplugin-magnific/vite'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  plugins: [react(), magnific()],
  test: { environment: 'happy-dom' },
})
