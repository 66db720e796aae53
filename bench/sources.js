import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Of 20 sources, as a project of Vite's may have them. */
const mix = ['ts', 'tsx', 'ts', 'vue', 'tsx', 'js', 'ts', 'css', 'tsx', 'jsx']
const rest = ['ts', 'scss', 'tsx', 'svelte', 'ts', 'tsx', 'mdx', 'ts', 'css', 'vue']
/** So many sources have one reference. */
const everyTenth = 10
/** How many sources one imports. */
const branches = 4

/**
 * Makes a project: sources of about 4 kB in all languages, which lead to each other as a tree from `index.html`, and one in ten
 * of which refers to an image in one of the usual ways.
 *
 * @param {string} folder
 * @param {number} count
 * @returns {{ entry: string, references: number }}
 */
export function makeSources(folder, count) {
  const names = Array.from({ length: count }, (_, index) => nameOf(index))
  let references = 0
  for (const [index, name] of names.entries()) {
    const first = index * branches + 1
    const imports = names.slice(first, first + branches).map((each) => relativeTo(name, each))
    // In turn in each language.
    const isReferring = index % everyTenth === Math.floor(index / 20) % everyTenth
    if (isReferring) {
      references++
      write(folder, `${dirname(name)}/picture-${index}.png`, '')
    }
    write(folder, name, render(name, index, imports, isReferring))
  }
  write(folder, 'index.html', `<script type="module" src="/${names[0]}"></script>\n`)
  return { entry: join(folder, 'index.html'), references }
}

function nameOf(index) {
  const languages = [...mix, ...rest]
  // Style sheets are imported, and import no scripts: only what is at the end of the tree is one.
  return `src/feature-${index % 40}/part-${index}.${languages[index % languages.length]}`
}

function relativeTo(from, to) {
  const [, folder] = from.split('/')
  const [, other, name] = to.split('/')
  return folder === other ? `./${name}` : `../${other}/${name}`
}

function write(folder, name, text) {
  const file = join(folder, name)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}

function render(name, index, imports, isReferring) {
  const language = name.slice(name.lastIndexOf('.') + 1)
  const picture = `./picture-${index}.png?magnific=4x`
  switch (language) {
    case 'css':
    case 'scss':
      return renderStyle(imports, isReferring ? picture : undefined, language)
    case 'vue':
      return renderVue(imports, isReferring ? picture : undefined)
    case 'svelte':
      return `<script>\n${renderScript(imports, isReferring ? picture : undefined, index, 2000)}</script>\n\n${markup(1500)}<style>\n${rules(400)}</style>\n`
    case 'mdx':
      return `${imports.map((each, at) => `import * as m${at} from '${each}'`).join('\n')}\n${isReferring ? `import picture from '${picture}'\n` : ''}\n${prose(4000)}`
    default:
      return renderScript(imports, isReferring ? picture : undefined, index, 4000, language)
  }
}

function renderScript(imports, picture, index, size, language = 'js') {
  const isLazy = index % 5 === 0
  const head = [
    "import { computed, ref } from 'vue'",
    ...imports.map((each, at) =>
      isLazy && at === 0
        ? ''
        : `import { value as value${at} } from '${each.replace(/\.tsx?$/, '')}'`,
    ),
    ...(picture && index % 3 === 0 ? [`import picture from '${picture}'`] : []),
  ]
  const lazy = isLazy && imports[0] ? `export const load = () => import('${imports[0]}')\n` : ''
  const others =
    picture && index % 3 === 1
      ? `export const url = new URL('${picture}', import.meta.url).href\n`
      : picture && index % 3 === 2
        ? `export const loadPicture = () => import('${picture}')\n`
        : ''
  let text = `${head.filter(Boolean).join('\n')}\n\n${lazy}${others}`
  for (let part = 0; text.length < size; part++) text += renderFunction(part, language)
  return text
}

function renderFunction(part, language) {
  const isTyped = language.startsWith('ts')
  const type = isTyped ? ': { title: string; count?: number }' : ''
  const body = language.endsWith('x')
    ? `  return (\n    <section className="part">\n      <h2>{props.title}</h2>\n      {items.length > 2 ? <p>It's {items.length} items</p> : null}\n    </section>\n  )\n`
    : `  return items.filter(({ item }) => item > (props.count ?? ${part})).map((each) => each.label).join(', ')\n`
  return `/**\n * Part ${part} of the feature; see "the notes".\n */\nexport function part${part}(props${type}) {\n  // What is shown depends on the count.\n  const items = [1, 2, 3].map((item) => ({ item, label: \`\${item} of \${props.title}\` }))\n${body}}\n\n`
}

function renderVue(imports, picture) {
  const script = renderScript(imports, undefined, 1, 1500, 'ts')
  const image = picture ? `    <img src="${picture}" alt="" />\n` : ''
  return `<script setup lang="ts">\n${script}</script>\n\n<template>\n  <main>\n${image}${markup(1500)}  </main>\n</template>\n\n<style scoped>\n${rules(800)}</style>\n`
}

function renderStyle(imports, picture, language) {
  const styles = imports.filter((each) => each.endsWith(`.${language}`))
  const image = picture ? `.hero {\n  background: url(${picture}) center / cover;\n}\n\n` : ''
  return `${styles.map((each) => `@import '${each}';\n`).join('')}${image}${rules(4000)}`
}

function rules(size) {
  let text = ''
  for (let part = 0; text.length < size; part++) {
    text += `.part-${part}:hover > .title {\n  margin: 0 auto;\n  color: rgb(0 0 0 / 50%);\n  transition: opacity 0.2s ease-in-out;\n}\n\n`
  }
  return text
}

function markup(size) {
  let text = ''
  for (let part = 0; text.length < size; part++) {
    text += `    <div class="part-${part}">\n      <p>Don't read this: part ${part} &amp; more.</p>\n    </div>\n`
  }
  return text
}

function prose(size) {
  let text = '# A page\n\n'
  while (text.length < size) {
    text += 'What is written here is text, and "nothing" of it is imported; is it?\n\n'
  }
  return text
}
