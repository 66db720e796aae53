// Capitals as strokes on a grid 4 wide and 6 high, so that no picture depends on an installed font.
// Each string is a stroke of column-row pairs: '06 20 46' goes from the lower left over the top to the lower right.
const GLYPHS = {
  A: ['06 20 46', '14 34'],
  B: ['00 06 36 45 44 33 03', '00 30 41 42 33'],
  C: ['41 30 10 01 05 16 36 45'],
  D: ['00 06 26 44 42 20 00'],
  E: ['40 00 06 46', '03 33'],
  F: ['40 00 06', '03 33'],
  G: ['41 30 10 01 05 16 36 45 43 23'],
  H: ['00 06', '40 46', '03 43'],
  I: ['20 26'],
  J: ['40 45 36 16 05'],
  K: ['00 06', '40 03 46'],
  L: ['00 06 46'],
  M: ['06 00 23 40 46'],
  N: ['06 00 46 40'],
  O: ['10 30 41 45 36 16 05 01 10'],
  P: ['06 00 30 41 42 33 03'],
  Q: ['10 30 41 45 36 16 05 01 10', '24 46'],
  R: ['06 00 30 41 42 33 03', '23 46'],
  S: ['41 30 10 01 02 13 33 44 45 36 16 05'],
  T: ['00 40', '20 26'],
  U: ['00 05 16 36 45 40'],
  V: ['00 26 40'],
  W: ['00 16 23 36 40'],
  X: ['00 46', '40 06'],
  Y: ['00 23 40', '23 26'],
  Z: ['00 40 06 46'],
  0: ['10 30 41 45 36 16 05 01 10', '05 41'],
  1: ['11 20 26', '16 36'],
  2: ['01 10 30 41 42 06 46'],
  3: ['01 10 30 41 42 33 44 45 36 16 05', '13 33'],
  4: ['36 30 04 44'],
  5: ['40 00 02 32 43 45 36 06'],
  6: ['30 10 01 05 16 36 45 44 33 13 04'],
  7: ['00 40 16'],
  8: ['13 02 01 10 30 41 42 33 13 04 05 16 36 45 44 33'],
  9: ['16 36 45 41 30 10 01 02 13 33 42'],
  '.': ['26 26'],
  ',': ['25 17'],
  ':': ['22 22', '25 25'],
  '/': ['06 40'],
  '-': ['13 33'],
  '=': ['02 42', '04 44'],
  '+': ['03 43', '21 25'],
  '°': ['10 20 21 11 10'],
}

/**
 * SVG path data of a line of text.
 * @param {string} text capitals, digits and a little punctuation
 * @param {{ x: number, y: number, size: number, anchor?: 'start' | 'middle' | 'end' }} place
 *   `size`: height of a capital; `y`: its foot
 */
export function strokeText(text, { x, y, size, anchor = 'start' }) {
  const unit = size / 6
  const advance = unit * 6
  const width = text.length * advance - unit * 2
  const left = x - { start: 0, middle: width / 2, end: width }[anchor]
  const strokes = []
  for (const [index, character] of Array.from(text).entries()) {
    for (const stroke of character === ' ' ? [] : GLYPHS[character]) {
      const points = stroke.split(' ').map(([column, row]) => {
        const px = left + index * advance + column * unit
        return `${px.toFixed(2)} ${(y - size + row * unit).toFixed(2)}`
      })
      strokes.push(`M${points.join('L')}`)
    }
  }
  return strokes.join('')
}
