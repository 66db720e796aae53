import type { ConfigHost } from '../../../src/cli/init/edit-config.ts'

/** A config as somebody wrote it, and as it is with the plugin. */
export interface Shape {
  title: string
  host: ConfigHost
  file: string
  before: string
  after: string
}

const shape = (
  host: ConfigHost,
  file: string,
  title: string,
  before: string,
  after: string,
): Shape => ({ title, host, file, before, after })

const vite: Shape[] = [
  shape(
    'vite',
    'vite.config.js',
    'an object without plugins on one line',
    "export default { base: './' }\n",
    "import magnific from 'unplugin-magnific/vite'\n\nexport default { plugins: [magnific()], base: './' }\n",
  ),
  shape(
    'vite',
    'vite.config.js',
    'an empty object',
    'export default {}\n',
    "import magnific from 'unplugin-magnific/vite'\n\nexport default { plugins: [magnific()] }\n",
  ),
  shape(
    'vite',
    'vite.config.js',
    'an empty object over two lines, with semicolons and tabs',
    'import { defineConfig } from "vite";\n\nexport default defineConfig({\n});\n',
    'import { defineConfig } from "vite";\nimport magnific from "unplugin-magnific/vite";\n\nexport default defineConfig({\n  plugins: [magnific()],\n});\n',
  ),
  shape(
    'vite',
    'vite.config.ts',
    "the config of Vite's own template",
    "import { defineConfig } from 'vite'\nimport other from 'other-plugin'\n\n// https://vite.dev/config/\nexport default defineConfig({\n  plugins: [other()],\n})\n",
    "import { defineConfig } from 'vite'\nimport other from 'other-plugin'\nimport magnific from 'unplugin-magnific/vite'\n\n// https://vite.dev/config/\nexport default defineConfig({\n  plugins: [magnific(), other()],\n})\n",
  ),
  shape(
    'vite',
    'vite.config.mjs',
    'an array over several lines, with comments and a trailing comma',
    "import { defineConfig } from 'vite' // Vite\nimport other from 'other-plugin' // others\n\nexport default defineConfig({\n  base: './', // here\n  plugins: [ // in order\n    // first\n    other(),\n    other(), // last\n  ],\n})\n",
    "import { defineConfig } from 'vite' // Vite\nimport other from 'other-plugin' // others\nimport magnific from 'unplugin-magnific/vite'\n\nexport default defineConfig({\n  base: './', // here\n  plugins: [ // in order\n    magnific(),\n    // first\n    other(),\n    other(), // last\n  ],\n})\n",
  ),
  shape(
    'vite',
    'vite.config.js',
    'an array over several lines without a trailing comma, with tabs',
    "import other from 'other-plugin';\nexport default {\n\tplugins: [\n\t\tother(),\n\t\tother()\n\t]\n};\n",
    "import other from 'other-plugin';\nimport magnific from 'unplugin-magnific/vite';\nexport default {\n\tplugins: [\n\t\tmagnific(),\n\t\tother(),\n\t\tother()\n\t]\n};\n",
  ),
  shape(
    'vite',
    'vite.config.js',
    'an array that begins on the line of its bracket, after a comment',
    "import other from 'other-plugin'\nexport default {\n  plugins: [ /* one */ other(),\n    other() ],\n}\n",
    "import other from 'other-plugin'\nimport magnific from 'unplugin-magnific/vite'\nexport default {\n  plugins: [ magnific(), /* one */ other(),\n    other() ],\n}\n",
  ),
  shape(
    'vite',
    'vite.config.js',
    'an empty array',
    'export default {\n    base: "./",\n    plugins: [],\n}\n',
    'import magnific from "unplugin-magnific/vite"\n\nexport default {\n    base: "./",\n    plugins: [magnific()],\n}\n',
  ),
  shape(
    'vite',
    'vite.config.js',
    'an empty array with a comment over several lines',
    'export default {\n  plugins: [\n    // none yet\n  ],\n}\n',
    "import magnific from 'unplugin-magnific/vite'\n\nexport default {\n  plugins: [\n    magnific(),\n    // none yet\n  ],\n}\n",
  ),
  shape(
    'vite',
    'vite.config.js',
    'an object whose first property is said something of, without plugins',
    "import { defineConfig } from 'vite'\nexport default defineConfig({\n  // Where it is served.\n  base: '/site/',\n})\n",
    "import { defineConfig } from 'vite'\nimport magnific from 'unplugin-magnific/vite'\nexport default defineConfig({\n  plugins: [magnific()],\n  // Where it is served.\n  base: '/site/',\n})\n",
  ),
  shape(
    'vite',
    'vite.config.ts',
    'an arrow that gives an object',
    "import { defineConfig } from 'vite'\n\nexport default defineConfig(({ mode }) => ({\n  base: mode === 'x' ? '/x/' : '/',\n  plugins: [],\n}))\n",
    "import { defineConfig } from 'vite'\nimport magnific from 'unplugin-magnific/vite'\n\nexport default defineConfig(({ mode }) => ({\n  base: mode === 'x' ? '/x/' : '/',\n  plugins: [magnific()],\n}))\n",
  ),
  shape(
    'vite',
    'vite.config.ts',
    'an async arrow with one return, and functions in it that return as well',
    "import { defineConfig } from 'vite'\n\nexport default defineConfig(async () => {\n  const { default: other } = await import('other-plugin')\n  const base = (() => {\n    return '/'\n  })()\n  return {\n    base,\n    plugins: [other()],\n  }\n})\n",
    "import { defineConfig } from 'vite'\nimport magnific from 'unplugin-magnific/vite'\n\nexport default defineConfig(async () => {\n  const { default: other } = await import('other-plugin')\n  const base = (() => {\n    return '/'\n  })()\n  return {\n    base,\n    plugins: [magnific(), other()],\n  }\n})\n",
  ),
  shape(
    'vite',
    'vite.config.js',
    'a function that returns a constant',
    'export default async function config() {\n  const made = { plugins: [] }\n  return made\n}\n',
    "import magnific from 'unplugin-magnific/vite'\n\nexport default async function config() {\n  const made = { plugins: [magnific()] }\n  return made\n}\n",
  ),
  shape(
    'vite',
    'vite.config.js',
    'a constant that is exported, below a JSDoc of its type and @ts-check',
    "// @ts-check\n\n/** @type {import('vite').UserConfig} */\nconst config = {\n  plugins: [],\n}\n\nexport default config\n",
    "// @ts-check\n\nimport magnific from 'unplugin-magnific/vite'\n\n/** @type {import('vite').UserConfig} */\nconst config = {\n  plugins: [magnific()],\n}\n\nexport default config\n",
  ),
  shape(
    'vite',
    'vite.config.js',
    'a constant that is exported by name',
    'const config = { plugins: [] }\nexport { config as default }\n',
    "import magnific from 'unplugin-magnific/vite'\n\nconst config = { plugins: [magnific()] }\nexport { config as default }\n",
  ),
  shape(
    'vite',
    'vite.config.ts',
    'satisfies and as',
    "import type { UserConfig } from 'vite'\n\nconst config = { plugins: [] } as UserConfig\n\nexport default config satisfies UserConfig\n",
    "import type { UserConfig } from 'vite'\nimport magnific from 'unplugin-magnific/vite'\n\nconst config = { plugins: [magnific()] } as UserConfig\n\nexport default config satisfies UserConfig\n",
  ),
  shape(
    'vite',
    'vite.config.ts',
    'what is left out again, and what is spread',
    "import { defineConfig } from 'vite'\nimport other from 'other-plugin'\nconst more = [other()]\nconst shared = { base: './' }\nexport default defineConfig({\n  ...shared,\n  plugins: [...more, process.env.NEVER && other()].filter(Boolean),\n})\n",
    "import { defineConfig } from 'vite'\nimport other from 'other-plugin'\nimport magnific from 'unplugin-magnific/vite'\nconst more = [other()]\nconst shared = { base: './' }\nexport default defineConfig({\n  ...shared,\n  plugins: [magnific(), ...more, process.env.NEVER && other()].filter(Boolean),\n})\n",
  ),
  shape(
    'vite',
    'vite.config.ts',
    'CRLF and a byte order mark',
    "\uFEFFimport { defineConfig } from 'vite';\r\n\r\nexport default defineConfig({\r\n  base: './',\r\n});\r\n",
    "\uFEFFimport { defineConfig } from 'vite';\r\nimport magnific from 'unplugin-magnific/vite';\r\n\r\nexport default defineConfig({\r\n  plugins: [magnific()],\r\n  base: './',\r\n});\r\n",
  ),
  shape(
    'vite',
    'vite.config.js',
    'a file without an end of line, and with umlauts',
    "import other from 'other-plugin' /* für später */; export default { plugins: [other()] }",
    "import other from 'other-plugin' /* für später */;\nimport magnific from 'unplugin-magnific/vite';\n export default { plugins: [magnific(), other()] }",
  ),
  shape(
    'vite',
    'vite.config.js',
    'an import that is there, and is not used yet',
    "import upscale from 'unplugin-magnific/vite'\nexport default { plugins: [] }\n",
    "import upscale from 'unplugin-magnific/vite'\nexport default { plugins: [upscale()] }\n",
  ),
  shape(
    'vite',
    'vite.config.js',
    'a name that is taken',
    "const magnific = './'\nexport default { base: magnific, 'plugins': [] }\n",
    "import magnificPlugin from 'unplugin-magnific/vite'\n\nconst magnific = './'\nexport default { base: magnific, 'plugins': [magnificPlugin()] }\n",
  ),
  shape(
    'vite',
    'vite.config.cjs',
    'CommonJS with defineConfig',
    "const { defineConfig } = require('vite')\n\nmodule.exports = defineConfig({ plugins: [] })\n",
    "const { defineConfig } = require('vite')\nconst { default: magnific } = require('unplugin-magnific/vite')\n\nmodule.exports = defineConfig({ plugins: [magnific()] })\n",
  ),
]

