import { cpSync, mkdirSync, readFileSync, readdirSync, symlinkSync } from 'node:fs'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createHash } from 'node:crypto'
import type { Options } from '../../src/index.ts'
import { drawNoise } from './images.ts'
import { tmpProject } from './project.ts'
import type { OnEnd, Project } from './project.ts'
import type { ViteConfig } from './vite-process.ts'
import type { ViteVersion } from './vite-versions.ts'

const fixture = new URL('../fixtures/references/', import.meta.url)
/** Where the packages of the tests are. */
const packages = fileURLToPath(new URL('../../node_modules/', import.meta.url))

/** The pages of the fixture, as paths below the base. */
export const pages = ['index.html', 'nested/page.html', 'ssr.html'] as const

/** A page of the fixture. */
export type PageName = (typeof pages)[number]

/** One way to refer to a picture, and what has to be seen of it. */
export interface Reference {
  /** What the page calls it. */
  id: string
  page: PageName
  /** Relative to the fixture. */
  file: string
  /** pixels, of the source */
  width: number
  height: number
  /** 1 where the reference has no query, and nothing may be done to it. */
  scale: 1 | 2 | 4
}

/** File by id; a scale other than 2 stands behind it. */
type Rows = Readonly<Record<string, string>>

const js: Rows = {
  'js-static': 'static.png',
  'js-beside': 'beside.png',
  'js-beside-plain': 'beside.png 1',
  'js-four': 'four.png 4',
  'js-inline': 'inline.png',
  'js-no-inline': 'no-inline.png',
  'js-url': 'url.png',
  'js-preset': 'preset.png',
  'js-jpeg': 'photo.jpg',
  'js-webp': 'still.webp',
  'js-new-url': 'new-url.png',
  'js-new-url-plain': 'new-url-plain.png 1',
  'js-dynamic': 'dynamic.png',
  'js-variable-one': 'dyn/one.png',
  'js-variable-two': 'dyn/two.png',
  'js-glob-eager-1': 'glob/eager-1.png',
  'js-glob-eager-2': 'glob/eager-2.png',
  'js-glob-object-1': 'glob/object-1.png',
  'js-glob-lazy-1': 'glob/lazy-1.png',
  'js-glob-late-1': 'glob/late-1.png',
  'ts-import': 'typed.png',
  'ts-new-url': 'typed-url.png',
}

const packed: Rows = {
  'js-alias': 'app/src/aliased.png',
  'js-package': 'some-pkg/packed.png',
  'js-package-exports': 'some-pkg/dist/deep/exported.png',
  'css-alias': 'app/src/aliased-css.png',
  'css-package': 'some-pkg/css.png',
  'css-package-own': 'some-pkg/own.png',
  'workspace-default': 'workspace-pkg/src/default.png',
  'workspace-new-url': 'workspace-pkg/src/new-url.png',
  'workspace-direct': 'workspace-pkg/direct.png',
  'workspace-css': 'workspace-pkg/src/css.png',
}

const workers: Rows = {
  'worker-import': 'import.png',
  'worker-new-url': 'new-url.png',
  'worker-typed': 'typed.png',
}

const css: Rows = {
  'css-url': 'css/url.png',
  'css-quoted': 'css/quoted.png',
  'css-plain': 'css/plain.png 1',
  'css-several-1': 'css/several-1.png',
  'css-several-2': 'css/several-2.png 4',
  'css-image-set-1x': 'css/image-set-1x.png',
  'css-image-set-2x': 'css/image-set-2x.png 4',
  'css-linked': 'css/linked.png',
  'css-module': 'css/module.png',
  'css-import': 'elsewhere/import.png',
  'css-scss': 'css/scss.png',
  'css-scss-variable': 'css/scss-variable.png',
  'css-scss-partial': 'elsewhere/scss-partial.png',
  'css-less': 'css/less.png',
  'css-less-import': 'elsewhere/less-import.png',
  'css-postcss': 'css/postcss.png',
  'css-inline': 'css/inline.png',
  'css-variable': 'css/variable.png',
  'css-mask': 'css/mask.png',
  'css-list-style': 'css/list-style.png',
  'css-border': 'css/border.png',
  'css-cursor': 'css/cursor.png',
  'css-media': 'css/media.png',
  'css-nested': 'css/nested.png',
}

