import landscapeBefore from './images/landscape.jpg'
import landscape from './images/landscape.jpg?magnific=4x&optimized_for=nature_n_landscapes&creativity=3&hdr=2'
import lineArtBefore from './images/line-art.png'
import lineArt from './images/line-art.png?magnific=4x&engine=magnific_sharpy&creativity=-6&resemblance=8'
import landscapePlaceholder from './images/landscape.jpg?magnific=4x&optimized_for=nature_n_landscapes&creativity=3&hdr=2&as=lqip'
import landscapeSizes from './images/landscape.jpg?magnific=4x&optimized_for=nature_n_landscapes&creativity=3&hdr=2&w=480;960;1920&format=avif;webp&as=picture'
import logoBefore from './images/logo.png'
import logo from './images/logo.png?magnific=logo'
import phoneBefore from './images/phone.jpg'
import phone from './images/phone.jpg?magnific=4x&optimized_for=films_n_photography&resemblance=4'
import portraitBefore from './images/portrait.webp'
import portrait from './images/portrait.webp?magnific=4x&optimized_for=films_n_photography&prompt=a%20vase%20by%20a%20window'
import spriteBefore from './images/sprite.png'
import sprite from './images/sprite.png?magnific=8x&optimized_for=videogame_assets&fractality=-2'
import swatchBefore from './images/swatch.png'
import swatch from './images/swatch.png?magnific=4x&resemblance=10'
import { createPicture } from './picture.js'
import { createSlider } from './slider.js'

// `name`, `file` and `query` are what the import above says; `ratio` keeps the place until the picture is there;
// `focus` is where zooming in is worth it.
const pictures = [
  {
    place: 'wide',
    title: 'Landscape',
    description: 'Five ridges, a lake and the haze between them.',
    name: 'landscape',
    file: 'landscape.jpg',
    query: 'magnific=4x&optimized_for=nature_n_landscapes&creativity=3&hdr=2',
    before: landscapeBefore,
    after: landscape,
    ratio: '16 / 9',
    focus: '58% 66%',
  },
  {
    place: 'left',
    title: 'Still life',
    description: 'Soft light, film grain, and lamps out of focus.',
    name: 'portrait',
    file: 'portrait.webp',
    query: 'magnific=4x&optimized_for=films_n_photography&prompt=a%20vase%20by%20a%20window',
    before: portraitBefore,
    after: portrait,
    ratio: '4 / 5',
    focus: '36% 12%',
  },
  {
    place: 'left',
    title: 'Logo',
    description:
      'Transparent, by a preset from the plugin’s options. The edges come from the original, and have no fringes on any pattern.',
    name: 'logo',
    file: 'logo.png',
    query: 'magnific=logo',
    before: logoBefore,
    after: logo,
    ratio: '3 / 2',
    focus: '50% 42%',
    transparent: true,
  },
  {
    place: 'right',
    title: 'Line art',
    description: 'Hairlines, and capitals six pixels high, to be kept as they are.',
    name: 'lineArt',
    file: 'line-art.png',
    query: 'magnific=4x&engine=magnific_sharpy&creativity=-6&resemblance=8',
    before: lineArtBefore,
    after: lineArt,
    ratio: '12 / 11',
    focus: '36% 33%',
  },
  {
    place: 'left',
    title: 'Pixel art',
    description: 'A grid of 32 × 32 squares, whose corners must stay corners.',
    name: 'sprite',
    file: 'sprite.png',
    query: 'magnific=8x&optimized_for=videogame_assets&fractality=-2',
    before: spriteBefore,
    after: sprite,
    ratio: '1',
    focus: '38% 46%',
  },
  {
    place: 'right',
    title: 'Swatch',
    description:
      'Colours of Display P3, converted to sRGB before they are sent: both halves look alike, but on a screen that shows more.',
    name: 'swatch',
    file: 'swatch.png',
    query: 'magnific=4x&resemblance=10',
    before: swatchBefore,
    after: swatch,
    ratio: '2 / 1',
    focus: '37% 37%',
  },
  {
    place: 'right',
    title: 'Phone photo',
    description:
      'Stored on its side, with the place where it was taken. Sent and shipped upright, and the place stays at home.',
    name: 'phone',
    file: 'phone.jpg',
    query: 'magnific=4x&optimized_for=films_n_photography&resemblance=4',
    before: phoneBefore,
    after: phone,
    ratio: '3 / 4',
    focus: '56% 22%',
  },
]

