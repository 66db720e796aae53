import sharp from 'sharp'

const PIXEL = 8

const PALETTE = {
  // the night
  1: '#171334',
  2: '#221b4a',
  3: '#332561',
  4: '#4c3078',
  5: '#6e3d86',
  '*': '#fff3d6',
  '+': '#a98fd0',
  m: '#ffe7a8',
  n: '#f4c97c',
  // the owl
  k: '#120d22',
  h: '#4a39a8',
  H: '#7258dd',
  d: '#30257a',
  y: '#ffcb4f',
  Y: '#fff0a3',
  b: '#8d5a3b',
  B: '#ba7f50',
  D: '#5f3c30',
  c: '#f6dfb2',
  C: '#d9b27c',
  w: '#ffffff',
  p: '#3be0c4',
  o: '#ffa23e',
  O: '#d8681d',
  // the branch
  t: '#7a5236',
  T: '#4d3328',
  g: '#62b653',
  G: '#37793f',
}

const NIGHT = [
  '11111111111111111111111111111111',
  '11111111111111111111111111111111',
  '1111*111111111111111111111111111',
  '1111111111111111111111111mmmm111',
  '121212121212121212121212mmmmmm21',
  '22222222222222222222222mmnmmmmm2',
  '2+222222222222222222222mmmmmnnm2',
  '22222222222222222222222mmmmmnmm2',
  '22222222222222222222222mnmmmmmm2',
  '22*222222222222222222222mmmmmm22',
  '2323232323232323232323232mmmm323',
  '33333333333333333333333333333333',
  '33333333333333333333333333333333',
  '3*333333333333333333333333333333',
  '333333333333333333333333333333+3',
  '33333333333333333333333333333333',
  '34343434343434343434343434343434',
  '44444444444444444444444444444444',
  '4+444444444444444444444444444444',
  '444444444444444444444444444*4444',
  '44444444444444444444444444444444',
  '45454545454545454545454545454545',
  '55555555555555555555555555555555',
  '555555555555555555555555555+5555',
  '5*555555555555555555555555555555',
  '55555555555555555555555555555555',
  '55555555555555555555555555555555',
  'ttttt55555555555555555555Gttgttt',
  'tTttttttttttttttttttttttggttGgtt',
  'TTTtTTTttttttTTTTTTtttttTGGTTGGT',
  '5555TTTTTTTTTTTTTTTTTTTTTG5555G5',
  '55555555555555555555555555555555',
]

const OWL = [
  '...........kkkk.......',
  '.........kkHHhhk......',
  '........kHHhhkkdk.....',
  '........kHhhk..kk.....',
  '.......kHHhhdk........',
  '.......kHYhhdk........',
  '......kHHhhhddk.......',
  '......kyyyyyyok.......',
  '....kkkYYyyyyookk.....',
  '..kkHHHHHhhhhhdddkk...',
  '.kHHHHHHhhhhhhhddddk..',
  '.kkkkkkkkkkkkkkkkkkk..',
  '..kBBccccBBBccccbbk...',
  '..kBcwwwwcBcwwwwcbk...',
  '..kBcwkkkcBcwkkkCbk...',
  '..kBcwkwkcocwkwkCbk...',
  '..kBcwkkpooowkkpCbk...',
  '..kBBcccCoOOCccCbDk...',
  '.kBBBBBBBCOCbbbbbbDk..',
  '.kBBkBcccccccccCkbDk..',
  '.kBBkcccCcccCccCkbDk..',
  '.kBbkccCcCcCcCcCkbDk..',
  '.kBbbkcccccccccCkDDk..',
  '.kkbbkccCcccCccCkDkk..',
  '..kkbkkccCcCccCkkkk...',
  '....kkkkCCCCCCkkk.....',
  '......koOkkkkoOk......',
  '.....koOoOkkoOoOk.....',
]
const OWL_AT = { column: 3, row: 0 }

/** An owl under a hat, 32 × 32 pixels, each of them a square of 8. */
export function drawSprite() {
  const size = NIGHT.length
  const pixels = Buffer.alloc(size * size * 3)
  for (const [row, line] of NIGHT.entries()) {
    for (const [column, night] of Array.from(line).entries()) {
      const owl = OWL[row - OWL_AT.row]?.[column - OWL_AT.column] ?? '.'
      const colour = PALETTE[owl === '.' ? night : owl]
      pixels.writeUIntBE(parseInt(colour.slice(1), 16), (row * size + column) * 3, 3)
    }
  }
  return sharp(pixels, { raw: { width: size, height: size, channels: 3 } })
    .resize(size * PIXEL, size * PIXEL, { kernel: 'nearest' })
    .png({ palette: true, effort: 10 })
    .toBuffer()
}
