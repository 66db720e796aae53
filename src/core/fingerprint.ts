import { hash } from 'node:crypto'
import { fields, fieldNames } from './params.ts'
import type { Params } from './params.ts'
import { endpoint } from './service.ts'

/** Part of every fingerprint: raised only when equal inputs must no longer be taken for the same purchase. */
const schemaVersion = 1

/**
 * Identifies a purchase: SHA-256 over the service, the endpoint, the source's bytes and every param with its
 * default spelled out. A renamed or copied file has the fingerprint of the original.
 *
 * @param sourceHash SHA-256 of the source's bytes, in hex
 * @returns 64 hex digits
 */
export function computeFingerprint(service: string, sourceHash: string, params: Params): string {
  const head = JSON.stringify([schemaVersion, service, endpoint, sourceHash])
  return sha256(`${head.slice(0, -1)},${spellOut(params)}]`)
}

/** Spelled out once for each set of params: a project's images share a few. */
const spelledOut = new WeakMap<Params, string>()

function spellOut(params: Params): string {
  let text = spelledOut.get(params)
  if (text === undefined) {
    // A field that the API gains after this schema must be left out while it has its default,
    // or every image would be bought anew.
    text = JSON.stringify(fieldNames.map((name) => [name, params[name] ?? fields[name].default]))
    spelledOut.set(params, text)
  }
  return text
}

/** SHA-256 of a text, as 64 hex digits. */
export function sha256(text: string): string {
  return hash('sha256', text)
}
