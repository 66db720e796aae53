/** What is seen of a picture, in one stage or in several at once. */
export interface View {
  /** Screen pixels for each pixel of the picture: 1 is 100 %. */
  readonly zoom: number
  /** Where the picture lies in a stage, in CSS pixels. */
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
  /** Width by height. */
  readonly shape: number
  /** Whether there is more of the picture than fits. */
  readonly isLarger: boolean
  /** The pixels of the picture that all others are aligned to. */
  setPicture(width: number, height: number): void
  /** The stage's size, CSS pixels. Of several stages, all have the same. */
  setStage(width: number, height: number): void
  fit(): void
  /** @param anchor stays where it is, CSS pixels of the stage; its middle where nothing is said */
  zoomTo(zoom: number, anchor?: Point): void
  zoomBy(factor: number, anchor?: Point): void
  /** CSS pixels */
  panBy(x: number, y: number): void
  onChange(listener: () => void): void
}

/** CSS pixels from a stage's upper left corner. */
export interface Point {
  x: number
  y: number
}

const largestZoom = 32

/** Looks at all of a picture to begin with. */
export function createView(): View {
  const picture = { width: 1, height: 1 }
  const stage = { width: 1, height: 1 }
  /** The picture's point in the middle of the stage, in its own pixels. */
  const middle = { x: 0.5, y: 0.5 }
  let zoom = 1
  let isFitted = true
  const listeners = new Set<() => void>()

  const scale = (): number => zoom / (globalThis.devicePixelRatio || 1)
  const fittingZoom = (): number => {
    const fitting = Math.min(stage.width / picture.width, stage.height / picture.height)
    // An icon is not blown up beyond what can be judged.
    return Math.min(fitting * (globalThis.devicePixelRatio || 1), 8)
  }
  const clamp = (value: number, size: number, room: number): number => {
    const half = room / 2 / scale()
    return half * 2 >= size ? size / 2 : Math.min(Math.max(value, half), size - half)
  }
  const settle = (): void => {
    if (isFitted) zoom = fittingZoom()
    middle.x = clamp(middle.x, picture.width, stage.width)
    middle.y = clamp(middle.y, picture.height, stage.height)
    for (const listener of listeners) listener()
  }
  const zoomTo = (wanted: number, anchor?: Point): void => {
    const { x, y } = anchor ?? { x: stage.width / 2, y: stage.height / 2 }
    const before = scale()
    // All of it fits at less than 100 % as a rule: there is nothing to see beyond that.
    const smallest = Math.min(fittingZoom(), 1)
    zoom = Math.min(Math.max(wanted, smallest), largestZoom)
    isFitted = Math.abs(zoom - fittingZoom()) < 1e-6
    const after = scale()
    middle.x += (x - stage.width / 2) * (1 / before - 1 / after)
    middle.y += (y - stage.height / 2) * (1 / before - 1 / after)
    settle()
  }
  return {
    get zoom() {
      return zoom
    },
    get left() {
      return stage.width / 2 - middle.x * scale()
    },
    get top() {
      return stage.height / 2 - middle.y * scale()
    },
    get width() {
      return picture.width * scale()
    },
    get height() {
      return picture.height * scale()
    },
    get shape() {
      return picture.width / picture.height
    },
    get isLarger() {
      // Less than half a pixel is a matter of rounding.
      return (
        picture.width * scale() > stage.width + 0.5 || picture.height * scale() > stage.height + 0.5
      )
    },
    setPicture: (width, height) => {
      if (picture.width === width && picture.height === height) return
      // The same part of a picture of another size.
      middle.x *= width / picture.width
      middle.y *= height / picture.height
      zoom *= picture.width / width
      Object.assign(picture, { width, height })
      settle()
    },
    setStage: (width, height) => {
      if (width === 0 || height === 0) return
      if (stage.width === width && stage.height === height) return
      Object.assign(stage, { width, height })
      settle()
    },
    fit: () => {
      isFitted = true
      settle()
    },
    zoomTo,
    zoomBy: (factor, anchor) => zoomTo(zoom * factor, anchor),
    panBy: (x, y) => {
      middle.x -= x / scale()
      middle.y -= y / scale()
      settle()
    },
    onChange: (listener) => void listeners.add(listener),
  }
}
