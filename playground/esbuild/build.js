import { build, context } from 'esbuild'
import magnific from 'unplugin-magnific/esbuild'

const options = {
  // The page is copied as it is, and refers to what is built beside it: main.js and main.css.
  entryPoints: ['src/main.js', 'src/index.html'],
  bundle: true,
  format: 'esm',
  outdir: 'dist',
  loader: { '.html': 'copy' },
  plugins: [magnific()],
}

if (process.argv.includes('--serve')) {
  const server = await context(options)
  const { port } = await server.serve({ servedir: 'dist', port: Number(process.env.PORT ?? 8000) })
  console.log(`http://localhost:${port}`)
} else {
  await build(options)
}
