import type { InspectedImage } from '../../inspector/contract.ts'

/** The URL of a picture that changes with its image: with its state in it, no browser shows the one from before. */
export function versioned(url: string, image: InspectedImage): string {
  if (/^(?:data|blob):/i.test(url)) return url
  const version = `${image.fingerprint.slice(0, 12)}-${image.state}-${image.result?.completedAt ?? ''}`
  return `${url}${url.includes('?') ? '&' : '?'}v=${encodeURIComponent(version)}`
}
