import { defineConfig } from 'tsdown'

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    vite: 'src/vite.ts',
    rollup: 'src/rollup.ts',
    webpack: 'src/webpack.ts',
    loader: 'src/loader.ts',
    emulator: 'src/emulator/index.ts',
  },
  platform: 'node',
  target: 'node20.19',
  fixedExtension: false,
  dts: true,
  logLevel: 'warn',
})
