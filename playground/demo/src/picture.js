/**
 * A `<picture>` from what `as=picture` gives, over what `as=lqip` gives.
 * @param {{ sources: Record<string, string>, img: { src: string, w: number, h: number } }} output
 * @param {string} placeholder a data URI
 * @param {string} alt
 * @param {HTMLElement} figures is told what the browser has chosen
 */
export function createPicture({ sources, img }, placeholder, alt, figures) {
  const picture = document.createElement('picture')
  for (const [format, srcset] of Object.entries(sources)) {
    const source = document.createElement('source')
    Object.assign(source, { type: `image/${format}`, srcset, sizes: '100vw' })
    picture.append(source)
  }
  const image = document.createElement('img')
  image.style.background = `center / cover url("${placeholder}")`
  image.addEventListener('load', () => {
    const chosen = Object.entries(sources)
      .flatMap(([format, srcset]) =>
        srcset.split(', ').map((entry) => [format, ...entry.split(' ')]),
      )
      .find(([, url]) => new URL(url, document.baseURI).href === image.currentSrc)
    if (!chosen) return
    const [format, , width] = chosen
    figures.textContent = `${format.toUpperCase()}, ${Number.parseInt(width, 10)} pixels wide`
  })
  Object.assign(image, { alt, width: img.w, height: img.h, src: img.src })
  picture.append(image)
  return picture
}
