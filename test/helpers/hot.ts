import type { Options } from '../../src/index.ts'
import { makePng } from './images.ts'
import { tmpProject } from './project.ts'
import type { OnEnd, Project } from './project.ts'
import { copyFixture, linkPackages } from './references.ts'
import type { ViteConfig } from './vite-process.ts'

/** What the pictures of the fixture are called: by the way in which Vite hears of them. */
export const hotIds = ['js', 'css', 'html', 'vue'] as const

/** One of the pictures. */
export type HotId = (typeof hotIds)[number]

/** The small app whose pictures are changed while it is served. */
export interface HotApp {
  project: Project
  config: (options: Options) => ViteConfig
  /** Puts another picture in place of one. Another seed is another picture. */
  draw(id: HotId, size: { width: number; height: number }, seed: number): Promise<void>
  /** A picture's file. */
  fileOf(id: HotId): string
}

const fixture = new URL('../fixtures/hot/', import.meta.url)

/** Sets the fixture up in a temporary folder, with pictures of 60×40, 61×40, … pixels. */
export async function createHotApp(onEnd: OnEnd): Promise<HotApp> {
  const project = tmpProject({}, onEnd)
  copyFixture(fixture, project)
  linkPackages(project, ['vue'], 'app')
  const fileOf = (id: HotId): string => project.path('app/src', `${id}.png`)
  const draw: HotApp['draw'] = async (id, size, seed) => {
    project.write(`app/src/${id}.png`, await makePng({ ...size, seed }))
  }
  await Promise.all(
    hotIds.map(async (id, index) => draw(id, { width: 60 + index, height: 40 }, index + 1)),
  )
  return {
    project,
    config: (options) => ({
      module: new URL('vite.config.js', fixture).href,
      settings: { root: project.path('app'), options },
    }),
    draw,
    fileOf,
  }
}
