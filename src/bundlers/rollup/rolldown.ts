import { extname } from 'node:path'
import type { InputOptions, Plugin } from 'rolldown'
import { MagnificError } from '../../core/errors.ts'
import { nameVariant } from '../../core/formats.ts'
import type { Options } from '../../core/options.ts'
import { isSingle } from '../../core/single-request.ts'
import { createRollupPlugin } from './plugin.ts'

type ModuleTypes = NonNullable<InputOptions['moduleTypes']>

/** Types that ship a picture, and have a URL for it. */
const urlTypes: readonly unknown[] = ['asset', 'dataurl', 'copy']
/** Types that ship a picture, and have its bytes. */
const byteTypes: readonly unknown[] = ['base64', 'binary']

/**
 * The plugin for Rolldown: Rollup's, that leaves pictures to the host where its `moduleTypes` say what they are.
 *
 * @throws MagnificError `BAD_OPTIONS` when the build starts
 */
export function createRolldownPlugin(userOptions: Options = {}): Plugin[] {
  let moduleTypes: ModuleTypes = {}
  const plugins = createRollupPlugin(userOptions, {
    takes: (reference, upscaler) => {
      const { file } = reference
      // A variant is what it is called, and nothing is left to be read of its query.
      const request = upscaler.isVariant(file) ? undefined : upscaler.parse(reference)
      // Always inline.
      if (request?.output.kind === 'lqip') return false
      const names = request?.variants.map(({ format }) => nameVariant(file, format)) ?? [file]
      const types = names.map((name) => moduleTypes[extname(name)])
      const isBytes = request === undefined || isSingle(request) || request.output.kind === 'url'
      for (const type of types) {
        const isShipped = urlTypes.includes(type) || (isBytes && byteTypes.includes(type))
        if (type !== undefined && !isShipped) throw typeError(type, byteTypes.includes(type), file)
      }
      return types.every((type) => type !== undefined)
    },
  })
  return [
    {
      name: 'unplugin-magnific:module-types',
      options: {
        order: 'post',
        handler(options) {
          moduleTypes = options.moduleTypes ?? {}
        },
      },
    },
    // Rolldown has Rollup's hooks.
    ...(plugins as unknown as Plugin[]),
  ]
}

function typeError(type: string, isBytes: boolean, file: string): MagnificError {
  return new MagnificError(
    'UNSUPPORTED_REFERENCE',
    isBytes
      ? `\`moduleTypes\` make "${type}" of the image, which has no URL for what \`as\` asks for. Take the extension out of \`moduleTypes\`, or write "asset".`
      : `\`moduleTypes\` make "${type}" of the image, which does not ship it. Take the extension out of \`moduleTypes\`, or write "asset".`,
    { file },
  )
}
