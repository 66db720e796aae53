import react from '@vitejs/plugin-react'
import icons from 'unplugin-icons/vite'
import magnific from 'unplugin-magnific/vite'
import { defineConfig } from 'vite'
import { imagetools } from 'vite-imagetools'
import svgr from 'vite-plugin-svgr'

export default defineConfig({
  plugins: [magnific(), react(), imagetools(), svgr(), icons({ compiler: 'jsx', jsx: 'react' })],
})
