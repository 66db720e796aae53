import type { Emulator } from '../../src/emulator/index.ts'
import type { Options } from '../../src/index.ts'
import { makePng } from './images.ts'
import { tmpProject } from './project.ts'
import type { Project } from './project.ts'

/** A project with one picture of 60×40 pixels, `src/hero.png`, and an entry that imports what it is told. */
export async function heroProject(...specifiers: string[]): Promise<Project> {
  const project = tmpProject({ 'src/hero.png': await makePng() })
  writeEntry(project, ...specifiers)
  return project
}

/** An entry that imports pictures and uses them, so that nothing is shaken off. */
export function writeEntry(project: Project, ...specifiers: string[]): void {
  const imports = specifiers.map((specifier, index) => `import image${index} from '${specifier}'`)
  const names = specifiers.map((_, index) => `image${index}`)
  project.write('src/main.js', `${imports.join('\n')}\nconsole.log(${names.join(', ')})\n`)
}

/** The options of somebody who has a key, for whom the emulator is the API. */
export function optionsFor(emulator: Emulator): Options {
  return { apiKey: 'test-key-of-somebody', baseUrl: emulator.url }
}
