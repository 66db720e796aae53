import { h, on, write } from '../dom.ts'
import { showText } from '../format.ts'
import type { View } from './view.ts'

/** A picture in a stage. */
export interface Layer {
  readonly element: HTMLElement
  /** Whether its picture cannot be shown. */
  readonly isBroken: boolean
  /** @param onLoad gets the picture's own pixels */
  show(url: string, onLoad?: (width: number, height: number) => void): void
}

/**
 * A picture that lies where a view has it, stretched to the size that all are aligned to.
 *
 * @param explain says why a picture cannot be shown
 * @param onTold called when it is known whether it can be
 */
export function createLayer(
  view: View,
  kind: string,
  alt: string,
  explain: (url: string) => Promise<string>,
  onTold: () => void = () => {},
): Layer {
  const image = h('img', { alt, draggable: 'false', decoding: 'async' })
  const problem = h('p', { class: 'layer-problem', hidden: true })
  const element = h('div', { class: 'layer', 'data-kind': kind }, image, problem)
  let loaded: ((width: number, height: number) => void) | undefined
  const tell = (text: string): void => {
    problem.hidden = text === ''
    write(problem, text)
    element.toggleAttribute('data-problem', text !== '')
    element.toggleAttribute('data-loaded', text === '')
    onTold()
  }
  const fail = async (): Promise<void> => {
    const url = image.getAttribute('src') ?? ''
    tell('This picture cannot be shown.')
    const why = await explain(url)
    if (image.getAttribute('src') === url) tell(`This picture cannot be shown. ${showText(why)}`)
  }
  on(image, 'load', () => {
    tell('')
    loaded?.(image.naturalWidth, image.naturalHeight)
    place()
  })
  on(image, 'error', () => void fail())
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
    get isBroken() {
      return !problem.hidden
    },
    show: (url, onLoad) => {
      loaded = onLoad
      if (image.getAttribute('src') !== url) image.src = url
      else if (image.complete && image.naturalWidth > 0) {
        onLoad?.(image.naturalWidth, image.naturalHeight)
      }
    },
  }
}
