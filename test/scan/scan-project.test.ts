import { mkdirSync, symlinkSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createPlainResolve } from '../../src/scan/plain-resolve.ts'
import { scanProject } from '../../src/scan/scan-project.ts'
import type { Scan, ScanSettings } from '../../src/scan/scan-project.ts'
import { tmpProject } from '../helpers/project.ts'
import type { Project } from '../helpers/project.ts'

type Files = Record<string, string>

function isProject(files: Files | Project): files is Project {
  return typeof files['write'] === 'function'
}

async function scan(
  files: Files | Project,
  settings: Omit<Partial<ScanSettings>, 'entries'> & { entries?: string[] } = {},
): Promise<Scan & { project: Project; reached: Record<string, boolean | undefined> }> {
  const project = isProject(files) ? files : tmpProject(files)
  const root = project.dir
  const { entries, ...rest } = settings
  const scanned = await scanProject({
    root,
    resolve: createPlainResolve({ root, alias: { '@': join(root, 'src') } }),
    ...(entries && { entries: entries.map((entry) => project.path(entry)) }),
    ...rest,
  })
  const reached = Object.fromEntries(
    scanned.references.map((reference) => [
      relative(root, reference.file ?? '?').replaceAll('\\', '/'),
      reference.reached,
    ]),
  )
  return { ...scanned, project, reached }
}

describe('the references of a project', () => {
  it('are in the order of their sources, each once', async () => {
    const { references, project } = await scan({
      'src/b.js':
        "import './2.png?magnific'; import('./1.png?magnific'); import('./2.png?magnific')",
      'src/a.css': 'a { b: url(./3.png?magnific) }',
      'index.html': '<img src="src/4.png?magnific">',
      'src/1.png': '',
    })
    expect(references.map(({ importer, specifier }) => [importer, specifier])).toEqual([
      [project.path('index.html'), 'src/4.png?magnific'],
      [project.path('src/a.css'), './3.png?magnific'],
      [project.path('src/b.js'), './2.png?magnific'],
      [project.path('src/b.js'), './1.png?magnific'],
    ])
    expect(references[3]).toEqual({
      importer: project.path('src/b.js'),
      specifier: './1.png?magnific',
      query: 'magnific',
      kind: 'dynamic-import',
      resolveKind: 'script',
      file: project.path('src/1.png'),
      reached: undefined,
      isConditional: false,
      isSure: false,
      line: 1,
      column: 35,
    })
  })

  it('have the file that the host would take, whether it is there or not', async () => {
    const { references, project } = await scan({
      'src/a.js': `
        import './missing.png?magnific'
        import '/rooted.png?magnific'
        import '@/aliased.png?magnific'
        import '@/no-alias.png?magnific'
        import 'pkg/packed.png?magnific'
        import 'other/gone.png?magnific'
        new URL('with%20space.png?magnific', import.meta.url)
        import './100%.png?magnific'`,
      'src/aliased.png': '',
      'src/with space.png': '',
      'src/100%.png': '',
      'node_modules/pkg/package.json': '{ "exports": { "./*.png": "./img/*.png" } }',
      'node_modules/pkg/img/packed.png': '',
    })
    expect(references.map(({ file }) => file)).toEqual([
      project.path('src/missing.png'),
      project.path('rooted.png'),
      project.path('src/aliased.png'),
      project.path('src/no-alias.png'),
      project.path('node_modules/pkg/img/packed.png'),
      undefined,
      project.path('src/with space.png'),
      project.path('src/100%.png'),
    ])
  })

  it('are the files that a pattern fits', async () => {
    const { references, project } = await scan({
      'src/[a]/a.js': `
        import.meta.glob(['./img/*.png', '!**/not-*', '@/shared/**/*.png'], { query: '?magnific' })
        import.meta.glob('/src/*.jpg', { query: { magnific: '4x' } })
        import(\`./img/\${name}-large.png?magnific=8x\`)
        import.meta.glob('./none/*.png', { query: '?magnific' })
        import.meta.glob('./img/*.png', { query: '?magnific=2x' })
        new URL(\`./img/\${name}.png?magnific\`, import.meta.url)`,
      ...Object.fromEntries(
        [
          'src/[a]/img/one.png',
          'src/[a]/img/not-two.png',
          'src/[a]/img/b-large.png',
          'src/[a]/img/.hidden.png',
          'src/shared/c/d.png',
          'src/shared/node_modules/e.png',
          'src/f.jpg',
          'src/a/img/one.png',
        ].map((name) => [name, '']),
      ),
    })
    const found = references.map(({ specifier, pattern }) => `${pattern ?? ''} → ${specifier}`)
    expect(found).toEqual([
      './img/*.png?magnific → ./img/b-large.png?magnific',
      './img/*.png?magnific → ./img/one.png?magnific',
      '@/shared/**/*.png?magnific → ../shared/c/d.png?magnific',
      '/src/*.jpg?magnific=4x → ../f.jpg?magnific=4x',
      './img/*-large.png?magnific=8x → ./img/b-large.png?magnific=8x',
      './img/*.png?magnific=2x → ./img/b-large.png?magnific=2x',
      './img/*.png?magnific=2x → ./img/not-two.png?magnific=2x',
      './img/*.png?magnific=2x → ./img/one.png?magnific=2x',
      ' → ./img/*.png?magnific',
    ])
    const refused = references.at(-1)
    expect(refused?.refusal).toContain('Name the images.')
    expect(refused?.file).toBeUndefined()
    expect(references[0]?.file).toBe(project.path('src/[a]/img/b-large.png'))
  })

  it('leave out what is no source of the project', async () => {
    const text = "import './a.png?magnific'"
    const project = tmpProject({
      'node_modules/a/a.js': text,
      'dist/a.js': text,
      '.cache/a.js': text,
      'a.d.ts': text,
      'out/a.js': text,
      'a.md': text,
      'a.js': text,
    })
    const { references, sources } = await scan(project, { ignored: [project.path('out')] })
    expect(references.map(({ importer }) => importer)).toEqual([project.path('a.js')])
    expect(sources).toBe(1)
  })
})

