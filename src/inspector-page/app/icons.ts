/** Shapes of 16×16, drawn with lines of one width. */
const shapes = {
  back: 'M10 3 5 8l5 5',
  next: 'M6 3l5 5-5 5',
  check: 'M3 8.5 6.5 12 13 4.5',
  cross: 'M4 4l8 8M12 4l-8 8',
  clock: 'M8 4.5V8l2.5 1.5M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8Z',
  circle: 'M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11Z',
  question: 'M5.8 6a2.2 2.2 0 1 1 3.2 2c-.7.4-1 .8-1 1.6M8 12v.1',
  warning: 'M8 2 1.8 13h12.4L8 2ZM8 6.5v3M8 11.2v.1',
  copy: 'M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8Z',
  search: 'M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9ZM10.3 10.3l3.2 3.2',
  edit: 'M3 13l.6-2.8L10.8 3l2.2 2.2-7.2 7.2L3 13Z',
  up: 'M8 13V3M4 7l4-4 4 4',
  down: 'M8 3v10M4 9l4 4 4-4',
  columns: 'M2.5 3h4.5v10H2.5ZM9 3h4.5v10H9Z',
  mark: 'M3.5 12.5v-9h4M12.5 3.5v9h-4',
  split: 'M6 4.5 2.5 8 6 11.5M10 4.5 13.5 8 10 11.5',
} as const

/** The name of an icon. */
export type IconName = keyof typeof shapes

const svg = 'http://www.w3.org/2000/svg'

/** An icon beside a text: it says nothing that the text does not. */
export function icon(name: IconName): SVGSVGElement {
  const element = document.createElementNS(svg, 'svg')
  for (const [key, value] of [
    ['viewBox', '0 0 16 16'],
    ['class', 'icon'],
    ['aria-hidden', 'true'],
  ] as const) {
    element.setAttribute(key, value)
  }
  const path = document.createElementNS(svg, 'path')
  path.setAttribute('d', shapes[name])
  element.append(path)
  return element
}
