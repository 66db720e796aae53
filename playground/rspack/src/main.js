import './style.css'
import hero from './hero.png?magnific=4x'
import { src, srcset } from './hero.png?magnific=4x&w=400;800&format=webp&as=img'

const url = new URL('./hero.png?magnific=4x', import.meta.url)
const worker = new Worker(new URL('./worker.js', import.meta.url))

function show(attributes) {
  document.querySelector('main').append(Object.assign(new Image(), attributes))
}

show({ alt: 'imported', src: hero })
show({ alt: 'new URL()', src: url.href })
show({ alt: 'WebP in two sizes', src, srcset, sizes: '800px' })
worker.addEventListener('message', ({ data }) => show({ alt: 'from a worker', src: data }))
