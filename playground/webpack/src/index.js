import hero from './hero.png?magnific=4x'
import './style.css'

document.body.append(Object.assign(new Image(), { src: hero, alt: 'In a module' }))
