import { h } from './dom.ts'

const region = h('div', { class: 'offscreen', role: 'status', 'aria-live': 'polite' })

/** Puts the place for announcements into the page; what is put there is read out. */
export function mountAnnouncements(parent: Element): void {
  parent.append(region)
}

/** Has a screen reader say something that others see elsewhere. */
export function announce(text: string): void {
  // The same text again would not be a change.
  region.textContent = region.textContent === text ? `${text}\u00A0` : text
}
