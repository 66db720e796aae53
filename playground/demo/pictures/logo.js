import sharp from 'sharp'

const WIDTH = 360
const HEIGHT = 240

/** A mark of six translucent petals over a wordmark, on nothing: the edges and the overlaps have true alpha. */
export function drawLogo() {
  const petals = ['#ff5d73', '#ff9a4a', '#ffc93f', '#35d0a5', '#3a9dff', '#8a5cff'].map(
    (colour, index) => `
      <linearGradient id="petal-${index}" x1="0" y1="1" x2="0" y2="0">
        <stop offset="0" stop-color="${colour}" stop-opacity=".95"/>
        <stop offset="1" stop-color="${colour}" stop-opacity=".62"/>
      </linearGradient>`,
  )
  const leaves = petals.map(
    (_, index) =>
      `<path d="M0 6C-34 -14 -36 -50 0 -72C36 -50 34 -14 0 6Z" fill="url(#petal-${index})" transform="rotate(${index * 60}) skewX(-14)"/>`,
  )
  const veins = petals.map(
    (_, index) =>
      `<path d="M0 -14C-3 -30 -3 -46 0 -60" transform="rotate(${index * 60}) skewX(-14)"/>`,
  )
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}">
    <defs>${petals.join('')}
      <linearGradient id="ink" x1="0" x2="1"><stop offset="0" stop-color="#8a5cff"/><stop offset="1" stop-color="#ff5d73"/></linearGradient>
      <radialGradient id="halo"><stop offset=".35" stop-color="#8a5cff" stop-opacity=".34"/><stop offset="1" stop-color="#8a5cff" stop-opacity="0"/></radialGradient>
    </defs>
    <circle cx="180" cy="90" r="88" fill="url(#halo)"/>
    <g transform="translate(180 90)">${leaves.join('')}
      <g fill="none" stroke="#fff" stroke-opacity=".75" stroke-width="1" stroke-linecap="round">${veins.join('')}</g>
    </g>
    <path d="${wordmark(92, 216)}" fill="none" stroke="url(#ink)" stroke-width="5.4" stroke-linecap="round" stroke-linejoin="round"/>
  </svg>`
  return sharp(Buffer.from(svg)).png({ effort: 10, compressionLevel: 9 }).toBuffer()
}

/** "lumina", from straight strokes and arcs of one radius. */
function wordmark(left, foot) {
  const r = 11
  const top = foot - 2 * r
  let x = left
  const parts = []
  const put = (width, path) => {
    parts.push(path(x))
    x += width + 13
  }
  const arch = (from) => `M${from} ${foot}V${top + r}a${r} ${r} 0 0 1 ${2 * r} 0V${foot}`
  put(0, (at) => `M${at} ${foot}V${foot - 38}`)
  put(2 * r, (at) => `M${at} ${top}V${foot - r}a${r} ${r} 0 0 0 ${2 * r} 0V${top}`)
  put(4 * r, (at) => arch(at) + arch(at + 2 * r))
  put(0, (at) => `M${at} ${foot}V${top}M${at} ${foot - 35}v.01`)
  put(2 * r, arch)
  put(2 * r, (at) => {
    const right = at + 2 * r
    return `M${right} ${foot - r}a${r} ${r} 0 1 1 ${-2 * r} 0a${r} ${r} 0 1 1 ${2 * r} 0M${right} ${top}V${foot}`
  })
  return parts.join('')
}
