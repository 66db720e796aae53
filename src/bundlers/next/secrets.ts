import type { Options } from '../../core/options.ts'

// Options of Turbopack's loaders are part of its cache on the disk. What is secret goes by the environment, which is not.

const variables = {
  apiKey: 'UNPLUGIN_MAGNIFIC_NEXT_KEY',
  secret: 'UNPLUGIN_MAGNIFIC_NEXT_SECRET',
} as const

/** Options as JSON has them, without secrets. */
export type PublicOptions = Omit<Options, 'apiKey'>

/**
 * Hands secrets on to the processes that Next starts from here: those of the shared cache as the environment is asked for them
 * anyway.
 */
export function passSecrets({ apiKey, webhook, cache }: Options): void {
  const { remote, signing } = cache ?? {}
  if (typeof remote === 'string') process.env['MAGNIFIC_CACHE_REMOTE'] ||= remote
  if (signing?.publicKey !== undefined) process.env['MAGNIFIC_PUBLIC_KEY'] = signing.publicKey
  if (signing?.privateKey !== undefined) process.env['MAGNIFIC_PRIVATE_KEY'] = signing.privateKey
  if (apiKey !== undefined) process.env[variables.apiKey] = apiKey
  if (webhook?.secret !== undefined) process.env[variables.secret] = webhook.secret
}

/** The options that may be written down. */
export function dropSecrets({ apiKey: _key, webhook, ...options }: Options): PublicOptions {
  if (!webhook) return options
  const { secret: _secret, ...rest } = webhook
  return { ...options, webhook: rest }
}

/** The options as the user gave them, in a process that Next started. */
export function restoreSecrets(
  options: PublicOptions,
  env: Readonly<Record<string, string | undefined>>,
): Options {
  const { [variables.apiKey]: apiKey, [variables.secret]: secret } = env
  return {
    ...options,
    ...(apiKey !== undefined && { apiKey }),
    ...(options.webhook && secret !== undefined && { webhook: { ...options.webhook, secret } }),
  }
}