const webpack: Shape[] = [
  shape(
    'webpack',
    'webpack.config.js',
    'CommonJS without plugins',
    "'use strict'\n\nconst path = require('node:path')\n\n/** @type {import('webpack').Configuration} */\nmodule.exports = {\n  mode: 'production',\n  entry: './src/main.js',\n  output: { path: path.resolve(__dirname, 'dist') },\n}\n",
    "'use strict'\n\nconst path = require('node:path')\nconst { default: magnific } = require('unplugin-magnific/webpack')\n\n/** @type {import('webpack').Configuration} */\nmodule.exports = {\n  plugins: [magnific()],\n  mode: 'production',\n  entry: './src/main.js',\n  output: { path: path.resolve(__dirname, 'dist') },\n}\n",
  ),
  shape(
    'webpack',
    'webpack.config.cjs',
    'CommonJS with a function, and nothing that is required',
    "'use strict';\n\nmodule.exports = (env, argv) => ({\n  mode: argv.mode,\n  plugins: [\n  ],\n});\n",
    "'use strict';\n\nconst { default: magnific } = require('unplugin-magnific/webpack');\n\nmodule.exports = (env, argv) => ({\n  mode: argv.mode,\n  plugins: [\n    magnific(),\n  ],\n});\n",
  ),
  shape(
    'webpack',
    'webpack.config.cjs',
    'CommonJS with a constant',
    "const other = require('other-plugin').default\n\nconst config = {\n  plugins: [other()],\n}\n\nmodule.exports = config\n",
    "const other = require('other-plugin').default\nconst { default: magnific } = require('unplugin-magnific/webpack')\n\nconst config = {\n  plugins: [magnific(), other()],\n}\n\nmodule.exports = config\n",
  ),
  shape(
    'webpack',
    'webpack.config.mjs',
    'a module',
    "import path from 'node:path'\n\nexport default {\n  entry: path.resolve('src/main.js'),\n}\n",
    "import path from 'node:path'\nimport magnific from 'unplugin-magnific/webpack'\n\nexport default {\n  plugins: [magnific()],\n  entry: path.resolve('src/main.js'),\n}\n",
  ),
]

