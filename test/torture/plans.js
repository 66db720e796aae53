import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createEmulator } from 'unplugin-magnific/emulator'
import { buildClean } from './child.js'
import { createProject, removeProject } from './project.js'
import { createRandom } from './random.js'
import { latency } from './rounds.js'

/** Operations on the cache directory, those that are steps, and duration (ms) of a build that nobody disturbs. */
export async function measureBuild(images) {
  const folder = mkdtempSync(join(tmpdir(), 'magnific-torture-'))
  const emulator = await createEmulator({ latency })
  const project = await createProject(createRandom(images), images)
  try {
    const countFile = join(folder, 'count')
    const { code, output, duration } = await buildClean(project, {
      baseUrl: emulator.url,
      countFile,
    })
    if (code !== 0) throw new Error(`The build that is to be disturbed fails by itself: ${output}`)
    return { ...JSON.parse(readFileSync(countFile, 'utf8')), duration }
  } finally {
    await emulator.close()
    removeProject(project)
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * All rounds of a run, without end: first every step of the journal, and then other operations, in turn, before and after
 * it, each in a project with one picture; then whatever chance brings, with three.
 *
 * @param {object} settings
 * @param {number} settings.seed
 * @param {number} settings.walk so many points of the walk: all steps, and others evenly spread; the seed says which
 * @param {boolean[]} settings.lists whether the list endpoint answers, in turn
 * @param {{ operations: number, steps: number[], duration: number }} settings.one a build with one picture
 * @param {{ operations: number, duration: number }} settings.three a build with three
 * @returns {Generator<import('./rounds.js').Plan, never>}
 */
export function* planRounds({ seed, walk, lists, one, three }) {
  const points = drawWalk(seed, walk, one)
  for (let number = 1; ; number++) {
    const roundSeed = seed + number * 7919
    const random = createRandom(roundSeed)
    // Not in step with the phases of the walk.
    const list = lists[(seed + (number >> 1)) % lists.length]
    const common = { number, seed: roundSeed, list }
    if (number <= walk) {
      const point = points[number - 1]
      const phase = point % 2 === 0 ? 'before' : 'after'
      const kill = { by: 'operation', at: (point >> 1) + 1, phase }
      yield { ...common, images: 1, delay: 0, waves: [[kill]] }
    } else {
      const delay = random.pick([0, 0, 30, 80])
      const together = random.chance(0.3) ? random.int(2, 3) : 1
      const waves = Array.from({ length: random.int(1, 3) }, () =>
        Array.from({ length: together }, () => drawFate(random, three, together > 1)),
      )
      yield { ...common, images: 3, delay, waves }
    }
  }
}

/** The points of a walk, from 0: two for each operation. */
function drawWalk(seed, walk, one) {
  const count = countPoints(one)
  const steps = one.steps.flatMap((index) => [(index - 1) * 2, (index - 1) * 2 + 1])
  const others = Array.from({ length: count }, (_, index) => (index + seed) % count).filter(
    (point) => !steps.includes(point),
  )
  const left = Math.max(0, walk - steps.length)
  const spread = Array.from(
    { length: left },
    (_, index) => others[Math.floor((index * others.length) / left)],
  )
  return [...steps, ...spread].slice(0, walk)
}

/** The moments of the walk: before and after each operation. */
export function countPoints({ operations }) {
  return operations * 2
}

function drawFate(random, { operations, duration }, mayPass) {
  const signal = random.pick(['SIGKILL', 'SIGKILL', 'SIGKILL', 'SIGKILL', 'SIGINT', 'SIGTERM'])
  const nth = random.int(1, 3)
  const kinds = ['operation', 'operation', 'time', 'call', 'call', 'task']
  switch (random.pick(mayPass ? [...kinds, 'itself'] : kinds)) {
    case 'operation': {
      const at = random.int(1, operations)
      return { by: 'operation', at, phase: random.pick(['before', 'after']) }
    }
    case 'time':
      return { by: 'time', ms: random.int(0, Math.ceil(duration)), signal }
    case 'call': {
      const route = random.pick(['submit', 'submit', 'status', 'download'])
      return { by: 'call', route, nth, when: random.pick(['received', 'over']), signal }
    }
    case 'task':
      return { by: 'task', nth, signal }
    default:
      return { by: 'itself' }
  }
}
