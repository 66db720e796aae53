import HtmlPlugin from 'html-webpack-plugin'
import magnific from 'unplugin-magnific/webpack'

export default {
  module: {
    rules: [
      { test: /\.css$/, use: ['style-loader', 'css-loader'] },
      { test: /\.png$/, type: 'asset' },
    ],
  },
  plugins: [new HtmlPlugin({ title: 'Magnific with webpack' }), magnific()],
}
