/** `3.2 MB`, `512 kB`: decimal units, as Vite prints them. */
export function formatBytes(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
}

/** `~€4.20`. Estimates are always shown as such. */
export function formatEstimate(euros: number): string {
  return `~€${euros.toFixed(2)}`
}

/** `1m12s`, `8.4s` from ms. */
export function formatDuration(ms: number): string {
  const seconds = ms / 1000
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)}s`
  const whole = Math.round(seconds)
  return `${Math.floor(whole / 60)}m${String(whole % 60).padStart(2, '0')}s`
}

/** `640×480` in pixels. */
export function formatSize({ width, height }: { width: number; height: number }): string {
  return `${width}×${height}`
}
