// Runs the loader as one of Turbopack's processes does: without a compiler, with options as JSON has them.
import { createHash } from 'node:crypto'
import { pitch } from '../../dist/next-loader.js'

const { root, file, query, options } = JSON.parse(process.argv[2] ?? '')
const context = {
  rootContext: root,
  resourcePath: file,
  resourceQuery: `?${query}`,
  resourceFragment: '',
  getOptions: () => options,
  addDependency: () => {},
  addContextDependency: () => {},
}
try {
  const answer = await pitch.call(context)
  const text = typeof answer === 'string' ? answer : undefined
  const sha256 = createHash('sha256').update(answer).digest('hex')
  process.stdout.write(`\n${JSON.stringify({ sha256, text })}`)
} catch (error) {
  process.stdout.write(`\n${JSON.stringify({ error: error.message, stack: error.stack })}`)
}
