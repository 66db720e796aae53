import { h } from './dom.ts'

/** Prices are estimates wherever they are shown: `~€0.20`. */
export function showEstimate(euros: number): string {
  return euros === 0 ? '€0.00' : `~€${euros.toFixed(2)}`
}

/** `1.4 MB`, as file managers count. */
export function showBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  const units = ['kB', 'MB', 'GB']
  let value = bytes / 1000
  let unit = 0
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${value < 9.95 ? value.toFixed(1) : value.toFixed(0)} ${units[unit]}`
}

/** `1200 × 800` */
export function showSize({ width, height }: { width: number; height: number }): string {
  return `${width} × ${height}`
}

/** `41 s`, `2 min 5 s` */
export function showSeconds(seconds: number): string {
  const whole = Math.round(seconds)
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`
}

/** A point in time, as the reader writes it. */
export function showTime(iso: string): string {
  const time = new Date(iso)
  return Number.isNaN(time.getTime())
    ? iso
    : time.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' })
}

/**
 * A text that is not ours, as it can be shown: what has no shape, or would turn the text around it, is written as its code
 * point. No file can look as if it had another name.
 */
export function showText(text: string): string {
  return text.replaceAll(
    // eslint-disable-next-line no-control-regex
    /[\u0000-\u001F\u007F-\u009F\u061C\u200B-\u200F\u2028-\u202E\u2060-\u2069\uFEFF]/g,
    (character) => {
      const code = character.codePointAt(0) ?? 0
      return `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`
    },
  )
}

/** The same as an element of its own, so that what runs from right to left leaves its neighbours alone. */
export function foreign(text: string): HTMLElement {
  return h('bdi', {}, showText(text))
}

/** A path in two parts: what is looked for is its end. */
export function filePath(path: string): HTMLElement {
  const slash = path.lastIndexOf('/') + 1
  return h(
    'span',
    { class: 'path', title: showText(path) },
    slash > 0 && h('bdi', { class: 'path-folder' }, showText(path.slice(0, slash))),
    h('bdi', { class: 'path-name' }, showText(path.slice(slash))),
  )
}

/** `1 image`, `2 images` */
export function count(number: number, one: string, many: string = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`
}
