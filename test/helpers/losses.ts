import { expect } from 'vitest'
import type { Emulator, EmulatorOptions, Fault, SubmitFault } from '../../src/emulator/index.ts'
import { startEmulator } from './emulator.ts'
import { errorOf } from './errors.ts'
import { makePng } from './images.ts'
import { tmpProject } from './project.ts'
import type { Project } from './project.ts'
import { openShop } from './shop.ts'
import type { Shop, ShopSettings } from './shop.ts'

/** What happens to a submission. */
export type Effect = Omit<SubmitFault, 'route'>

/** Of the picture that is submitted, pixels. */
export const size = { width: 200, height: 160 }
/** A task is accepted, and nobody is told. */
export const accepted: Effect = { status: 500, accept: true }
/** No task is accepted, and nobody is told. */
export const refused: Effect = { status: 500, accept: false }
/** The list answers before the first submission, and not afterwards. */
export const listEnds: Fault = { route: 'list', after: 1, status: 500 }

/** A project with a picture, and an API that does this to the first submission, and then what it should. */
export async function openLosing(
  effect: Effect,
  options: EmulatorOptions = {},
  settings: Partial<ShopSettings> = {},
): Promise<{ emulator: Emulator; project: Project; shop: Shop; next: () => Shop }> {
  const fault: Fault = { route: 'submit', times: 1, ...effect }
  const emulator = await startEmulator({ ...options, faults: [fault, ...(options.faults ?? [])] })
  const project = tmpProject({ 'hero.png': await makePng(size) })
  const next = (): Shop => openShop(project, { baseUrl: emulator.url, ...settings })
  return { emulator, project, shop: next(), next }
}

/** Somebody else with the same key, and another cache directory, buys a picture. */
export async function buyElsewhere(
  emulator: Emulator,
  picture: Buffer,
  query = 'magnific=2x',
): Promise<string> {
  const project = tmpProject({ 'hero.png': picture })
  const shop = openShop(project, { baseUrl: emulator.url })
  const { record } = await shop.buy(shop.order(project.path('hero.png'), query))
  return record.task
}

/** Expects that an answer stays lost, and gives what is said about it. */
export async function expectLost(shop: Shop, file: string, query?: string): Promise<string> {
  const error = await errorOf(async () => shop.buy(shop.order(file, query)))
  expect(error.code).toBe('SUBMIT_AMBIGUOUS')
  return error.message
}
