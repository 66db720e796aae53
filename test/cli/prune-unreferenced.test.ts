import { describe, expect, it } from 'vitest'
import { postsTo } from '../helpers/emulator.ts'
import { openPlannedProject } from '../helpers/planned-project.ts'
import type { PlannedProject } from '../helpers/planned-project.ts'

const both = "import './a.png?magnific=2x'\nimport './b.png?magnific=2x'\n"

/** Two images that were bought a while ago. */
async function stock(): Promise<PlannedProject> {
  const planned = await openPlannedProject({ 'src/main.js': both })
  const { project, magnific } = planned
  await magnific('upscale', '--yes')
  for (const file of project.list('.magnific/v1/results')) {
    const name = file.slice(project.dir.length + 1)
    const text = project.read(name).toString()
    project.write(
      name,
      text.replace(/"completedAt": "[^"]*"/, '"completedAt": "2026-01-01T00:00:00.000Z"'),
    )
  }
  return planned
}

const prune = ['prune', '--unreferenced', '--yes']

describe('magnific prune --unreferenced', () => {
  it('removes what no source refers to any more, and nothing else', async () => {
    const { project, magnific, plan, emulator } = await stock()
    project.write('src/main.js', "import './a.png?magnific=2x'\n")
    // No entry leads there, and it counts all the same.
    expect((await magnific('prune', '--unreferenced')).stdout).toContain(
      'Nothing was touched: add --yes.',
    )
    expect(project.list('.magnific/v1/results')).toHaveLength(2)
    const { code, stdout } = await magnific(...prune)
    expect(code).toBe(0)
    expect(stdout).toContain('src/b.png')
    expect(project.list('.magnific/v1/results')).toHaveLength(1)
    expect((await plan()).references).toEqual([expect.objectContaining({ state: 'cached' })])
    expect(postsTo(emulator)).toBe(2)
  })

  it('keeps what stands in a source that no entry leads to', async () => {
    const { project, magnific } = await stock()
    project.write('src/main.js', "import './a.png?magnific=2x'\n")
    project.write('src/draft.js', "import './b.png?magnific=2x'\n")
    expect((await magnific(...prune)).stdout).toContain('Nothing was to be removed')
    expect(project.list('.magnific/v1/results')).toHaveLength(2)
  })

  it('keeps what another service made', async () => {
    const { project, magnificWith } = await stock()
    project.write('src/main.js', '')
    const env = { MAGNIFIC_BASE_URL: 'https://api.freepik.com' }
    expect((await magnificWith(env, ...prune)).stdout).toContain('2 of another service')
    expect(project.list('.magnific/v1/results')).toHaveLength(2)
  })

  it.each([
    [
      'a reference that is refused',
      "import './b.png?magnific=3x'\n",
      'src/main.js:1 refers to "src/b.png?magnific=3x"',
    ],
    ['a source with an error in it', "const = 1\nimport('./b.png?magnific=2x')\n", 'src/main.js'],
  ])('removes nothing beside %s', async (_, source, explanation) => {
    const { project, magnific } = await stock()
    project.write('src/main.js', source)
    const { code, stderr } = await magnific(...prune)
    expect(code).toBe(1)
    expect(stderr).toContain('What is referred to is not known, and nothing is removed.')
    expect(stderr).toContain(explanation)
    expect(project.list('.magnific/v1/results')).toHaveLength(2)
  })

  it('removes nothing from a cache that others may use too', async () => {
    const { project, magnific } = await stock()
    project.write('src/main.js', '')
    const { code, stderr } = await magnific(...prune, '--cache-dir', `${project.dir}/..`)
    expect(code).toBe(1)
    expect(stderr).toContain('is not in the project')
  })
})
