import { fileURLToPath } from 'node:url'
import magnific from 'unplugin-magnific/webpack'
import webpack from 'webpack'
import options from './magnific.config.js'
import { renderPage } from './page.js'

/** Emits the page; html-webpack-plugin would do more than is needed here. */
const page = {
  apply(compiler) {
    compiler.hooks.thisCompilation.tap('page', (compilation) => {
      compilation.hooks.processAssets.tapPromise('page', async () => {
        const [script] = compilation.entrypoints.get('main').getFiles()
        const tag = `<script defer src="./${script}"></script>`
        for (const { fileName, source } of await renderPage(`webpack ${webpack.version}`, tag)) {
          compilation.emitAsset(fileName, new webpack.sources.RawSource(source))
        }
      })
    })
  },
}

export default {
  mode: 'production',
  context: fileURLToPath(new URL('./', import.meta.url)),
  entry: './src/main.js',
  output: {
    path: fileURLToPath(new URL('dist/webpack', import.meta.url)),
    filename: '[name]-[contenthash:8].js',
    assetModuleFilename: '[name]-[contenthash:8][ext]',
    publicPath: 'auto',
    clean: true,
  },
  module: { rules: [{ test: /\.(png|jpg|webp)$/, type: 'asset/resource' }] },
  performance: { hints: false },
  plugins: [magnific(options), page],
}
