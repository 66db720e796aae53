import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

/** Where bundles find what they import. */
const folder = fileURLToPath(new URL('../node_modules/.magnific-bench', import.meta.url))

/**
 * Bundles a script of this folder with what it imports of the sources: not everything that is measured, or measured with, is
 * an entry of the package.
 *
 * @param {string} name without `.js`
 * @returns {Promise<string>} the bundle's path
 */
export async function bundleScript(name) {
  const outDir = join(folder, name)
  await build({
    configFile: false,
    logLevel: 'warn',
    build: {
      ssr: true,
      outDir,
      emptyOutDir: true,
      minify: false,
      rollupOptions: {
        input: fileURLToPath(new URL(`${name}.js`, import.meta.url)),
        output: { entryFileNames: `${name}.mjs` },
      },
    },
  })
  return join(outDir, `${name}.mjs`)
}
