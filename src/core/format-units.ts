/** `3.2 MB`, `512 kB`: decimal units, as Vite prints them. */
export function formatBytes(bytes: number): string {
  // 999.95 kB and more would be rounded to 1000.0 kB.
  return bytes < 999_950 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
}

/** `~€4.20`. Estimates are always shown as such. */
export function formatEstimate(euros: number): string {
  return `~€${euros.toFixed(2)}`
}

/** `1m12s`, `8.4s` from ms. */
export function formatDuration(ms: number): string {
  const seconds = ms / 1000
  if (seconds < 9.95) return `${seconds.toFixed(1)}s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole}s`
  return `${Math.floor(whole / 60)}m${String(whole % 60).padStart(2, '0')}s`
}

/** `640×480` in pixels. */
export function formatSize({ width, height }: { width: number; height: number }): string {
  return `${width}×${height}`
}
