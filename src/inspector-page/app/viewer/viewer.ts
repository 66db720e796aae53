import { h, write } from '../dom.ts'
import { addGestures, addZoomKeys } from './gestures.ts'
import { createLayer } from './layer.ts'
import { createSplit } from './split.ts'
import { createToolbar } from './toolbar.ts'
import { createView } from './view.ts'

/** The pictures to compare. */
export interface Shown {
  before: string
  after: string | undefined
  /** What the picture after is, for people. */
  afterIs: string
  /** Pixels that both are aligned to; the picture's own where they are not known. */
  size: { width: number; height: number } | undefined
}

/** Before and after, one over the other. */
export interface Viewer {
  readonly element: HTMLElement
  /** Whether the picture after cannot be shown. */
  readonly isBroken: boolean
  show(shown: Shown): void
}

/**
 * @param name of the image, for people
 * @param explain says why a picture cannot be shown
 * @param onTold called when it is known whether the picture after can be
 */
export function createViewer(
  name: string,
  signal: AbortSignal,
  explain: (url: string) => Promise<string>,
  onTold: () => void,
): Viewer {
  const view = createView()
  const before = createLayer(view, 'before', `${name} before`, explain)
  const after = createLayer(view, 'after', `${name} after`, explain, onTold)
  const beforeLabel = h('span', { class: 'stage-label is-before' }, 'Before')
  const afterLabel = h('span', { class: 'stage-label is-after' })
  const stage = h('div', {
    class: 'stage',
    tabindex: 0,
    role: 'group',
    'aria-label': 'Picture. Arrow keys move it, plus and minus zoom.',
  })
  const split = createSplit(stage)
  stage.append(after.element, before.element, beforeLabel, afterLabel, split.handle)
  const element = h('div', { class: 'viewer' }, stage, createToolbar(view))
  let hasAfter = false
  addGestures(stage, view, {
    split: {
      handle: split.handle,
      drag: ({ x }) => {
        if (hasAfter) split.set((x / stage.clientWidth) * 100)
      },
    },
  })
  addZoomKeys(element, view)
  watchSize(stage, signal, (width, height) => view.setStage(width, height))
  return {
    element,
    get isBroken() {
      return hasAfter && after.isBroken
    },
    show: (shown) => {
      hasAfter = shown.after !== undefined
      stage.toggleAttribute('data-single', !hasAfter)
      split.handle.hidden = !hasAfter
      if (shown.size) view.setPicture(shown.size.width, shown.size.height)
      const take = shown.size ? undefined : (w: number, h2: number): void => view.setPicture(w, h2)
      before.show(shown.before, hasAfter ? undefined : take)
      if (shown.after !== undefined) after.show(shown.after, take)
      write(afterLabel, shown.afterIs)
    },
  }
}

/** Tells an element's size at first and whenever it changes, until the signal is aborted. */
export function watchSize(
  element: HTMLElement,
  signal: AbortSignal,
  onSize: (width: number, height: number) => void,
): void {
  const observer = new ResizeObserver(() => onSize(element.clientWidth, element.clientHeight))
  observer.observe(element)
  signal.addEventListener('abort', () => observer.disconnect())
}
