/** Loads pictures when they come into sight, or nearly so: a gallery of 500 asks for what is looked at. */
export interface Thumbnails {
  /** Shows a picture in an image as soon as it is near. */
  show(image: HTMLImageElement, url: string): void
}

/** Watches the window. */
export function createThumbnails(): Thumbnails {
  const urls = new WeakMap<Element, string>()
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        const url = urls.get(target)
        if (!isIntersecting || url === undefined) continue
        observer.unobserve(target)
        ;(target as HTMLImageElement).src = url
      }
    },
    { rootMargin: '250px 0px' },
  )
  return {
    show: (image, url) => {
      if (urls.get(image) === url) return
      const isShown = image.hasAttribute('src')
      urls.set(image, url)
      if (isShown) image.src = url
      else observer.observe(image)
    },
  }
}