const rollup: Shape[] = [
  shape(
    'rollup',
    'rollup.config.mjs',
    'an object with an input',
    "export default {\n  input: 'src/main.js',\n  output: { dir: 'dist' },\n};\n",
    "import magnific from 'unplugin-magnific/rollup';\n\nexport default {\n  plugins: [magnific()],\n  input: 'src/main.js',\n  output: { dir: 'dist' },\n};\n",
  ),
  shape(
    'rollup',
    'rollup.config.mjs',
    'defineConfig',
    "import { defineConfig } from 'rollup'\nimport other from 'other-plugin'\n\nexport default defineConfig({ input: 'src/main.js', plugins: [other()] })\n",
    "import { defineConfig } from 'rollup'\nimport other from 'other-plugin'\nimport magnific from 'unplugin-magnific/rollup'\n\nexport default defineConfig({ input: 'src/main.js', plugins: [magnific(), other()] })\n",
  ),
]

export const shapes: readonly Shape[] = [...vite, ...webpack, ...rollup]

/** Configs that a person has to edit, and why. */
export const refusedShapes: readonly [title: string, file: string, text: string, reason: string][] =
  [
    [
      'an array of configs',
      'webpack.config.js',
      'module.exports = [{ plugins: [] }, {}]\n',
      'exports several configs',
    ],
    [
      'an array of configs behind defineConfig',
      'rollup.config.js',
      "import { defineConfig } from 'rollup'\nexport default defineConfig([{ input: 'a.js' }])\n",
      'exports several configs',
    ],
    [
      'plugins in a variable',
      'vite.config.js',
      "import { plugins } from './plugins.js'\nexport default { plugins }\n",
      'makes its list of plugins somewhere else',
    ],
    [
      'plugins from a call',
      'vite.config.js',
      'export default { plugins: createPlugins() }\n',
      'makes its list of plugins somewhere else',
    ],
    [
      'a spread that may hold plugins',
      'vite.config.js',
      "import base from './base.js'\nexport default { ...base }\n",
      'takes a part of its config from somewhere else',
    ],
    [
      'a spread behind the plugins',
      'vite.config.js',
      "import base from './base.js'\nexport default { plugins: [], ...base }\n",
      'takes a part of its config from somewhere else',
    ],
    [
      'two returns',
      'vite.config.js',
      'export default ({ mode }) => {\n  if (mode) return { plugins: [] }\n  return {}\n}\n',
      'returns its config in more than one place, or in none',
    ],
    [
      'a condition',
      'vite.config.js',
      'export default process.env.A ? {} : { plugins: [] }\n',
      'makes its config in a way that cannot be read',
    ],
    [
      'another call',
      'vite.config.js',
      "import { mergeConfig } from 'vite'\nexport default mergeConfig({}, {})\n",
      'makes its config by a call that cannot be read',
    ],
    [
      'a config from elsewhere',
      'vite.config.js',
      "import config from './config.js'\nexport default config\n",
      'takes "config" from somewhere that cannot be read',
    ],
    [
      'plugins that are set later on',
      'webpack.config.js',
      'const config = { plugins: [] }\nconfig.plugins = []\nmodule.exports = config\n',
      'takes "config" from somewhere that cannot be read',
    ],
    [
      'a name for itself',
      'vite.config.js',
      'const a = b\nconst b = a\nexport default a\n',
      'makes "a" in a way that cannot be read',
    ],
    ['nothing', 'vite.config.js', '', 'exports nothing that can be read'],
    [
      'two exports',
      'webpack.config.js',
      'module.exports = {}\nmodule.exports = { plugins: [] }\n',
      'exports more than one thing',
    ],
    ['a syntax error', 'vite.config.js', 'export default { plugins: [ }\n', 'cannot be parsed'],
  ]
