import { h, on, setAttribute } from '../dom.ts'
import { icon } from '../icons.ts'

/** The line between before and after. */
export interface Split {
  readonly handle: HTMLElement
  /** Percent of the stage's width that shows the picture before. */
  set(percent: number): void
}

/** Makes the line: it is dragged as the stage's gestures have it, or moved with the keys of a slider. */
export function createSplit(stage: HTMLElement): Split {
  let value = 50
  const handle = h(
    'div',
    {
      class: 'split',
      role: 'slider',
      tabindex: 0,
      'aria-label': 'Before and after',
      'aria-orientation': 'horizontal',
      'aria-valuemin': 0,
      'aria-valuemax': 100,
    },
    h('span', { class: 'split-knob' }, icon('split')),
  )
  const set = (percent: number): void => {
    value = Math.min(100, Math.max(0, percent))
    stage.style.setProperty('--split', `${value}%`)
    setAttribute(handle, 'aria-valuenow', Math.round(value))
    setAttribute(
      handle,
      'aria-valuetext',
      `${Math.round(value)} % before, ${Math.round(100 - value)} % after`,
    )
  }
  on(handle, 'dblclick', (event) => {
    event.stopPropagation()
    set(50)
  })
  on(handle, 'keydown', (event) => {
    const step = event.shiftKey ? 10 : 2
    const targets: Record<string, number> = {
      ArrowLeft: value - step,
      ArrowDown: value - step,
      ArrowRight: value + step,
      ArrowUp: value + step,
      PageDown: value - 10,
      PageUp: value + 10,
      Home: 0,
      End: 100,
    }
    const target = targets[event.key]
    if (target === undefined || event.altKey || event.ctrlKey || event.metaKey) return
    event.preventDefault()
    set(target)
  })
  set(value)
  return { handle, set }
}
