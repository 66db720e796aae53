import { HtmlRspackPlugin } from '@rspack/core'
import magnific from 'unplugin-magnific/rspack'

export default {
  mode: 'production',
  entry: './src/main.js',
  output: { clean: true },
  module: {
    rules: [
      { test: /\.(png|jpe?g|webp)$/, type: 'asset' },
      { test: /\.css$/, type: 'css' },
    ],
  },
  performance: { hints: false },
  devServer: { port: Number(process.env.PORT ?? 8080) },
  plugins: [magnific(), new HtmlRspackPlugin({ template: './src/index.html' })],
}
