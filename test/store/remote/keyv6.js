// The port to a remote store with Keyv 6, which needs a newer Node than this package does: both are installed for it.
//   node test/store/remote/keyv6.js
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createNodes } from '../../examples/nodes.js'
import { run } from '../../examples/run-command.js'

const folder = mkdtempSync(join(tmpdir(), 'magnific-keyv6-'))
try {
  writeFileSync(join(folder, 'package.json'), '{ "private": true }')
  // The adapter of Keyv 5 asks for Keyv 5, but Keyv 6 takes it.
  const packages = ['keyv@^6', '@keyv/redis@6.0.0-rc.1', 'keyv-redis5@npm:@keyv/redis@^5.1.6']
  const install = ['install', '--no-audit', '--no-fund', '--legacy-peer-deps', ...packages]
  await run('npm', install, { cwd: folder, timeout: 100_000 })
  const node = await createNodes(join(folder, 'nodes'))('24')
  const script = join(import.meta.dirname, 'keyv6-checks.js')
  const env = { ...process.env, PATH: node.path }
  const { output } = await run('node', [script, folder], { cwd: folder, env, timeout: 60_000 })
  process.stdout.write(output)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
