import buffer from 'node:buffer'
import { readFileSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { inspect } from 'node:util'
import { expect } from 'vitest'

/** An API key that looks like a real one, and that must never be seen anywhere. */
export const canary = 'FPSXcanary0123456789abcdef'

/** The key as it may be written: plain, in base64, and as the bytes of a buffer that was inspected. */
const traces = [
  canary,
  Buffer.from(canary).toString('base64').replaceAll('=', ''),
  inspect(Buffer.from(canary), { maxArrayLength: null }).slice(8, -1),
]

/** Fails where a value holds the key, in whatever corner: hidden fields, causes, stacks and buffers too. */
export function expectNoKey(value: unknown): void {
  const shown = showEverything(value)
  for (const trace of traces) expect(shown).not.toContain(trace)
}

function showEverything(value: unknown): string {
  const bytesShown = buffer.INSPECT_MAX_BYTES
  buffer.INSPECT_MAX_BYTES = Number.POSITIVE_INFINITY
  try {
    return inspect(value, {
      depth: Number.POSITIVE_INFINITY,
      showHidden: true,
      maxArrayLength: null,
      maxStringLength: null,
      breakLength: Number.POSITIVE_INFINITY,
    })
  } finally {
    buffer.INSPECT_MAX_BYTES = bytesShown
  }
}

/** Every file under a folder by its path in it, with its bytes as Latin-1. */
export function readTree(dir: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(dir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .toSorted()
      .map((file) => [relative(dir, file), readFileSync(file, 'latin1')]),
  )
}
