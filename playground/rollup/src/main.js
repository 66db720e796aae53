import hero from './hero.png?magnific=4x'

document.body.append(Object.assign(new Image(), { src: hero, alt: 'In a module' }))
