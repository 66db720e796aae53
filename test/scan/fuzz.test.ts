import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readSource } from '../../src/scan/read-source.ts'

/** A piece of a source, and the references that it holds. */
type Piece = readonly [text: string, ...specifiers: string[]]

const names = fc.constantFrom('a', 'b-c', 'd_e', 'f.g', 'ünï', 'h1')
const queries = fc.constantFrom('magnific', 'magnific=4x', 'w=10&magnific=2x', 'magnifc=4x')
const written = fc
  .tuple(fc.constantFrom('./', '../', '/', '@/', 'pkg/'), names, queries)
  .map(([folder, name, query]) => `${folder}${name}.png?${query}`)
const gaps = fc.constantFrom(' ', '\n', '\r\n', '\t', '  \n')

const comment = (text: string): Piece[] => [
  [`// ${text}\n`],
  [`/* ${text} */`],
  [`/**\n * ${text}\n */`],
]

/** Pieces that may stand anywhere in a script. */
const scriptPiece: fc.Arbitrary<Piece> = written.chain((each) =>
  fc.constantFrom<Piece>(
    [`import a${each.length} from '${each}';`, each],
    [`import "${each}"\n`, each],
    [`export * as b from '${each}'\n`, each],
    [`const c = () => import('${each}');`, each],
    [`const d = new URL('${each}', import.meta.url).href;`, each],
    [`e(await import(/* f */ \`${each}\`));`, each],
    [`const g = \`\${h ? \`\${import('${each}')}\` : ''} don't\`;`, each],
    [`if (i / 2 > 1) j = k[0] / l; m(import("${each}"));`, each],
    [`const n = o.replace(/['"\`]/g, ''), p = import('${each}');`, each],
    ...comment(`import q from '${each}' it's`),
    [`const r = "import s from '${each}'";`],
    [`const t = \`import('${each}')\`;`],
    [`const u = '${each}';`],
    [`const v = /import\\("${each.replaceAll('/', String.raw`\/`)}"\\)/;`],
    [`w.import('${each}');`],
    [`x = { import: '${each}' };`],
    [`new URL('${each}', location.href);`],
    ['function y(z) { return z ? "a" : `b`; }'],
    ['const aa = \'it\\\'s\', bb = "5\\" wide";'],
  ),
)

const stylePiece: fc.Arbitrary<Piece> = written.chain((each) =>
  fc.constantFrom<Piece>(
    [`.a { background: url(${each}) }`, each],
    [`.b{background:url( "${each}" ),url(c.png)}`, each],
    [`.d { background: image-set('${each}' 1x, url(e.png) 2x) }`, each],
    [`@media print { .f { --g: url('${each}') } }`, each],
    [`/* .h { i: url(${each}) } it's */`],
    [`.j { content: "url(${each})" }`],
    [`.k { l: url(https://example.com/${each}) }`],
    [`.m::before { content: '\\'' }`],
    [`@namespace n url(${each});`],
  ),
)

const markupPiece: fc.Arbitrary<Piece> = written.chain((each) =>
  fc.constantFrom<Piece>(
    [`<img src="${each}">`, each],
    [`<img alt='>' srcset="${each} 1x, b.png 2x">`, each],
    [`<video poster=${each}></video>`, each],
    [`<svg><image href="${each.replaceAll('&', '&amp;')}" /></svg>`, each],
    [`<!-- <img src="${each}"> -->`],
    [`<p title="<img src='${each}'>">${each} don't</p>`],
    [`<img src="https://example.com/${each}">`],
    [`<img alt="${each}">`],
  ),
)

function join(pieces: readonly Piece[], gap: string): [string, Set<string>] {
  const text = pieces.map(([each]) => each).join(gap)
  return [text, new Set(pieces.flatMap(([, ...specifiers]) => specifiers))]
}

const found = (file: string, text: string): Set<string> =>
  new Set(readSource(file, text).references.map((each) => each.specifier))

/** A piece may end without a semicolon. */
const separated = gaps.map((gap) => `${gap}\n;`)

describe('of whatever is put together of references and what looks like one, the references are found', () => {
  it.each(['js', 'ts', 'mjs', 'jsx', 'tsx'])('in %s', (extension) => {
    fc.assert(
      fc.property(fc.array(scriptPiece, { maxLength: 12 }), separated, (pieces, gap) => {
        const [text, expected] = join(pieces, gap)
        expect(found(`a.${extension}`, text)).toEqual(expected)
      }),
      { numRuns: 300 },
    )
  })

  it.each(['css', 'scss', 'less', 'pcss'])('in %s', (extension) => {
    fc.assert(
      fc.property(fc.array(stylePiece, { maxLength: 12 }), gaps, (pieces, gap) => {
        // Preprocessors may be given any text.
        const kept =
          extension === 'scss' || extension === 'less'
            ? pieces.filter(([text]) => !text.includes('content: "'))
            : pieces
        const [text, expected] = join(kept, gap)
        expect(found(`a.${extension}`, text)).toEqual(expected)
      }),
      { numRuns: 300 },
    )
  })

  it.each(['html', 'vue', 'svelte', 'astro'])('in %s', (extension) => {
    const parts = fc.record({
      script: fc.array(scriptPiece, { maxLength: 5 }),
      markup: fc.array(markupPiece, { maxLength: 5 }),
      style: fc.array(stylePiece, { maxLength: 5 }),
    })
    fc.assert(
      fc.property(parts, separated, gaps, (pieces, statement, gap) => {
        const [script, inScript] = join(pieces.script, statement)
        const [markup, inMarkup] = join(pieces.markup, gap)
        const [style, inStyle] = join(pieces.style, gap)
        const type = extension === 'html' ? ' type="module"' : ''
        const blocks = [
          `<script${type}>\n${script}\n</script>`,
          extension === 'vue' ? `<template>\n${markup}\n</template>` : markup,
          `<style>${style}</style>`,
        ]
        const hasAssets = extension === 'html' || extension === 'vue'
        const expected = [...inScript, ...(hasAssets ? inMarkup : []), ...inStyle]
        expect(found(`a.${extension}`, blocks.join('\n'))).toEqual(new Set(expected))
      }),
      { numRuns: 300 },
    )
  })
})

it('reads anything at all', () => {
  const files = ['js', 'tsx', 'vue', 'svelte', 'astro', 'mdx', 'html', 'css', 'sass', 'less']
  const bits = fc.constantFrom(
    ...'\'"`{}()/<>[],;:=&\\\n\uFEFF\u2028\uD83D'.split(''),
    ...'${ */ /* // </ /> <script> </script> <style> <template> <!-- --> --- ``` url( @import'.split(
      ' ',
    ),
    ...'import from export import.meta .glob new URL require ?magnific ./a.png await return'.split(
      ' ',
    ),
  )
  fc.assert(
    fc.property(fc.constantFrom(...files), fc.array(bits, { maxLength: 40 }), (file, parts) => {
      const { references, problem } = readSource(`a.${file}`, parts.join(''))
      for (const { specifier, line, column } of references) {
        expect([specifier.includes('?'), line > 0, column > 0]).toEqual([true, true, true])
      }
      if (problem) expect(problem.message).toMatch(/ \(line \d+, column \d+\)\.$/)
    }),
    { numRuns: 2000 },
  )
})
