import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Emulator } from '../../src/emulator/index.ts'
import { postsTo } from '../helpers/emulator.ts'
import { errorOf } from '../helpers/errors.ts'
import { makePng } from '../helpers/images.ts'
import {
  accepted,
  buyElsewhere,
  expectLost,
  listEnds,
  openLosing,
  refused,
  size,
} from '../helpers/losses.ts'
import { tmpProject } from '../helpers/project.ts'
import { openShop } from '../helpers/shop.ts'

/** The list as it is where all other tasks show up late. */
function listOf(...tasks: string[]): object {
  return { data: tasks.map((task) => ({ task_id: task, status: 'COMPLETED', generated: [] })) }
}

function downloadsOf(emulator: Emulator): number {
  return emulator.calls.filter(({ route }) => route === 'download').length
}

describe("a lost answer beside somebody else's tasks of the same account", () => {
  it('stays a question where theirs, of the same picture, is listed at once and ours late', async () => {
    const { emulator, project, shop, next } = await openLosing(accepted, { faults: [listEnds] })
    const file = project.path('hero.png')
    await expectLost(shop, file)
    const theirs = await buyElsewhere(emulator, readFileSync(file), 'magnific=2x&hdr=3')
    const ours = emulator.tasks[0]?.id ?? ''
    const build = next()
    const startedAt = build.clock.now()
    const isEarly = (): boolean => build.clock.now() < startedAt + 10_000
    emulator.setFaults([{ route: 'list', when: isEarly, body: listOf(theirs) }])
    const message = await expectLost(build, file)
    expect(message).toContain('The API lists tasks that may be it, and it cannot be told which')
    expect(message).toContain(ours)
    expect(message).toContain(theirs)
    expect(build.warnings.join('\n')).not.toContain('taken up')
    expect(postsTo(emulator)).toBe(2)
    expect(emulator.tasks).toHaveLength(2)
  })

  it('is not taken for what they submitted a little before', async () => {
    const { emulator, project, shop } = await openLosing({ ...refused, after: 2 })
    const other = project.write('other.png', await makePng({ ...size, seed: 7 }))
    // The list was looked at for this one.
    await shop.buy(shop.order(other))
    const file = project.path('hero.png')
    await buyElsewhere(emulator, readFileSync(file), 'magnific=2x&hdr=3')
    await shop.clock.sleep(3000)
    const message = await expectLost(shop, file)
    expect(message).toContain('The API lists no new task that this cache does not know.')
    expect(postsTo(emulator)).toBe(3)
    expect(emulator.tasks).toHaveLength(2)
  })

  it('stays a question where ours cannot be looked at, and theirs shows the same picture', async () => {
    const { emulator, project, shop, next } = await openLosing(accepted, { faults: [listEnds] })
    const file = project.path('hero.png')
    await expectLost(shop, file)
    await buyElsewhere(emulator, readFileSync(file), 'magnific=2x&hdr=3')
    emulator.setFaults([{ route: 'download', task: 0, status: 404 }])
    await expectLost(next(), file)
    expect(postsTo(emulator)).toBe(2)
  })

  it('stays a question where the deadline leaves no time for ours to show up', async () => {
    const { emulator, project, shop, next } = await openLosing(
      accepted,
      { faults: [listEnds] },
      { deadline: 5000 },
    )
    const file = project.path('hero.png')
    await expectLost(shop, file)
    const theirs = await buyElsewhere(emulator, readFileSync(file), 'magnific=2x&hdr=3')
    emulator.setFaults([{ route: 'list', body: listOf(theirs) }])
    await expectLost(next(), file)
    expect(postsTo(emulator)).toBe(2)
  })

  it('looks at each of theirs once, for all that is lost', async () => {
    const { emulator, project, shop, next } = await openLosing(refused, { faults: [listEnds] })
    const file = project.path('hero.png')
    await expectLost(shop, file)
    emulator.setFaults([])
    for (const seed of [2, 3]) await buyElsewhere(emulator, await makePng({ ...size, seed }))
    const downloads = downloadsOf(emulator)
    const build = next()
    // The same process, once more.
    for (let round = 0; round < 2; round++) {
      const message = await expectLost(build, file)
      expect(message).toContain('none of them shows this image')
      expect(downloadsOf(emulator)).toBe(downloads + 2)
    }
    expect(postsTo(emulator)).toBe(3)
  })

  it('looks no more than three times at one of theirs that cannot be had', async () => {
    const { emulator, project, shop, next } = await openLosing(refused, { faults: [listEnds] })
    const file = project.path('hero.png')
    await expectLost(shop, file)
    emulator.setFaults([])
    const theirs = await buyElsewhere(emulator, await makePng({ ...size, seed: 2 }))
    emulator.setFaults([{ route: 'download', status: 404 }])
    const downloads = downloadsOf(emulator)
    const build = next()
    const message = await expectLost(build, file)
    expect(message).toContain(`none of them shows this image: ${theirs}`)
    expect(downloadsOf(emulator)).toBe(downloads + 3)
    await expectLost(build, file)
    expect(downloadsOf(emulator)).toBe(downloads + 3)
    expect(postsTo(emulator)).toBe(2)
  })

  it('waits for theirs that are at work for ten minutes and no longer, where the deadline is later', async () => {
    const { emulator, project, shop, next } = await openLosing(refused, { faults: [listEnds] })
    const file = project.path('hero.png')
    await expectLost(shop, file)
    emulator.setFaults([{ route: 'submit', outcome: 'STUCK' }])
    const elsewhere = tmpProject({ 'hero.png': await makePng({ ...size, seed: 2 }) })
    const theirs = openShop(elsewhere, { baseUrl: emulator.url, deadline: 5000 })
    await errorOf(async () => theirs.buy(theirs.order(elsewhere.path('hero.png'))))
    const build = next()
    const startedAt = build.clock.now()
    await expectLost(build, file)
    expect(build.clock.now() - startedAt).toBeGreaterThanOrEqual(10 * 60_000)
    expect(build.clock.now() - startedAt).toBeLessThan(10 * 60_000 + 20_000)
    expect(postsTo(emulator)).toBe(2)
  })
})