describe('what entries lead to', () => {
  const png = (name: string): string => `import './${name}.png?magnific'\n`

  it('is reached, and the rest is not', async () => {
    const { reached, reachedSources, project } = await scan(
      {
        'index.html':
          '<script type="module" src="/src/main.ts"></script><link rel="stylesheet" href="a.css">',
        'a.css': "@import './b.css';",
        'b.css': 'a { b: url(1.png?magnific) }',
        'src/main.ts': `
          import './cycle'
          import type { T } from './types-only'
          import './style.scss'
          import App from '@/app.vue'
          const pages = import.meta.glob('./pages/*.ts')
          const lazy = (name) => import(\`./lazy/\${name}.ts\`)
          new Worker(new URL('./worker.ts', import.meta.url))
          import text from './text.js?raw'
          import './index-of'`,
        'src/cycle.js': `import './main.ts'; ${png('2')}`,
        'src/types-only.ts': png('not-1'),
        'src/style.scss': "@use 'partial';",
        'src/_partial.scss': 'a { b: url(3.png?magnific) }',
        'src/app.vue': '<template><img src="./4.png?magnific"></template><style src="./c.less"/>',
        'src/c.less': 'a { b: url(5.png?magnific) }',
        'src/pages/a.ts': png('6'),
        'src/lazy/b.ts': png('7'),
        'src/worker.ts': png('8'),
        'src/text.js': png('not-2'),
        'src/index-of/index.tsx': png('9'),
        'src/alone.ts': png('not-3'),
      },
      { entries: ['index.html'] },
    )
    const names = Object.entries(reached).map(([file, isReached]) => [
      /[^/]*(?=\.png)/.exec(file)?.[0],
      isReached,
    ])
    const sorted = names.toSorted(([a], [b]) => String(a).localeCompare(String(b)))
    expect(sorted).toEqual([
      ...['1', '2', '3', '4', '5', '6', '7', '8', '9'].map((name) => [name, true]),
      ...['not-1', 'not-2', 'not-3'].map((name) => [name, false]),
    ])
    expect(reachedSources?.has(project.path('src/worker.ts'))).toBe(true)
    expect(reachedSources?.has(project.path('src/alone.ts'))).toBe(false)
  })

  it('may be anything where an import leads nobody knows where', async () => {
    const files = (specifier: string): Files => ({
      'main.js': `import '${specifier}'; ${png('1')}`,
      'alone.js': png('2'),
      'node_modules/pkg/package.json': '{}',
    })
    const reachedWith = async (specifier: string): Promise<boolean | undefined> => {
      const { reached } = await scan(files(specifier), { entries: ['main.js'] })
      expect(reached['1.png']).toBe(true)
      return reached['2.png']
    }
    expect(await reachedWith('virtual:pages')).toBeUndefined()
    expect(await reachedWith('~pages')).toBeUndefined()
    expect(await reachedWith('./not-there')).toBeUndefined()
    expect(await reachedWith('src/by-a-plugin')).toBeUndefined()
    expect(await reachedWith('pkg')).toBe(false)
    expect(await reachedWith('pkg/deep')).toBe(false)
    expect(await reachedWith('node:fs')).toBe(false)
    expect(await reachedWith('fs/promises')).toBe(false)
    expect(await reachedWith('https://example.com/a.js')).toBe(false)
    expect(await reachedWith('./not-there.svg')).toBe(false)
  })

  it('is not known where the entries are not', async () => {
    const { reached, reachedSources } = await scan({ 'a.js': png('1') })
    expect(reached).toEqual({ '1.png': undefined })
    expect(reachedSources).toBeUndefined()
  })

  it('may lie in linked packages, in those that know us, and in style sheets of any', async () => {
    const project = tmpProject({
      'app/main.js': "import 'linked'; import 'knows'; import 'other'; import 'other/a.css'",
      'app/node_modules/knows/package.json':
        '{ "main": "./a.js", "peerDependencies": { "unplugin-magnific": "*" } }',
      'app/node_modules/knows/a.js': png('1'),
      'app/node_modules/other/package.json': '{ "module": "./a.js" }',
      'app/node_modules/other/a.js': png('not-1'),
      'app/node_modules/other/a.css': 'a { b: url(2.png?magnific) }',
      'linked/package.json': '{ "exports": { ".": { "import": "./src/index.ts" } } }',
      'linked/src/index.ts': `export * from './more'; ${png('3')}`,
      'linked/src/more.ts': png('4'),
    })
    symlinkSync(project.path('linked'), project.path('app/node_modules/linked'), 'junction')
    const root = project.path('app')
    const { references } = await scanProject({
      root,
      entries: [join(root, 'main.js')],
      resolve: createPlainResolve({ root }),
    })
    expect(
      references.map(({ file = '', reached }) => [relative(project.dir, file), reached]),
    ).toEqual([
      [join('app/node_modules/knows/1.png'), true],
      [join('app/node_modules/other/2.png'), true],
      [join('linked/src/3.png'), true],
      [join('linked/src/4.png'), true],
    ])
  })

  it('is followed along a chain of 10,000 modules', async () => {
    const project = tmpProject()
    const count = 10_000
    for (let index = 0; index < count; index++) {
      const next = index + 1 < count ? `import './${index + 1}.js'` : "import './a.png?magnific'"
      project.write(`${index}.js`, next)
    }
    const { reached, reachedSources } = await scan(project, { entries: ['0.js'] })
    expect(reached).toEqual({ 'a.png': true })
    expect(reachedSources?.size).toBe(count)
  })
})

