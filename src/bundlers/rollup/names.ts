import { readFileSync } from 'node:fs'
import { MagnificError } from '../../core/errors.ts'
import { splitReference } from '../../core/request.ts'

/** Looks at the code that other plugins make of variants, for one build. */
export interface NameCheck {
  clear(): void
  /**
   * @param id of the variant
   * @throws MagnificError `UNSUPPORTED_REFERENCE` where a name is not the variant's alone
   */
  check(code: string, id: string): void
}

/** @rollup/plugin-url copies to a name that may lead back to the variant itself, and cut it off. */
export function createNameCheck(): NameCheck {
  /** By the code that was written for it. */
  const emitted = new Map<string, string>()
  return {
    clear: () => emitted.clear(),
    check: (code, id) => {
      if (code.includes('v1/variants/')) throw nameError(code)
      // Variants of an image differ in their folders only, until a hash is in their names.
      const other = emitted.get(code)
      if (other !== undefined && !isSameFile(other, id)) throw sameNameError(code)
      emitted.set(code, id)
    },
  }
}

function isSameFile(one: string, other: string): boolean {
  const [own, others] = [one, other].map((id) => splitReference(id).file)
  return own === others || readFileSync(own ?? '').equals(readFileSync(others ?? ''))
}

function sameNameError(code: string): MagnificError {
  return new MagnificError(
    'UNSUPPORTED_REFERENCE',
    `A plugin for assets would emit two variants under one name: ${code.trim()}. ` +
      "Put a hash into the names; with @rollup/plugin-url, fileName: '[name]-[hash][extname]'.",
  )
}

function nameError(code: string): MagnificError {
  return new MagnificError(
    'UNSUPPORTED_REFERENCE',
    `A plugin for assets would emit the upscaled image under its path in the cache: ${code.trim()}. ` +
      "Name assets without their folder; with @rollup/plugin-url, fileName: '[name]-[hash][extname]'.",
  )
}
