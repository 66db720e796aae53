// Types for imports of upscaled images in Astro, whose images are objects: put "unplugin-magnific/client/astro" into `types` of your
// tsconfig.json in place of "unplugin-magnific/client", or write /// <reference types="unplugin-magnific/client/astro" />.
// What stands there about the order of keys goes for this file too.

declare module '*?magnific' {
  /** What `astro:assets` takes: the upscaled image and its size. */
  const image: import('astro').ImageMetadata
  export default image
}
declare module '*?magnific=2x' {
  /** What `astro:assets` takes: the upscaled image and its size. */
  const image: import('astro').ImageMetadata
  export default image
}
declare module '*?magnific=4x' {
  /** What `astro:assets` takes: the upscaled image and its size. */
  const image: import('astro').ImageMetadata
  export default image
}
declare module '*?magnific=8x' {
  /** What `astro:assets` takes: the upscaled image and its size. */
  const image: import('astro').ImageMetadata
  export default image
}
declare module '*?magnific=16x' {
  /** What `astro:assets` takes: the upscaled image and its size. */
  const image: import('astro').ImageMetadata
  export default image
}
declare module '*&magnific' {
  /** What `astro:assets` takes: the upscaled image and its size. */
  const image: import('astro').ImageMetadata
  export default image
}
declare module '*&magnific=2x' {
  /** What `astro:assets` takes: the upscaled image and its size. */
  const image: import('astro').ImageMetadata
  export default image
}
declare module '*&magnific=4x' {
  /** What `astro:assets` takes: the upscaled image and its size. */
  const image: import('astro').ImageMetadata
  export default image
}
declare module '*&magnific=8x' {
  /** What `astro:assets` takes: the upscaled image and its size. */
  const image: import('astro').ImageMetadata
  export default image
}
declare module '*&magnific=16x' {
  /** What `astro:assets` takes: the upscaled image and its size. */
  const image: import('astro').ImageMetadata
  export default image
}
declare module '*&as=url' {
  /** What `astro:assets` takes: the upscaled image and its size. */
  const image: import('astro').ImageMetadata
  export default image
}
declare module '*&as=srcset' {
  /** URL and width of each picture, as `srcset` has them. */
  const srcset: string
  export default srcset
}
declare module '*&as=picture' {
  /** For `<source>` and `<img>`. */
  const picture: import('./dist/types.js').MagnificPicture
  export const sources: typeof picture.sources
  export const img: typeof picture.img
  export default picture
}
declare module '*&as=img' {
  /** The largest picture, and a `srcset` where there are several. */
  const image: import('./dist/types.js').MagnificImg
  export const src: typeof image.src
  export const w: typeof image.w
  export const h: typeof image.h
  export const srcset: typeof image.srcset
  export default image
}
declare module '*&as=metadata' {
  /** What is known of one picture. Of several it is a list, which the option `dts` knows. */
  const metadata: import('./dist/types.js').MagnificMetadata
  export const src: typeof metadata.src
  export const width: typeof metadata.width
  export const height: typeof metadata.height
  export const format: typeof metadata.format
  export const from: typeof metadata.from
  export default metadata
}
declare module '*&as=lqip' {
  /** A tiny placeholder, as a data URI. */
  const uri: string
  export default uri
}
