import { button, h, write } from '../dom.ts'
import type { View } from './view.ts'

/** The buttons that zoom. */
export function createToolbar(view: View, ...more: Node[]): HTMLElement {
  const percent = h('output', { class: 'zoom', 'aria-label': 'Zoom' })
  const render = (): void => {
    write(percent, `${Math.round(view.zoom * 100)} %`)
  }
  view.onChange(render)
  render()
  const key = (keys: string): Record<string, string> => ({ 'aria-keyshortcuts': keys })
  return h(
    'div',
    { class: 'toolbar', role: 'group', 'aria-label': 'Zoom' },
    button(
      { class: 'button is-square', 'aria-label': 'Zoom out', title: 'Zoom out (−)', ...key('-') },
      () => view.zoomBy(1 / 1.5),
      '−',
    ),
    percent,
    button(
      { class: 'button is-square', 'aria-label': 'Zoom in', title: 'Zoom in (+)', ...key('+') },
      () => view.zoomBy(1.5),
      '+',
    ),
    button({ class: 'button', title: 'All of it (0)', ...key('0') }, () => view.fit(), 'Fit'),
    button(
      { class: 'button', title: 'Pixel for pixel (1)', ...key('1') },
      () => view.zoomTo(1),
      '100 %',
    ),
    button({ class: 'button', title: 'Four times as large' }, () => view.zoomTo(4), '400 %'),
    ...more,
  )
}
