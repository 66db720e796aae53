import { applyMagnific } from './bundlers/next/config.ts'
import type { Options } from './core/options.ts'

/**
 * unplugin-magnific for Next, with Turbopack and with webpack. Takes the config as an object or as a function, and gives back
 * the same, so that it goes in and around other `with…` functions.
 *
 * @example
 * // next.config.mjs
 * import withMagnific from 'unplugin-magnific/next'
 *
 * export default withMagnific({ reactStrictMode: true })
 *
 * @throws MagnificError `BAD_OPTIONS` when Next reads the config
 */
export function withMagnific<Config extends object>(
  nextConfig: Config = {} as Config,
  options: Options = {},
): Config {
  if (!isFunction(nextConfig)) return applyMagnific(nextConfig, options)
  const wrapped = (...args: unknown[]): unknown => {
    const given = nextConfig(...args)
    return given instanceof Promise
      ? given.then((config: object) => applyMagnific(config, options))
      : applyMagnific(given as object, options)
  }
  return wrapped as unknown as Config
}

function isFunction(value: unknown): value is (...args: unknown[]) => unknown {
  return typeof value === 'function'
}

export default withMagnific
export type { Options }
