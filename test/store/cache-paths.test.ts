import { describe, expect, it } from 'vitest'
import { parseCachePath } from '../../src/store/cache-paths.ts'

const name = `ab${'12'.repeat(31)}`

describe('parseCachePath', () => {
  it('knows records, blobs and the files of the journal', () => {
    expect(parseCachePath(`v1/results/ab/${name}.json`)).toEqual({
      kind: 'record',
      fingerprint: name,
    })
    expect(parseCachePath(`v1/blobs/ab/${name}`)).toEqual({ kind: 'blob', sha256: name })
    expect(parseCachePath(`v1/journal/ab/${name}/0012/task`)).toEqual({
      kind: 'attempt',
      fingerprint: name,
      number: 12,
      name: 'task',
    })
    expect(parseCachePath(`v1/journal/ab/${name}/10000/void`)).toMatchObject({ number: 10_000 })
  })

  it.each([
    `v1/results/ac/${name}.json`,
    `v1/results/ab/${name}`,
    `v1/results/ab/${name}.json\n`,
    `v1/results/ab/${name.toUpperCase()}.json`,
    `V1/blobs/ab/${name}`,
    `v1/blobs/ab/../ab/${name}`,
    `/v1/blobs/ab/${name}`,
    `./v1/blobs/ab/${name}`,
    `v1\\blobs\\ab\\${name}`,
    `v1/blobs/ab/${name}/`,
    `v1/blobs/ab/${name}0`,
    `v2/blobs/ab/${name}`,
    `v1/journal/ab/${name}/0000/task`,
    `v1/journal/ab/${name}/12/task`,
    `v1/journal/ab/${name}/00012/task`,
    `v1/journal/ab/${name}/0001/../0002/task`,
    `v1/journal/ab/${name}/0001/notes`,
    `v1/journal/ab/${name}/0001`,
    `v1/memo.json`,
    '',
  ])('takes no other spelling, and nothing else: %j', (path) => {
    expect(parseCachePath(path)).toBeUndefined()
  })
})
