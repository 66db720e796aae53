import { createRoot } from 'react-dom/client'
import Mountains from '~icons/ph/mountains'
// unplugin-magnific upscales, and makes it smaller
import hero from './hero.png?magnific=4x'
import small from './hero.png?magnific=4x&w=400'
// vite-imagetools makes the original smaller
import photo from './photo.png?w=160'
// Vite ships what there is
import plain from './photo.png'
// vite-plugin-svgr makes a component
import Sun from './sun.svg?react'

createRoot(document.querySelector('#app')).render(
  <>
    <img src={hero} alt="A hill, four times as large" />
    <img src={small} alt="The same, half as large" data-width="400" />
    <img src={photo} alt="Another hill, half as large" data-width="160" />
    <img src={plain} alt="Another hill" data-width="320" />
    <Sun />
    <Mountains />
  </>,
)
