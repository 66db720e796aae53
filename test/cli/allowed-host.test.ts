import { expect, it } from 'vitest'
import { isAllowedHost } from '../../src/cli/allowed-host.ts'

it.each([
  ['127.0.0.1:4100', true],
  ['localhost', true],
  ['LOCALHOST:1', true],
  ['a.localhost:4100', true],
  ['[::1]:4100', true],
  ['192.168.0.7:4100', true],
  ['box.lan:4100', true],
  ['other.lan:4100', false],
  ['evil.example', false],
  ['127.0.0.1.evil.example', false],
  ['localhost.evil.example', false],
  ['notlocalhost', false],
  ['user@localhost', false],
  ['localhost/evil', false],
  ['localhost?evil', false],
  ['', false],
  [undefined, false],
])('%j is answered: %j', (header, isAllowed) => {
  expect(isAllowedHost(header, 'Box.lan')).toBe(isAllowed)
})
