/** The one endpoint that is bought from, as it stands in the URL. */
export const endpoint = '/v1/ai/image-upscaler'

/**
 * Names who makes the result: `magnific` for the official hosts, `local` for loopback, else the origin. An
 * emulated result is never taken for a real one.
 */
export function serviceOf(baseUrl: string): string {
  const { hostname, origin } = new URL(baseUrl)
  if (hostname === 'api.freepik.com' || hostname === 'api.magnific.com') return 'magnific'
  return isLoopback(hostname) ? 'local' : origin
}

/** Whether a hostname, as `URL` gives it, is this machine. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)
}
