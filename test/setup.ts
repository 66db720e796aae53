// Tests start many servers, and the kernel gives their ports anew: a connection that Node's fetch keeps in its pool may be
// that of a server which is gone. So every call gets a connection of its own.
import { ok } from 'node:assert/strict'

const key = Symbol.for('undici.globalDispatcher.1')
const globals = globalThis as { [key]?: { constructor: new (options: object) => object } }
// The pool is there once fetch has been used.
await fetch('data:,')
const pool = globals[key]
ok(pool, 'Node keeps the connections of fetch elsewhere.')
Object.assign(globalThis, { [key]: new pool.constructor({ pipelining: 0 }) })
