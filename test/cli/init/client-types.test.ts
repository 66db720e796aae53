import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { planTypes } from '../../../src/cli/init/client-types.ts'
import { writeChanges } from '../../../src/cli/init/write-changes.ts'
import { configProject } from '../../helpers/config-project.ts'
import { tmpProject } from '../../helpers/project.ts'
import { checkTypes } from '../../helpers/typed-project.ts'

const reference = '/// <reference types="unplugin-magnific/client" />\n'
const viteEnv = '/// <reference types="vite/client" />\n'

describe('planTypes', () => {
  it.each([
    [
      'comments, a trailing comma, tabs',
      '{\n\t// app\n\t"compilerOptions": {\n\t\t"types": [\n\t\t\t"vite/client", // Vite\n\t\t],\n\t},\n}\n',
      '{\n\t// app\n\t"compilerOptions": {\n\t\t"types": [\n\t\t\t"vite/client",\n\t\t\t"unplugin-magnific/client", // Vite\n\t\t],\n\t},\n}\n',
    ],
    [
      'one line',
      '{"compilerOptions":{"types":["vite/client","node"]}}',
      '{"compilerOptions":{"types":["vite/client","node", "unplugin-magnific/client"]}}',
    ],
    [
      'no types yet',
      '{ "compilerOptions": { "types": [] } }',
      '{ "compilerOptions": { "types": ["unplugin-magnific/client"] } }',
    ],
    [
      'CRLF and a byte order mark',
      '\uFEFF{\r\n  "compilerOptions": {\r\n    "types": [\r\n      "node"\r\n    ]\r\n  }\r\n}\r\n',
      '\uFEFF{\r\n  "compilerOptions": {\r\n    "types": [\r\n      "node",\r\n      "unplugin-magnific/client"\r\n    ]\r\n  }\r\n}\r\n',
    ],
  ])('adds to the types of a config with %s', (_, before, after) => {
    const project = tmpProject({ 'tsconfig.json': before })
    const { changes, byHand } = planTypes(project.dir)
    expect(byHand).toEqual([])
    expect(changes).toEqual([{ path: project.path('tsconfig.json'), before, after }])
    writeChanges(changes)
    expect(planTypes(project.dir).changes).toEqual([])
  })

  it('declares what imports are in Next, and nothing where the host is told by its config', () => {
    const project = tmpProject({ 'tsconfig.json': '{ "compilerOptions": { "types": ["node"] } }' })
    expect(planTypes(project.dir, 'next').changes).toMatchObject([
      { after: '{ "compilerOptions": { "types": ["node", "unplugin-magnific/client/next"] } }' },
    ])
    expect(planTypes(project.dir, 'astro').changes).toEqual([])
    expect(planTypes(project.dir, 'nuxt').changes).toEqual([])
  })

  it("takes the config of the app, as Vite's template has it", () => {
    const types = '{ "compilerOptions": { "types": ["vite/client"] } }'
    const project = tmpProject({
      'tsconfig.json': '{ "files": [], "references": [{ "path": "./tsconfig.app.json" }] }',
      'tsconfig.app.json': types,
    })
    expect(planTypes(project.dir).changes.map(({ path }) => path)).toEqual([
      project.path('tsconfig.app.json'),
    ])
  })

  it.each([
    [
      "into Vite's file",
      '{}',
      { 'src/vite-env.d.ts': viteEnv },
      'src/vite-env.d.ts',
      viteEnv + reference,
    ],
    [
      "into Vue's file",
      '{ "include": ["env.d.ts", "src/**/*", "src/**/*.vue"] }',
      { 'env.d.ts': viteEnv.replace('\n', '\r\n'), 'src/a.ts': '' },
      'env.d.ts',
      `${viteEnv}${reference}`.replaceAll('\n', '\r\n'),
    ],
    [
      'into a new file beside the sources',
      '{}',
      { 'src/a.ts': '' },
      'src/magnific-env.d.ts',
      reference,
    ],
    [
      'into a new file of the folder that is taken in',
      '{ "include": ["./app/**/*.ts"] }',
      { 'src/a.ts': '' },
      'app/magnific-env.d.ts',
      reference,
    ],
    [
      'into a new file at the root',
      '{ "compilerOptions": {} }',
      {},
      'magnific-env.d.ts',
      reference,
    ],
    [
      'into a folder by its name, and not into a file that is left out',
      '{ "include": ["client"] }',
      { 'src/vite-env.d.ts': viteEnv },
      'client/magnific-env.d.ts',
      reference,
    ],
  ])('writes a reference %s where no types are listed', (_, tsconfig, files, name, after) => {
    const project = tmpProject({ 'tsconfig.json': tsconfig, ...files })
    const { changes, byHand } = planTypes(project.dir)
    expect(byHand).toEqual([])
    expect(changes).toMatchObject([{ path: project.path(name), after }])
    writeChanges(changes)
    expect(readFileSync(project.path(name), 'utf8')).toBe(after)
    expect(planTypes(project.dir)).toEqual({ changes: [], notes: [], byHand: [] })
  })

  it.each([
    ['a broken config', '{ "compilerOptions": ', 'tsconfig.json cannot be read.'],
    [
      'a config of others',
      '{ "files": [], "references": [] }',
      'takes in no file that could declare',
    ],
  ])('leaves %s to a person', (_, tsconfig, says) => {
    const { changes, byHand } = planTypes(tmpProject({ 'tsconfig.json': tsconfig }).dir)
    expect(changes).toEqual([])
    expect(byHand.join()).toContain(says)
  })

  it('does nothing where there is no TypeScript', () => {
    expect(planTypes(tmpProject().dir)).toEqual({ changes: [], notes: [], byHand: [] })
  })

  it.each([
    ['types', { types: [] }],
    ['a reference', {}],
  ])('makes the imports known to the compiler by %s', async (_, options) => {
    const compilerOptions = {
      module: 'esnext',
      moduleResolution: 'bundler',
      noEmit: true,
      strict: true,
      ...options,
    }
    const project = configProject({
      'tsconfig.json': JSON.stringify({ compilerOptions }),
      'src/a.ts': "import hero from './hero.png?magnific=4x'\nexport const text: string = hero\n",
    })
    expect((await checkTypes(project, 'tsc')).text).toContain('TS2307')
    writeChanges(planTypes(project.dir).changes)
    expect(await checkTypes(project, 'tsc')).toEqual({ code: 0, text: '' })
  })
})
