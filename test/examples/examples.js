/**
 * @typedef {object} Version
 * @property {string} label what the table calls it
 * @property {Record<string, string>} [install] versions in place of those in the example's package.json
 * @property {string[]} [nodes] in place of the example's
 *
 * @typedef {object} Example
 * @property {string} host what the table calls it
 * @property {string} folder in playground/
 * @property {string} package whose version is told
 * @property {Version[]} versions
 * @property {string[]} [nodes] ranges of Node, the oldest supported alone where it says nothing
 * @property {string[]} [build] scripts that build it, each to be free after the first
 * @property {boolean} [test] whether its `npm test` has to pass, and to buy nothing, before anything is built
 * @property {string[]} outputs folders
 * @property {string[]} [caches] folders that a fresh clone does not have
 * @property {string[]} [originals] names of the pictures that must not be shipped
 * @property {{ folder: string } | { script: string }} [serve] a folder of files, or a script that honours PORT
 * @property {string[]} [pages] paths
 */

/** The Nodes of the matrix: what is supported, and what is current. */
const everyNode = ['20.19', '22', '24']

/** @type {Example[]} */
export const examples = [
  {
    host: 'Vite',
    folder: 'vite',
    package: 'vite',
    versions: [
      { label: '8' },
      { label: '7', install: { vite: '7.3.8' } },
      { label: '6', install: { vite: '6.4.6' } },
    ],
    nodes: everyNode,
    outputs: ['dist'],
    serve: { folder: 'dist' },
  },
  {
    host: 'webpack',
    folder: 'webpack',
    package: 'webpack',
    versions: [{ label: '5, newest' }, { label: '5, oldest', install: { webpack: '5.90.0' } }],
    nodes: everyNode,
    outputs: ['dist'],
    serve: { folder: 'dist' },
  },
  {
    host: 'Rollup',
    folder: 'rollup',
    package: 'rollup',
    versions: [{ label: '4, newest' }],
    nodes: everyNode,
    outputs: ['dist'],
    serve: { folder: 'dist' },
  },
]
