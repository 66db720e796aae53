import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { buildInChild } from '../helpers/children.ts'
import { startEmulator } from '../helpers/emulator.ts'
import { heroProject, optionsFor } from '../helpers/hero.ts'

/** Processes see each other's numbers, and nothing else of each other, as in a container. */
const container = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc']
const hasContainers = spawnSync(container[0], [...container.slice(1), 'true']).status === 0

describe.skipIf(!hasContainers)('builds in containers with PID namespaces of their own', () => {
  it('that share a cache directory pay once, and wait for each other', async () => {
    // Long enough for all to begin before the first one ends.
    const emulator = await startEmulator({ faults: [{ route: 'submit', delay: 1500 }] })
    const queries = ['2x', '4x', '2x&hdr=1']
    const project = await heroProject(...queries.map((query) => `./hero.png?magnific=${query}`))
    const options = optionsFor(emulator)
    const ended = await Promise.all(
      [container, container, [], container].map(
        async (wrapper) => buildInChild('rollup', project, options, {}, wrapper).ended,
      ),
    )
    for (const { code, output } of ended) expect({ code, output }).toMatchObject({ code: 0 })
    const outputs = ended.map(({ output }) => output).join('\n')
    expect(outputs).toMatch(/Another build .*hero\.png/)
    expect(emulator.tasks).toHaveLength(queries.length)
  })
})
