import hero from './hero.png?magnific=4x'
import inlined from './hero.png?magnific=4x&w=100&inline'
import { src, srcset } from './hero.png?magnific=4x&w=400;800&format=webp&as=img'

const url = new URL('./hero.png?magnific=4x', import.meta.url)

function show({ width, ...attributes }) {
  const image = Object.assign(new Image(), attributes)
  if (width) image.dataset.width = width
  document.body.append(image)
}

show({ alt: 'imported', src: hero })
show({ alt: 'new URL()', src: url.href })
show({ alt: 'WebP in two sizes', src, srcset, sizes: '800px' })
show({ alt: 'inlined', src: inlined, width: 100 })
