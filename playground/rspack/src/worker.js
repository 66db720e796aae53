import hero from './hero.png?magnific=4x&format=webp'

postMessage(hero)