describe('what a scan cannot read', () => {
  it('is told, and the rest is read', async () => {
    const project = tmpProject({
      'a.js': "import './folder.ts'; import './1.png?magnific'",
      'b.js': "import './2.png?magnific'\nconst = 1",
      'c.vue': "<script>\n\nimport './3.png?magnific'\nfunction (\n</script>",
      'd.css': 'a { b: url(./4.png?magnific) ',
    })
    mkdirSync(project.path('folder.ts'))
    symlinkSync(project.path('nowhere'), project.path('link.ts'))
    const { problems, reached, sources } = await scan(project, {
      entries: ['a.js', 'gone.js', 'link.ts'],
    })
    expect(Object.keys(reached)).toEqual(['1.png', '2.png', '3.png', '4.png'])
    expect(problems).toEqual([
      { file: project.path('b.js'), message: expect.stringMatching(/\(line 2, column 7\)\.$/) },
      { file: project.path('c.vue'), message: expect.stringMatching(/\(line 4, column 10\)\.$/) },
      {
        file: project.path('gone.js'),
        message: expect.stringMatching(/^It cannot be read: ENOENT: .*\.$/),
      },
      { file: project.path('link.ts'), message: expect.stringContaining('ENOENT') },
    ])
    expect(sources).toBe(4)
  })

  it('says nothing of syntax where it is not asked to', async () => {
    const files = { 'b.js': "import './2.png?magnific'\nconst = 1" }
    const { problems, references } = await scan(files, { checksSyntax: false })
    expect([problems.length, references.length]).toEqual([0, 1])
  })
})

describe('globs', () => {
  const files = {
    'src/a.js': "import './b.js'; import './a.png?magnific'",
    'src/b.js': "import './b.png?magnific'",
    'src/deep/c.css': 'a { b: url(c.png?magnific) }',
    'notes.md': '',
    'src/d.txt': '',
    'node_modules/e/e.js': "import './e.png?magnific'",
  }

  it('say which sources count', async () => {
    const names = async (...globs: string[]): Promise<string[]> =>
      Object.keys((await scan(files, { globs, entries: ['src/a.js'] })).reached)
    expect(await names('src/a.js')).toEqual(['src/a.png'])
    expect(await names('src/*')).toEqual(['src/a.png', 'src/b.png'])
    expect(await names('src')).toEqual(['src/a.png', 'src/b.png', 'src/deep/c.png'])
    expect(await names('**/*.css', 'src/b.js')).toEqual(['src/b.png', 'src/deep/c.png'])
    expect(await names('src/**', '!**/*.css')).toEqual(['src/a.png', 'src/b.png'])
    expect(await names('**/*.js')).toEqual(['src/a.png', 'src/b.png'])
    expect(await names('node_modules/e/*.js')).toEqual(['node_modules/e/e.png'])
  })

  it('that fit nothing are told, and files that are no sources', async () => {
    const globs = ['src/a.js', 'nothing/**', 'src/*.txt', 'notes.md', 'gone.js']
    const { unmatched, problems, references, project } = await scan(files, { globs })
    expect(unmatched).toEqual(['nothing/**', 'src/*.txt', 'gone.js'])
    expect(problems).toEqual([
      {
        file: project.path('notes.md'),
        message: expect.stringMatching(/^It is none of the sources/),
      },
    ])
    expect(references).toHaveLength(1)
  })

  it('tell whether an entry leads there', async () => {
    const { reached } = await scan(files, { globs: ['src/*.js'], entries: ['src/a.js'] })
    expect(reached).toEqual({ 'src/a.png': true, 'src/b.png': true })
  })
})
