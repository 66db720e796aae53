// Kills builds at every moment, and checks that each image is paid for once and comes out right all the same.
// Usage: node test/torture/torture.js [--kills 200] [--seed N] [--list on|off|both] [--processes 16] [--images 50]
//   [--walk N] [--only <round>] [--parallel 2]
// The walk kills at each operation in turn: N of its points, evenly spread, by default as many as 60% of the kills. `--only`
// runs one round again, as planned by that seed.
// Run it after `npm run build`. It exits with 1 on any violation.
import { parseArgs } from 'node:util'
import { runCrowd } from './crowd.js'
import { countPoints, measureBuild, planRounds } from './plans.js'
import { runRound } from './rounds.js'

const startedAt = performance.now()
const settings = readSettings()
const { seed, lists } = settings
const totals = new Map(lists.map((list) => [list, createTotal()]))
process.on('SIGINT', () => process.exit(130))

say(`seed ${seed}`)
const [one, three] = [await measureBuild(1), await measureBuild(3)]
const points = countPoints(one)
const walk = Math.min(points, settings.walk ?? Math.floor(settings.kills * 0.6))
say(
  `${one.operations} operations for one picture, ${three.operations} for three; the walk takes ${walk} of ${points} points`,
)

const plans = planRounds({ seed, walk, lists, one, three })
if (settings.only === undefined) await runRounds()
else await runOnly(settings.only)
if (settings.only === undefined && settings.processes > 0) await runCrowds()
finish()

async function runRounds() {
  let told = 0
  let begun = 0
  const work = async () => {
    while (begun < walk || sum('kills') < settings.kills) {
      begun++
      await runPlan(plans.next().value)
      if (sum('rounds') < told + 20) continue
      told = sum('rounds')
      say(
        `${sum('kills')}/${settings.kills} kills · ${told} rounds · ${sum('ambiguous')} ambiguous · ` +
          `${sum('duplicates')} duplicates · ${sum('violations')} violations`,
      )
    }
  }
  await Promise.all(Array.from({ length: settings.parallel }, work))
}

async function runOnly(number) {
  for (const plan of plans) {
    if (plan.number !== number) continue
    say(JSON.stringify(plan))
    return runPlan(plan)
  }
}

async function runPlan(plan) {
  try {
    addUp(totals.get(plan.list), await runRound(plan), plan)
  } catch (error) {
    addUp(totals.get(plan.list), { problems: [`the round itself failed: ${error.stack}`] }, plan)
  }
}

async function runCrowds() {
  const { processes, images } = settings
  for (const list of lists) {
    say(`${processes} processes × ${images} images, list ${list ? 'on' : 'off'}`)
    const total = createTotal()
    totals.set(`crowd, ${list ? 'on' : 'off'}`, total)
    addUp(total, await runCrowd({ seed, list, processes, images }), 'the crowd')
  }
}

function addUp(total, { problems, ...result }, plan) {
  total.rounds++
  for (const [name, figure] of Object.entries(result)) total[name] += figure
  if (problems.length === 0) return
  total.violations++
  const text = problems.join('\n').replaceAll(/^/gm, '    ')
  say(`VIOLATION with --seed ${seed}, ${JSON.stringify(plan)}\n${text}`)
}

function finish() {
  const rows = [...totals].map(([list, { adopted, ...total }]) => ({
    'list endpoint': typeof list === 'string' ? list : list ? 'on' : 'off',
    ...total,
    'of them adopted': adopted,
  }))
  console.table(rows)
  const seconds = Math.round((performance.now() - startedAt) / 1000)
  say(`seed ${seed} · ${sum('kills')} kills · ${sum('duplicates')} paid twice · ${seconds} s`)
  process.exitCode = sum('violations') > 0 ? 1 : 0
}

function createTotal() {
  return {
    rounds: 0,
    kills: 0,
    interrupts: 0,
    duplicates: 0,
    violations: 0,
    ambiguous: 0,
    adopted: 0,
  }
}

function sum(name) {
  return [...totals.values()].reduce((total, each) => total + each[name], 0)
}

function readSettings() {
  const { values } = parseArgs({
    options: {
      kills: { type: 'string', default: '200' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      list: { type: 'string', default: 'both' },
      processes: { type: 'string', default: '16' },
      images: { type: 'string', default: '50' },
      walk: { type: 'string' },
      only: { type: 'string' },
      parallel: { type: 'string', default: '2' },
    },
  })
  const { list, ...numbers } = values
  const known = { on: [true], off: [false], both: [true, false] }
  if (!known[list]) throw new Error(`--list takes on, off or both, not ${list}.`)
  for (const [name, value] of Object.entries(numbers)) {
    if (!/^\d+$/.test(value)) throw new Error(`--${name} takes a whole number, not ${value}.`)
    numbers[name] = Number(value)
  }
  return { ...numbers, lists: known[list] }
}

function say(message) {
  process.stdout.write(`${message}\n`)
}
