import { on } from '../dom.ts'
import type { Point, View } from './view.ts'

/** CSS pixels that an arrow key moves by. */
const stride = 60

/** What lies over a picture and follows a pointer. */
export interface Draggable {
  handle: HTMLElement
  /** CSS pixels of the stage */
  drag(at: Point): void
}

/**
 * Lets a stage be zoomed and panned: wheel, drag, pinch, double click and keys.
 *
 * @param split what is dragged by its handle, and from anywhere where all of the picture is in sight
 * @param isInPage whether a page is scrolled past it by the wheel, as long as all of the picture is in sight
 */
export function addGestures(
  stage: HTMLElement,
  view: View,
  { split, isInPage = false }: { split?: Draggable; isInPage?: boolean },
): void {
  const pointers = new Map<number, Point>()
  let isOnHandle = false
  const place = ({ clientX, clientY }: MouseEvent): Point => {
    const { left, top } = stage.getBoundingClientRect()
    return { x: clientX - left, y: clientY - top }
  }

  const render = (): void => {
    stage.toggleAttribute('data-larger', view.isLarger)
    stage.style.setProperty('--shape', String(view.shape))
  }
  view.onChange(render)
  render()
  on(stage, 'wheel', (event) => {
    if (isInPage && !view.isLarger && !event.ctrlKey) return
    event.preventDefault()
    // Lines and pages, as some mice have it, in pixels; a pinch on a trackpad comes in small steps.
    const unit = [1, 16, 100][event.deltaMode] ?? 1
    const speed = event.ctrlKey ? 0.01 : 0.002
    const steps = Math.max(-200, Math.min(200, event.deltaY * unit))
    view.zoomBy(Math.exp(-steps * speed), place(event))
  })
  on(stage, 'dblclick', (event) => {
    if (view.isLarger) view.fit()
    else view.zoomTo(Math.max(1, view.zoom * 2), place(event))
  })

  on(stage, 'pointerdown', (event) => {
    if (event.button !== 0) return
    stage.setPointerCapture(event.pointerId)
    pointers.set(event.pointerId, place(event))
    stage.classList.add('is-held')
    // A second finger pinches, wherever the first one is.
    if (pointers.size > 1) return
    isOnHandle = split?.handle.contains(event.target as Node) ?? false
    if (!isOnHandle && !view.isLarger) split?.drag(place(event))
  })
  on(stage, 'pointermove', (event) => {
    const before = pointers.get(event.pointerId)
    if (!before) return
    const after = place(event)
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1]
    pointers.set(event.pointerId, after)
    if (other) pinch(view, other, before, after)
    else if (isOnHandle || !view.isLarger) split?.drag(after)
    else view.panBy(after.x - before.x, after.y - before.y)
  })
  const release = (event: PointerEvent): void => {
    pointers.delete(event.pointerId)
    if (pointers.size === 0) stage.classList.remove('is-held')
  }
  on(stage, 'pointerup', release)
  on(stage, 'pointercancel', release)
  on(stage, 'keydown', (event) => {
    if (event.target === stage) pan(view, event)
  })
}

/** Two fingers: what is between them stays there. */
function pinch(view: View, other: Point, before: Point, after: Point): void {
  const distance = (a: Point, b: Point): number => Math.hypot(a.x - b.x, a.y - b.y)
  const from = { x: (other.x + before.x) / 2, y: (other.y + before.y) / 2 }
  const to = { x: (other.x + after.x) / 2, y: (other.y + after.y) / 2 }
  view.panBy(to.x - from.x, to.y - from.y)
  view.zoomBy(distance(other, after) / Math.max(1, distance(other, before)), to)
}

function pan(view: View, event: KeyboardEvent): void {
  const moves: Record<string, [number, number]> = {
    ArrowLeft: [stride, 0],
    ArrowRight: [-stride, 0],
    ArrowUp: [0, stride],
    ArrowDown: [0, -stride],
  }
  const move = moves[event.key]
  if (!move || event.altKey || event.ctrlKey || event.metaKey) return
  event.preventDefault()
  view.panBy(...move)
}

/** `+`, `-`, `0` and `1`, wherever the focus is in a viewer. */
export function addZoomKeys(viewer: HTMLElement, view: View): void {
  on(viewer, 'keydown', (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return
    const actions: Record<string, () => void> = {
      '+': () => view.zoomBy(1.5),
      '=': () => view.zoomBy(1.5),
      '-': () => view.zoomBy(1 / 1.5),
      '0': () => view.fit(),
      '1': () => view.zoomTo(1),
    }
    const action = actions[event.key]
    if (!action) return
    event.preventDefault()
    action()
  })
}
