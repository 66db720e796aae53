import { expect, it, vi } from 'vitest'

it('shows a diff in colours: names, places, what goes and what comes', async () => {
  vi.stubEnv('FORCE_COLOR', '1')
  const { colourDiff } = await import('../../../src/cli/init/change.ts')
  const lines = ['--- a', '+++ b', '@@ -1,2 +1,2 @@', ' same', '-old', '+new']
  const escape = '\u001B['
  expect(colourDiff(lines.join('\n')).split('\n')).toEqual([
    `${escape}1m--- a${escape}22m`,
    `${escape}1m+++ b${escape}22m`,
    `${escape}36m@@ -1,2 +1,2 @@${escape}39m`,
    ' same',
    `${escape}31m-old${escape}39m`,
    `${escape}32m+new${escape}39m`,
  ])
})
