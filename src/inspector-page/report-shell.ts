import { createHash } from 'node:crypto'
import type { Plugin } from 'vite'

/** Where a report's data go: its text is replaced by JSON, each `<` in it written as `\u003c`. */
const dataMark = '<script type="application/json" id="inspection"></script>'

/**
 * Writes `report.html` beside the built page: the same page in one file, its script and style inlined and named by hash in
 * its CSP, so that nothing else in the file can ever run, and nothing is fetched from anywhere.
 */
export function writeReportShell(): Plugin {
  return {
    name: 'inspector-report-shell',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_options, bundle): void {
        const files = Object.values(bundle)
        const page = files.find(({ fileName }) => fileName === 'index.html')
        const scripts = files.filter((file) => file.type === 'chunk')
        const styles = files.filter(({ fileName }) => fileName.endsWith('.css'))
        const [script] = scripts
        const [style] = styles
        if (page?.type !== 'asset' || script?.type !== 'chunk' || style?.type !== 'asset') {
          return this.error('The page needs one script and one style sheet.')
        }
        if (scripts.length + styles.length !== 2) {
          return this.error('A report holds one script and one style sheet.')
        }
        const source = renderReport(String(page.source), script.code, String(style.source))
        this.emitFile({ type: 'asset', fileName: 'report.html', source })
      },
    },
  }
}

function renderReport(page: string, script: string, style: string): string {
  // Either would end the element, or begin a comment in it.
  const code = script.trim().replaceAll(/<(?=\/script|!--|script)/gi, String.raw`\x3c`)
  const css = style.trim()
  if (/<\/style/i.test(css)) throw new Error('The style sheet would end its element.')
  const policy = [
    "default-src 'none'",
    `script-src '${hash(code)}'`,
    `style-src '${hash(css)}'`,
    'img-src data: blob:',
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
  ].join('; ')
  const meta = `<meta http-equiv="Content-Security-Policy" content="${policy}" />`
  const bare = page
    .replaceAll(/<script\b[^>]*><\/script>\s*/g, '')
    .replaceAll(/<link rel="stylesheet"[^>]*>\s*/g, '')
  const head = `\n    <style>${css}</style>\n  </head>`
  const body = `${dataMark}\n    <script type="module">${code}</script>\n  </body>`
  // With functions: a "$" in the code means nothing.
  return bare
    .replace(/<meta charset="utf-8"[^>]*>/, (charset) => `${charset}\n    ${meta}`)
    .replace('</head>', () => head)
    .replace('</body>', () => body)
}

function hash(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}
