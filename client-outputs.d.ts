// What `as` makes of images, whatever an import gives without it: a part of unplugin-magnific/client and its like.

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
