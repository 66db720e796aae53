import { KeyvPostgres } from '@keyv/postgres'
import { Keyv } from 'keyv'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { RemoteOption } from '../../../src/core/remote-option.ts'
import { openPort } from '../../../src/store/remote/open-port.ts'
import type { RemotePort } from '../../../src/store/remote/port.ts'
import { createEnds } from '../../helpers/ends.ts'
import { postgresPath, startPostgres, warnWithoutPostgres } from '../../helpers/postgres-server.ts'
import type { PostgresServer } from '../../helpers/postgres-server.ts'

warnWithoutPostgres()

/** A port that is closed when the test ends. */
async function open(remote: RemoteOption): Promise<RemotePort> {
  const port = await openPort(remote, { root: import.meta.dirname })
  onTestFinished(async () => port.close())
  return port
}

describe.skipIf(postgresPath === undefined)('a PostgreSQL', () => {
  const ends = createEnds()
  let server: PostgresServer

  beforeAll(async () => {
    server = await startPostgres(ends.onEnd)
  })
  afterAll(ends.end)

  /** A database of its own. @returns its URL */
  async function createDatabase(name: string): Promise<string> {
    await server.query(`CREATE DATABASE ${name}`)
    return server.url.replace(/postgres$/, name)
  }

  it('gets its table from whoever comes first, several at once too', async () => {
    const url = await createDatabase('fresh')
    const ports = await Promise.all(Array.from({ length: 8 }, async () => open(url)))
    await Promise.all(ports.map(async (port, n) => port.set(`key ${n}`, 'value')))
    expect(await ports[0].get('key 7')).toBe('value')
  })

  it('can be read by who may not write, and refuses the rest', async () => {
    const url = await createDatabase('guarded')
    const writer = await open(url)
    await writer.set('key', 'value')
    await writer.claims?.create('key', 'claim')
    await server.query('CREATE ROLE reader LOGIN')
    await server.query('GRANT pg_read_all_data TO reader')
    const reader = await open(url.replace('postgres@', 'reader@'))
    for (const time of ['first', 'second']) {
      expect(await reader.get('key'), time).toBe('value')
      expect(await reader.claims?.read('key'), time).toBe('claim')
      expect(await reader.get('nothing'), time).toBeUndefined()
      await expect(reader.set('key', 'changed'), time).rejects.toThrow('permission denied')
      await expect(reader.claims?.create('new', ''), time).rejects.toThrow('permission denied')
    }
  })

  it('without the table is not taken for an empty one by who may not make it', async () => {
    const url = await createDatabase('bare')
    await server.query('CREATE ROLE stranger LOGIN')
    const port = await open(url.replace('postgres@', 'stranger@'))
    await expect(port.get('key')).rejects.toThrow('does not exist')
    await expect(port.claims?.read('key')).rejects.toThrow('does not exist')
  })

  it('is reached by the same port once its database is there', async () => {
    const port = await open(server.url.replace(/postgres$/, 'late'))
    await expect(port.get('key')).rejects.toThrow('"late" does not exist')
    await expect(port.set('key', '')).rejects.toThrow('"late" does not exist')
    await createDatabase('late')
    await port.set('key', 'value')
    expect(await port.get('key')).toBe('value')
  })

  it('keeps claims and values over a crash', async () => {
    const port = await open(await createDatabase('crashed'))
    await port.set('key', 'value')
    await port.claims?.create('key', 'claim')
    await server.restart()
    expect(await port.claims?.create('key', 'late')).toBe('claim')
    expect(await port.get('key')).toBe('value')
  })

  it('never has a user or a password shown', async () => {
    const url = server.url.replace('postgres@', 'me:secret@').replace(/postgres$/, 'missing')
    const port = await open(`${url}?application_name=secret`)
    expect(port.name).toBe(server.url.replace('postgres@', '').replace(/postgres$/, 'missing'))
    await expect(port.get('key')).rejects.toThrow(/^(?!.*secret)/)
    await port.close()
    await expect(port.get('key')).rejects.toThrow(/^(?!.*(?:secret|me:)).* is closed\.$/)
  })

  it('is known for a table that does not outlast a crash', async () => {
    const url = await createDatabase('unlogged')
    const adapter = new KeyvPostgres({ uri: url, useUnloggedTable: true })
    const weakness = 'its table is unlogged, so that PostgreSQL empties it after a crash'
    expect(await (await open(adapter)).findWeakness()).toBe(weakness)
    expect(await (await open(new Keyv(adapter))).findWeakness()).toBe(weakness)
  })

  it('takes the names of schema and table as the adapter takes them', async () => {
    const url = await createDatabase('names')
    const names = { schema: '"My Schema"', table: '"My; Table"' }
    const port = await open(new KeyvPostgres({ uri: url, ...names }))
    await port.set('key', 'value')
    expect(await port.claims?.create('key', 'claim')).toBe('claim')
    expect(await port.claims?.create('key', 'late')).toBe('claim')
    const other = await open(new Keyv(new KeyvPostgres({ uri: url, ...names })))
    expect(await other.claims?.create('key', 'of its namespace')).toBe('of its namespace')
  })

  it('stays usable for the Keyv that its port was opened with', async () => {
    const keyv = new Keyv(new KeyvPostgres(await createDatabase('shared')))
    const port = await open(keyv)
    await port.set('key', 'value')
    await keyv.set('own', 'of the user')
    expect(await keyv.get('key')).toBe('value')
    expect(await port.get('own')).toBe('of the user')
  })

  it('stays open for one port while those of other adapters are closed', async () => {
    const url = await createDatabase('several')
    const [one, other] = [await open(new KeyvPostgres(url)), await open(new KeyvPostgres(url))]
    await one.set('key', 'value')
    await one.close()
    expect(await other.get('key')).toBe('value')
    await other.close()
    expect(await (await open(new KeyvPostgres(url))).get('key')).toBe('value')
  })
})
