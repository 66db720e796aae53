import { Hero } from './hero.jsx'

export default { component: Hero }

export const Upscaled = {}
