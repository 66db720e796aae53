import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkTypes, packPackage, runMagnific, typedProject } from '../helpers/typed-project.ts'

let packed = ''
const ends: (() => void | Promise<void>)[] = []
beforeAll(() => {
  packed = packPackage((end) => ends.push(end))
})
afterAll(async () => {
  for (const end of ends) await end()
})

const fine = { code: 0, text: '' }
/** Nothing but this is wrong in the whole project. */
const wrongNumber = (place: string): { code: number; text: string } => ({
  code: 2,
  text: `${place}: error TS2322: Type 'string' is not assignable to type 'number'.\n`,
})

describe('the options', () => {
  it('are checked by the compiler, in presets and defaults too', async () => {
    const linked = ['@types/node', 'rollup', 'unplugin', 'vite', 'webpack']
    const project = typedProject('options', packed, linked)
    expect(await checkTypes(project, 'tsc')).toEqual(fine)
  })
})

describe('unplugin-magnific/client', () => {
  it('types each kind of output, and needs no other package for it', async () => {
    const project = typedProject('client', packed, [])
    project.write(
      'src/wrong.ts',
      "import hero from './hero.png?magnific=4x'\nexport const n: number = hero\n",
    )
    expect(await checkTypes(project, 'tsc')).toEqual(wrongNumber('src/wrong.ts(2,14)'))
  })
})

describe.each([
  ['astro', 'astro/index.d.ts', 'ImageMetadata'],
  ['next', 'next/image.d.ts', 'StaticImageData'],
])('unplugin-magnific/client/%s', (host, file, type) => {
  it('types images as the host has them', async () => {
    const project = typedProject('host-client', packed, [])
    project.write('tsconfig.json', String(project.read('tsconfig.json')).replace('HOST', host))
    project.write(
      `node_modules/${file}`,
      `export interface ${type} { src: string; width: number; height: number }\n`,
    )
    project.write(
      'src/wrong.ts',
      "import hero from './hero.png?magnific=4x'\nexport const n: number = hero.src\n",
    )
    expect(await checkTypes(project, 'tsc')).toEqual(wrongNumber('src/wrong.ts(2,14)'))
  })
})

describe('the file that dts writes', () => {
  it('types presets, lists and fields exactly, whatever client has for them', async () => {
    const project = typedProject('generated', packed, [])
    const written = await runMagnific(project, 'types', '--config', 'magnific.options.js')
    expect(written).toEqual({ code: 0, text: 'magnific.d.ts is written.\n' })
    project.write(
      'src/wrong.ts',
      "import hero from './hero.png?magnific=hero'\nexport const n: number = hero\n",
    )
    expect(await checkTypes(project, 'tsc')).toEqual(wrongNumber('src/wrong.ts(2,14)'))
  })

  it('wins where client comes first, and has presets that no source uses yet', async () => {
    const project = typedProject('generated', packed, [])
    project.write('src/a.d.ts', '/// <reference types="unplugin-magnific/client" />\n')
    await runMagnific(project, 'types', '--config', 'magnific.options.js', '--out', 'src/z.d.ts')
    project.write(
      'src/new.ts',
      "import unused from './a.png?h=3&magnific=unused'\nexport const text: string = unused\n",
    )
    expect(await checkTypes(project, 'tsc')).toEqual(fine)
  })

  it('types components, beside the types of Vite', async () => {
    const project = typedProject('vue', packed, ['vite', 'vue'])
    await runMagnific(project, 'types', '--config', 'magnific.options.js')
    project.write(
      'src/wrong.vue',
      '<script setup lang="ts">\nimport hero from \'./hero.png?magnific=hero\'\nconst n: number = hero\n</script>\n<template>{{ n }}</template>\n',
    )
    expect(await checkTypes(project, 'vue-tsc')).toEqual(wrongNumber('src/wrong.vue(3,7)'))
  })
})
