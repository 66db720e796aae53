import { defineConfig } from 'tsdown'

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    vite: 'src/vite.ts',
    rollup: 'src/rollup.ts',
    rolldown: 'src/rolldown.ts',
    webpack: 'src/webpack.ts',
    esbuild: 'src/esbuild.ts',
    rspack: 'src/rspack.ts',
    nuxt: 'src/nuxt.ts',
    astro: 'src/astro.ts',
    loader: 'src/loader.ts',
    next: 'src/next.ts',
    'next-loader': 'src/next-loader.ts',
    'next-texts-loader': 'src/next-texts-loader.ts',
    cli: 'src/cli.ts',
    emulator: 'src/emulator/index.ts',
    types: 'src/types.ts',
  },
  platform: 'node',
  target: 'node20.19',
  fixedExtension: false,
  dts: true,
  logLevel: 'warn',
  inputOptions: { resolve: { mainFields: ['module', 'main'] } },
  outputOptions: {
    codeSplitting: {
      groups: [
        // What a warm build runs is in one file, which imports none of the rest.
        {
          name: 'warm',
          // What some hosts do without is small: a file of its own takes longer to find than to read. Not types, which would be
          // left out of the package.
          test: /^(?!.*\.d\.ts).*src\/(?:core\/|bundlers\/(?:external|host-error|missing|redirect|module-code|sources|types|webpack\/(?:loader-plugin|sources|types)|vite\/(?:entries|files))|(?:upscaler|lookup|shipment|source-file|shared|sharing|report|progress|refusals)\.ts|store\/(?:files|layout|memo|quarantine|variants)\.ts)|fastest-levenshtein/,
        },
      ],
    },
  },
})