const html: Rows = {
  'html-og-image': 'og-image.png',
  'html-twitter-image': 'twitter-image.png',
  'html-icon': 'icon.png',
  'html-preload': 'preload.png',
  'html-preload-1x': 'preload-1x.png',
  'html-preload-2x': 'preload-2x.png 4',
  'html-style-element': 'style-element.png',
  'html-style-attribute': 'style-attribute.png',
  'html-img': 'img.png',
  'html-absolute': 'absolute.png',
  'html-no-dot': 'no-dot.png',
  'html-entity': 'entity.png',
  'html-plain': 'plain.png 1',
  'html-srcset-1x': 'srcset-1x.png',
  'html-srcset-2x': 'srcset-2x.png 4',
  'html-srcset-3x': 'srcset-3x.png 1',
  'html-source': 'source.png',
  'html-fallback': 'fallback.png',
  'html-poster': 'poster.png',
  'html-input': 'input.png',
  'html-svg-image': 'svg-image.png',
  'html-inline-script': 'inline-script.png',
}

const frameworks: Rows = {
  'vue-script': 'vue/script.png',
  'vue-template': 'vue/template.png',
  'vue-alias': 'vue/alias.png',
  'vue-srcset-1x': 'vue/srcset-1x.png',
  'vue-srcset-2x': 'vue/srcset-2x.png 4',
  'vue-poster': 'vue/poster.png',
  'vue-svg-image': 'vue/svg-image.png',
  'vue-style': 'vue/style.png',
  'vue-style-scoped': 'vue/style-scoped.png',
  'vue-style-scss': 'vue/style-scss.png',
  'svelte-script': 'svelte/script.png',
  'svelte-style': 'svelte/style.png',
  'react-tsx': 'react/tsx.png',
  'react-tsx-new-url': 'react/tsx-new-url.png',
  'react-jsx': 'react/jsx.png',
  'react-css': 'react/css.png',
  'mdx-import': 'mdx/direct.png',
  'mdx-prop': 'mdx/prop.png',
}

const nested: Rows = {
  'nested-img': 'nested/img.png',
  'nested-up': 'src/html/up.png',
  'nested-absolute': 'src/html/absolute-nested.png',
  'nested-style-attribute': 'src/html/up-style.png',
  'nested-css': 'nested/css.png',
  'nested-script': 'nested/script.png',
}

const ssr: Rows = {
  'ssr-import': 'import.png',
  'ssr-glob': 'glob/one.png',
  'ssr-dynamic': 'dynamic.png',
  'ssr-react': 'react.png',
  'ssr-svelte': 'svelte.png',
  'ssr-vue-script': 'vue-script.png',
  'ssr-vue-template': 'vue-template.png',
}

const oddNames = {
  hash: 'with#hash.png',
  parens: 'with(parens).png',
  percent: 'with%percent.png',
  space: 'with space.png',
  unicode: 'ünïcödé-猫.png',
  upper: 'UPPER.PNG',
}

/** Every reference of the fixture. */
export const references: readonly Reference[] = [
  ...listRows(js, 'app/src/js/'),
  ...listRows(packed, ''),
  ...listRows(workers, 'app/src/workers/'),
  ...listRows(css, 'app/src/'),
  ...listRows(html, 'app/src/html/'),
  ...listRows(frameworks, 'app/src/'),
  ...['js', 'url', 'css', 'html'].flatMap((kind) =>
    Object.entries(oddNames).map(([name, file]) => ({
      id: `name-${kind}-${name}`,
      page: 'index.html' as const,
      file: `app/src/names/${kind}/${file}`,
      scale: 2 as const,
    })),
  ),
  ...listRows(nested, 'app/', 'nested/page.html'),
  ...listRows(ssr, 'app/src/ssr/', 'ssr.html'),
].map((row, _, rows) => {
  const index = rows.findIndex(({ file }) => file === row.file)
  // No two files alike, and none so small that it would be inlined.
  return { ...row, width: 48 + (index % 16), height: 36 + Math.floor(index / 16) }
})

/** The app's config, for a process with a version of Vite. */
export function configFor(
  { root }: ReferencesApp,
  options: Options,
  settings: object = {},
): ViteConfig {
  return {
    module: new URL('vite.config.js', fixture).href,
    // So many pictures at once cost a test less time.
    settings: { root, ...(!isPlain && { options: { concurrency: 64, ...options } }), ...settings },
  }
}

/** How many pictures are to be paid for. */
export const upscaledCount: number = new Set(
  references.filter(({ scale }) => scale > 1).map(({ file }) => file),
).size

/** What has to be seen on a page, as `96×72` by id. */
export function expectedSizes(page: PageName): Record<string, string> {
  return Object.fromEntries(
    references
      .filter((reference) => reference.page === page)
      .map(({ id, width, height, scale }) => {
        const factor = isPlain ? 1 : scale
        return [id, `${width * factor}×${height * factor}`]
      }),
  )
}

