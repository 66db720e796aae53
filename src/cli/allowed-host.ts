import { isIP } from 'node:net'
import { isLoopback } from '../core/service.ts'

/**
 * Whether a request names a host that cannot be somebody else's name for this machine: an address, what is called `localhost`, or
 * what is listened on by name.
 *
 * @param header `Host`, as it came
 * @param listened what the server was told to listen on
 */
export function isAllowedHost(header: string | undefined, listened: string): boolean {
  if (header === undefined) return false
  let hostname: string
  try {
    const url = new URL(`http://${header}`)
    // What holds more than a host is none.
    if (url.pathname !== '/' || url.username !== '' || url.search !== '') return false
    hostname = url.hostname
  } catch {
    return false
  }
  const bare = hostname.replace(/^\[|\]$/g, '')
  return (
    isIP(bare) !== 0 ||
    isLoopback(hostname) ||
    hostname.endsWith('.localhost') ||
    hostname === listened.toLowerCase()
  )
}
