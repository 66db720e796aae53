/** A task's id: one word of printable ASCII. It ends up in paths of URLs, in files and in terminals. */
export const taskIdPattern: RegExp = /^[\x21-\x7e]{1,200}$/

/** SHA-256 in hex: of a file's bytes, or a fingerprint. */
export const sha256Pattern: RegExp = /^[\da-f]{64}$/