/** The fixture as a project of a user's. */
export interface ReferencesApp {
  project: Project
  /** Vite's root. */
  root: string
  /** SHA-256 of the sources that may not be shipped as they are. */
  originals: ReadonlySet<string>
}

/**
 * Whether the tests leave the plugin and the queries out, to see what Vite itself makes of the fixture: with
 * REFERENCES_PLAIN=1, what fails is not the plugin's fault.
 */
export const isPlain: boolean = process.env['REFERENCES_PLAIN'] === '1'

/** Sets the fixture up in a temporary folder, with its pictures drawn and its packages linked. */
export async function createReferencesApp(
  version: ViteVersion,
  onEnd: OnEnd,
): Promise<ReferencesApp> {
  const project = tmpProject({}, onEnd)
  copyFixture(fixture, project, (text) => adapt(text, version))

  const originals = new Set<string>()
  await Promise.all(
    [...groupByFile()].map(async ([file, [first, ...others]]) => {
      const bytes = await draw(first)
      project.write(isPlain ? dropQueries(file) : file, bytes)
      if ([first, ...others].every(({ scale }) => scale > 1)) originals.add(hashOf(bytes))
    }),
  )

  const modules = project.path('app/node_modules')
  mkdirSync(modules, { recursive: true })
  cpSync(project.path('some-pkg'), join(modules, 'some-pkg'), { recursive: true })
  symlinkSync(project.path('workspace-pkg'), join(modules, 'workspace-pkg'), 'junction')
  linkPackages(project, ['react', 'react-dom', 'svelte', 'vue'], 'app')
  return { project, root: project.path('app'), originals }
}

/** Copies the texts of a fixture. */
export function copyFixture(
  folder: URL,
  project: Project,
  change: (text: string) => string = (text) => text,
): void {
  const from = fileURLToPath(folder)
  for (const entry of readdirSync(from, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    project.write(path.slice(from.length), change(readFileSync(path, 'utf8')))
  }
}

/** Gives a project, or the folder of an app in it, packages of the tests. */
export function linkPackages(project: Project, names: readonly string[], app = '.'): void {
  const modules = project.path(app, 'node_modules')
  mkdirSync(modules, { recursive: true })
  for (const name of names) symlinkSync(join(packages, name), join(modules, name), 'junction')
}

/** SHA-256 in hex. */
export function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function listRows(
  rows: Rows,
  folder: string,
  page: PageName = 'index.html',
): Omit<Reference, 'width' | 'height'>[] {
  return Object.entries(rows).map(([id, row]) => {
    const [file, scale = '2'] = row.split(' ')
    return { id, page, file: folder + file, scale: Number(scale) as 1 | 2 | 4 }
  })
}

function groupByFile(): Map<string, [Reference, ...Reference[]]> {
  const groups = new Map<string, [Reference, ...Reference[]]>()
  for (const reference of references) {
    const group = groups.get(reference.file)
    if (group) group.push(reference)
    else groups.set(reference.file, [reference])
  }
  return groups
}

async function draw({ file, width, height }: Reference): Promise<Buffer> {
  const picture = drawNoise({ width, height, seed: width * 1000 + height })
  const extension = extname(file).toLowerCase()
  if (extension === '.jpg') return picture.jpeg({ quality: 95 }).toBuffer()
  return extension === '.webp' ? picture.webp({ quality: 95 }).toBuffer() : picture.png().toBuffer()
}

/** To what a version of Vite cannot do, with or without the plugin. */
function adapt(text: string, version: ViteVersion): string {
  // Vite 6 leaves the URLs of a partial as they are where Sass finds it by a relative path.
  const adapted =
    version === 'vite6' ? text.replace("@use '../elsewhere", "@use '@/elsewhere") : text
  return isPlain ? dropQueries(adapted) : adapted
}

/**
 * `?magnific=2x&inline` becomes `?inline`, and `?magnific=2x` nothing. Vite itself knows no `#` in the names of assets, its
 * dev server no `%`, and what `new URL()` says is looked for letter by letter.
 */
function dropQueries(text: string): string {
  return text
    .replaceAll(/(?<=new URL\(')[^']*/g, (url) => decodeURI(url))
    .replaceAll(/([?&]|&amp;)magnific=\w+(&(?:amp;)?)?/g, (_, before: string, after = '') =>
      after === '' ? '' : before,
    )
    .replaceAll(/\{ magnific: '2x' \}/g, "''")
    .replaceAll(/with(?:#|%23)hash/g, 'with-hash')
    .replaceAll(/with%(?:25)?percent/g, 'with-percent')
}