const template = document.querySelector('#card')
for (const picture of pictures) renderCard(picture)
renderSizes()

const { host } = document.documentElement.dataset
if (host) document.querySelector('#host').textContent = host

function renderCard({
  place,
  title,
  description,
  before,
  after,
  ratio,
  focus,
  transparent,
  ...line
}) {
  const card = document.importNode(template.content, true).querySelector('.card')
  const comparison = card.querySelector('.comparison')
  comparison.classList.toggle('transparent', transparent === true)
  comparison.style.setProperty('--ratio', ratio)
  comparison.style.setProperty('--focus', focus)
  comparison.querySelector('input').setAttribute('aria-label', `${title}: original or upscaled`)

  const [original, upscaled] = comparison.querySelectorAll('img')
  original.src = before
  original.alt = `${title}, original`
  upscaled.src = after
  upscaled.alt = `${title}, upscaled`

  card.querySelector('h2').textContent = title
  card.querySelector('.description').textContent = description
  card.querySelector('pre code').append(...renderImport(line))

  createSlider(comparison)
  createZoom(card.querySelector('.zoom'), comparison, title)
  document.querySelector(`#${place}`).append(card)
  void renderFigures(card.querySelector('.figures'), original, upscaled)
}

/** One picture in six files: the browser takes the best format that it knows, as large as it needs it. */
function renderSizes() {
  const card = document.importNode(document.querySelector('#sizes').content, true)
  const slot = card.querySelector('.responsive')
  const figures = card.querySelector('.figures')
  slot.append(createPicture(landscapeSizes, landscapePlaceholder, 'Landscape, responsive', figures))
  card.querySelector('pre code').append(
    ...renderImport({
      name: 'landscape',
      file: 'landscape.jpg',
      query: 'magnific=4x&w=480;960;1920&format=avif;webp&as=picture',
    }),
  )
  document.querySelector('#responsive').append(card)
}

/** The import line, with the query set apart. */
function renderImport({ name, file, query }) {
  const [scale, ...others] = query.split('&')
  const first = element('span', 'pair')
  first.append(element('b', '', `?${scale}`))
  const pairs = element('span', 'query')
  pairs.append(first, ...others.map((pair) => element('span', 'pair', `&${pair}`)))
  // The closing quote belongs to the last pair, or it could end up alone on a line.
  pairs.lastChild.append(element('span', 'plain', "'"))
  return [
    element('span', 'keyword', 'import'),
    ` ${name} `,
    element('span', 'keyword', 'from'),
    ' ',
    element('span', 'pair', `'./images/${file}`),
    pairs,
  ]
}

/** Sizes as the browser has them, once both pictures are there. */
async function renderFigures(figures, original, upscaled) {
  try {
    await Promise.all([original.decode(), upscaled.decode()])
  } catch {
    figures.textContent = 'did not load'
    return
  }
  const arrow = element('span', 'arrow', '→')
  const after = element('strong', '', size(upscaled))
  figures.replaceChildren(`${size(original)} `, arrow, ' ', after)
}

function createZoom(button, comparison, title) {
  button.setAttribute('aria-label', `${title}: zoom in`)
  button.addEventListener('click', () => {
    const zoomed = comparison.classList.toggle('zoomed')
    button.setAttribute('aria-pressed', String(zoomed))
  })
}

function size({ naturalWidth, naturalHeight }) {
  return `${naturalWidth} × ${naturalHeight}`
}

function element(tag, className, text = '') {
  const created = document.createElement(tag)
  if (className) created.className = className
  created.textContent = text
  return created
}
