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
    versions: [
      { label: '5, newest' },
      { label: '5, oldest', install: { webpack: '5.61.0', 'webpack-cli': '5.0.0' } },
    ],
    nodes: everyNode,
    outputs: ['dist'],
    serve: { folder: 'dist' },
  },
  {
    host: 'Rollup',
    folder: 'rollup',
    package: 'rollup',
    versions: [{ label: '4' }],
    nodes: everyNode,
    outputs: ['dist'],
    serve: { folder: 'dist' },
  },
  {
    host: 'esbuild',
    folder: 'esbuild',
    package: 'esbuild',
    versions: [
      { label: 'newest' },
      { label: 'oldest', install: { esbuild: '0.18.0' }, nodes: ['20.19'] },
    ],
    nodes: ['20.19', '24'],
    outputs: ['dist'],
    serve: { folder: 'dist' },
  },
  {
    host: 'Rspack',
    folder: 'rspack',
    package: '@rspack/core',
    versions: [
      { label: '2, newest' },
      {
        label: '2, oldest',
        install: {
          '@rspack/core': '2.0.0',
          '@rspack/cli': '2.0.0',
          '@rspack/dev-server': '2.0.0',
        },
        nodes: ['20.19'],
      },
    ],
    nodes: ['20.19', '24'],
    outputs: ['dist'],
    caches: ['node_modules/.cache'],
    serve: { folder: 'dist' },
  },
  {
    host: 'Rsbuild',
    folder: 'rsbuild',
    package: '@rsbuild/core',
    versions: [{ label: '2' }],
    nodes: ['20.19', '24'],
    outputs: ['dist'],
    caches: ['node_modules/.cache'],
    serve: { folder: 'dist' },
  },
  {
    host: 'Rolldown',
    folder: 'rolldown',
    package: 'rolldown',
    versions: [
      { label: '1, newest' },
      { label: '1, oldest', install: { rolldown: '1.0.0' }, nodes: ['20.19'] },
    ],
    nodes: ['20.19', '24'],
    outputs: ['dist'],
    serve: { folder: 'dist' },
  },
  {
    host: 'Next',
    folder: 'next',
    package: 'next',
    versions: [{ label: '16' }, { label: '16, oldest', install: { next: '16.2.0' } }],
    build: ['build', 'build:webpack'],
    outputs: ['.next'],
    serve: { script: 'start' },
  },
  {
    host: 'Nuxt',
    folder: 'nuxt',
    package: 'nuxt',
    versions: [
      { label: '4', nodes: ['24'] },
      { label: '3', install: { nuxt: '3.21.11' } },
    ],
    outputs: ['.output'],
    caches: ['.nuxt', 'node_modules/.cache'],
    serve: { script: 'start' },
    pages: ['/', '/image'],
  },
  {
    host: 'Nuxt, generate',
    folder: 'nuxt',
    package: 'nuxt',
    versions: [{ label: '4', nodes: ['24'] }],
    build: ['generate'],
    outputs: ['.output'],
    caches: ['.nuxt', 'node_modules/.cache', 'dist'],
    serve: { folder: '.output/public' },
  },
  {
    host: 'Astro',
    folder: 'astro',
    package: 'astro',
    versions: [
      { label: '7', nodes: ['24'] },
      { label: '6', install: { astro: '6.4.8' }, nodes: ['22'] },
      { label: '5', install: { astro: '5.18.2' } },
    ],
    outputs: ['dist'],
    caches: ['.astro', 'node_modules/.astro'],
    serve: { folder: 'dist' },
    pages: ['/', '/post', '/markdown'],
  },
  {
    host: 'SvelteKit',
    folder: 'sveltekit',
    package: '@sveltejs/kit',
    versions: [
      { label: '2' },
      {
        label: '3',
        install: {
          '@sveltejs/kit': '3.2.0',
          '@sveltejs/adapter-static': '4.0.1',
          '@sveltejs/enhanced-img': '1.0.0',
        },
        nodes: ['24'],
      },
    ],
    outputs: ['build'],
    caches: ['.svelte-kit', 'node_modules/.cache', 'node_modules/.vite'],
    serve: { folder: 'build' },
  },
  {
    host: 'Storybook',
    folder: 'storybook',
    package: 'storybook',
    versions: [{ label: '10' }],
    outputs: ['storybook-static'],
    caches: ['node_modules/.cache'],
    serve: { folder: 'storybook-static' },
    pages: ['/iframe.html?id=hero--upscaled'],
  },
  {
    host: 'VitePress',
    folder: 'vitepress',
    package: 'vitepress',
    versions: [{ label: '2' }],
    outputs: ['.vitepress/dist'],
    caches: ['.vitepress/cache'],
    serve: { folder: '.vitepress/dist' },
  },
  {
    host: 'Vitest',
    folder: 'vitest',
    package: 'vitest',
    versions: [
      { label: '4' },
      {
        label: '3',
        install: { vitest: '3.2.4', vite: '7.3.8', '@vitejs/plugin-react': '5.2.0' },
      },
      { label: '5', install: { vitest: '5.1.2' }, nodes: ['24'] },
    ],
    test: true,
    outputs: ['dist'],
    serve: { folder: 'dist' },
  },
  {
    host: 'other plugins',
    folder: 'beside',
    package: 'vite-imagetools',
    versions: [
      { label: 'imagetools 9' },
      { label: 'imagetools 12', install: { 'vite-imagetools': '12.0.1' }, nodes: ['24'] },
    ],
    outputs: ['dist'],
    caches: ['node_modules/.cache'],
    serve: { folder: 'dist' },
  },
]
