import { symlinkSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createPlainResolve } from '../../src/scan/plain-resolve.ts'
import type { ResolveKind } from '../../src/scan/source-contents.ts'
import { tmpProject } from '../helpers/project.ts'

const names = [
  'src/main.ts',
  'src/a.ts',
  'src/a.png',
  'src/b/index.tsx',
  'src/c.vue',
  'src/with space.js',
  'src/100%.js',
  'src/styles/_d.scss',
  'src/styles/e/_index.scss',
  'src/f.css',
  'public.js',
]

function setUp(alias = {}) {
  const project = tmpProject(Object.fromEntries(names.map((name) => [name, ''])))
  const resolve = createPlainResolve({ root: project.dir, alias })
  return {
    project,
    resolve: async (specifier: string, kind: ResolveKind = 'script') => {
      const found = await resolve(specifier, project.path('src/main.ts'), kind)
      return found?.slice(project.dir.length + 1).replaceAll('\\', '/')
    },
  }
}

it.each<[string, string | undefined, ResolveKind?]>([
  ['./a.ts', 'src/a.ts'],
  ['./a', 'src/a.ts'],
  ['./a.js', 'src/a.ts'],
  ['./a.png', 'src/a.png'],
  ['./b', 'src/b/index.tsx'],
  ['./c.vue', 'src/c.vue'],
  ['../public', 'public.js'],
  ['/src/a', 'src/a.ts'],
  ['./with%20space.js', 'src/with space.js'],
  ['./100%.js', 'src/100%.js'],
  ['./styles/d', 'src/styles/_d.scss', 'style'],
  ['styles/d.scss', 'src/styles/_d.scss', 'style'],
  ['styles/e', 'src/styles/e/_index.scss', 'style'],
  ['f.css', 'src/f.css', 'style'],
  ['a.png', 'src/a.png', 'url'],
  ['a.png', 'src/a.png', 'page'],
  ['a.png', undefined],
  ['./d', undefined],
  ['./styles', undefined],
])('resolves %s to %s', async (specifier, expected, kind) => {
  expect(await setUp().resolve(specifier, kind)).toBe(expected)
})

describe('an alias', () => {
  it('is an object, as in Vite', async () => {
    const { project } = setUp()
    const alias = { '@': project.path('src'), '~/': `${project.path('src')}/`, lib: '/src/b' }
    const resolve = createPlainResolve({ root: project.dir, alias })
    const from = project.path('src/styles/_d.scss')
    expect(await resolve('@/a', from, 'script')).toBe(project.path('src/a.ts'))
    expect(await resolve('~/a.png', from, 'style')).toBe(project.path('src/a.png'))
    expect(await resolve('lib', from, 'script')).toBe(project.path('src/b/index.tsx'))
    expect(await resolve('@/gone.png', from, 'style')).toBe(project.path('src/gone.png'))
    expect(await resolve('@a', from, 'script')).toBeUndefined()
    expect(await resolve('@/styles/d', from, 'style')).toBe(from)
  })

  it('is a list, with regular expressions, whose first that fits counts', async () => {
    const { project } = setUp()
    const alias = [
      { find: /^~(\w)\//, replacement: `${project.path('src')}/$1/` },
      { find: '~b', replacement: '/nowhere' },
    ]
    const resolve = createPlainResolve({ root: project.dir, alias })
    const from = project.path('src/main.ts')
    expect(await resolve('~b/index.tsx', from, 'script')).toBe(project.path('src/b/index.tsx'))
  })
})

describe('a package', () => {
  it('is found by its exports, its fields, or its files', async () => {
    const project = tmpProject({
      'node_modules/a/package.json': JSON.stringify({
        exports: {
          '.': { types: './a.d.ts', import: { node: './node.js', default: './a.mjs' } },
          './img/*': './dist/img/*',
          './img/private/*': null,
          './style': { style: './a.css', default: './a.js' },
          './list': [null, './b.js'],
        },
      }),
      'node_modules/@b/c/package.json': '{ "main": "./main", "style": "c.css" }',
      'node_modules/@b/c/main.js': '',
      'node_modules/@b/c/c.css': '',
      'node_modules/@b/c/deep/d.png': '',
      'package.json': '{ "imports": { "#own/*": "./src/*.ts", "#a": "a" } }',
      'src/e.ts': '',
    })
    const resolve = createPlainResolve({ root: project.dir })
    const from = project.path('src/deep/main.ts')
    const find = async (specifier: string, kind: ResolveKind = 'script') =>
      (await resolve(specifier, from, kind))?.slice(project.dir.length + 1).replaceAll('\\', '/')
    expect(await find('a')).toBe('node_modules/a/a.mjs')
    expect(await find('a/img/x/y.png')).toBe('node_modules/a/dist/img/x/y.png')
    expect(await find('a/img/private/y.png')).toBeUndefined()
    expect(await find('a/style', 'style')).toBe('node_modules/a/a.css')
    expect(await find('a/style')).toBe('node_modules/a/a.js')
    expect(await find('a/list')).toBe('node_modules/a/b.js')
    expect(await find('a/package.json')).toBeUndefined()
    expect(await find('@b/c')).toBe('node_modules/@b/c/main.js')
    expect(await find('@b/c', 'style')).toBe('node_modules/@b/c/c.css')
    expect(await find('~@b/c/deep/d.png', 'style')).toBe('node_modules/@b/c/deep/d.png')
    expect(await find('#own/e')).toBe('src/e.ts')
    expect(await find('#a')).toBe('node_modules/a/a.mjs')
    expect(await find('#none')).toBeUndefined()
    expect(await find('gone')).toBeUndefined()
  })

  it('that is linked is where it really is', async () => {
    const project = tmpProject({
      'linked/package.json': '{ "main": "./a.ts" }',
      'linked/a.ts': '',
      'app/node_modules/other/package.json': '{}',
    })
    symlinkSync(project.path('linked'), project.path('app/node_modules/linked'), 'junction')
    const resolve = createPlainResolve({ root: project.path('app') })
    const found = await resolve('linked', project.path('app/main.ts'), 'script')
    expect(found).toBe(project.path('linked/a.ts'))
  })
})
