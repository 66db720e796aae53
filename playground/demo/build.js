import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { rollup } from 'rollup'
import { build } from 'vite'
import webpack from 'webpack'
import { emulate } from './emulate.js'

// Builds the demo with three hosts, through real HTTP, against the API's emulator on this machine: no key and
// no money are needed. What is bought is kept in playground/demo/.magnific, so that a second run buys nothing.

const path = (name) => fileURLToPath(new URL(name, import.meta.url))

const hosts = {
  vite: async () => build({ configFile: path('vite.config.js') }),
  webpack: async () => {
    const { default: config } = await import('./webpack.config.js')
    const compiler = webpack(config)
    const stats = await promisify(compiler.run.bind(compiler))()
    await promisify(compiler.close.bind(compiler))()
    if (stats.hasErrors()) throw new Error(stats.toString('errors-only'))
  },
  rollup: async () => {
    const { default: config } = await import('./rollup.config.js')
    const bundle = await rollup(config)
    await bundle.write(config.output)
    await bundle.close()
  },
}

const emulator = await emulate({ latency: 1500 })

try {
  for (const [host, run] of Object.entries(hosts)) {
    const before = emulator.tasks.length
    console.log(`\n── ${host} ${'─'.repeat(60 - host.length)}`)
    await run()
    console.log(`Tasks that the emulator was asked for: ${emulator.tasks.length - before}`)
  }
  const paid = emulator.tasks.length
  console.log(
    `\n${paid === 0 ? 'Nothing was paid for: every image came from playground/demo/.magnific.' : `${paid} images were paid for, once for all hosts. Run it again, and nothing is paid.`}`,
  )
  console.log('\nThe pages, to be looked at with `npm run preview`:')
  for (const host of Object.keys(hosts)) console.log(`  ${path(`dist/${host}/index.html`)}`)
} finally {
  await emulator.close()
}
