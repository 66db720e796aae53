import magnific from 'unplugin-magnific/rollup'

/** Rollup knows no pages. */
const page = {
  name: 'page',
  generateBundle() {
    this.emitFile({
      type: 'asset',
      fileName: 'index.html',
      source: `<!doctype html>
<meta charset="utf-8" />
<title>Magnific with Rollup</title>
<script type="module" src="./main.js"></script>
`,
    })
  },
}

export default {
  input: 'src/main.js',
  output: { dir: 'dist', assetFileNames: 'assets/[name]-[hash][extname]' },
  plugins: [magnific(), page],
}
