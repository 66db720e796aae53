import hero from './hero.png?magnific=4x'
import { sources, img } from './hero.png?magnific=4x&w=400;800&format=webp;png&as=picture'
import './style.css'

const image = new Image(400)
image.src = hero
image.alt = 'Upscaled when the page was built'

// The browser takes the picture that fits.
const picture = document.createElement('picture')
for (const [format, srcset] of Object.entries(sources)) {
  const source = document.createElement('source')
  Object.assign(source, { type: `image/${format}`, srcset, sizes: '400px' })
  picture.append(source)
}
const fallback = new Image(400)
fallback.src = img.src
fallback.alt = 'The same, in several sizes'
fallback.dataset.width = '400'
picture.append(fallback)

document.body.append(image, picture)
