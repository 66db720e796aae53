// Draws the demo's source pictures: `node playground/demo/pictures/make.js`.
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { drawLandscape } from './landscape.js'
import { drawLineArt } from './line-art.js'
import { drawLogo } from './logo.js'
import { drawPhone } from './phone.js'
import { drawPortrait } from './portrait.js'
import { drawSprite } from './sprite.js'
import { drawSwatch } from './swatch.js'

const pictures = {
  'landscape.jpg': drawLandscape,
  'line-art.png': drawLineArt,
  'logo.png': drawLogo,
  'phone.jpg': drawPhone,
  'portrait.webp': drawPortrait,
  'sprite.png': drawSprite,
  'swatch.png': drawSwatch,
}

// Names on the command line draw just those: `make.js logo.png`.
const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(pictures)
for (const name of names) {
  const bytes = await pictures[name]()
  await writeFile(fileURLToPath(new URL(`../src/images/${name}`, import.meta.url)), bytes)
  console.log(`${name}  ${(bytes.length / 1024).toFixed(1)} KB`)
}
