import { readFile } from 'node:fs/promises'

const folder = new URL('./', import.meta.url)

/**
 * The page for a host that knows no HTML: index.html with its script tag exchanged, and the style sheet beside it.
 *
 * @param {string} host its name, for the footer
 * @param {string} script the script tag
 * @returns {Promise<{ fileName: string, source: string }[]>} the files to emit
 */
export async function renderPage(host, script) {
  const [html, css] = await Promise.all(
    ['index.html', 'src/style.css'].map((path) => readFile(new URL(path, folder), 'utf8')),
  )
  const page = nameHost(html, host)
    .replace('<script type="module" src="./src/main.js"></script>', script)
    .replace('./src/style.css', './style.css')
  return [
    { fileName: 'index.html', source: page },
    { fileName: 'style.css', source: css },
  ]
}

/** Writes the host's name where the page looks for it. */
export function nameHost(html, host) {
  return html.replace('<html ', `<html data-host="${host}" `)
}
