import { h, on } from '../dom.ts'
import type { View } from './view.ts'

/** A picture in a stage. */
export interface Layer {
  readonly element: HTMLElement
  /** @param onLoad gets the picture's own pixels */
  show(url: string, onLoad?: (width: number, height: number) => void): void
}

/** A picture that lies where a view has it, stretched to the size that all are aligned to. */
export function createLayer(view: View, kind: string, alt: string): Layer {
  const image = h('img', { alt, draggable: 'false', decoding: 'async' })
  const problem = h('p', { class: 'layer-problem', hidden: true }, 'This picture cannot be loaded.')
  const element = h('div', { class: 'layer', 'data-kind': kind }, image, problem)
  let loaded: ((width: number, height: number) => void) | undefined
  on(image, 'load', () => {
    problem.hidden = true
    element.toggleAttribute('data-loaded', true)
    loaded?.(image.naturalWidth, image.naturalHeight)
    place()
  })
  on(image, 'error', () => {
    problem.hidden = false
  })
  const place = (): void => {
    const { style } = image
    style.setProperty('--left', `${view.left}px`)
    style.setProperty('--top', `${view.top}px`)
    style.setProperty('--width', `${view.width}px`)
    style.setProperty('--height', `${view.height}px`)
    element.toggleAttribute('data-pixels', view.zoom > 2)
    // A crop keeps its shape; what differs by rounding is aligned at every edge.
    const shape = image.naturalWidth / image.naturalHeight / (view.width / view.height)
    element.toggleAttribute('data-other-shape', Math.abs(shape - 1) > 0.03)
  }
  view.onChange(place)
  place()
  return {
    element,
    show: (url, onLoad) => {
      loaded = onLoad
      if (image.getAttribute('src') !== url) image.src = url
      else if (image.complete && image.naturalWidth > 0) {
        onLoad?.(image.naturalWidth, image.naturalHeight)
      }
    },
  }
}
