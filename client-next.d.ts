// Types for imports of upscaled images in Next, in place of unplugin-magnific/client: write
// /// <reference types="unplugin-magnific/client/next" /> into a file of yours, such as magnific.d.ts. (Not into
// next-env.d.ts, which Next writes.) TypeScript matches one * in such a pattern, and so looks at the end of a specifier: write
// `as` last, and without it `magnific`, './hero.png?engine=magnific_sharpy&magnific=4x'. A preset needs a pattern of its own:
// declare module '*?magnific=hero' { … }

declare module '*?magnific' {
  /** The upscaled image, as `next/image` takes it. */
  const image: import('next/image').StaticImageData
  export default image
}
declare module '*?magnific=2x' {
  /** The upscaled image, as `next/image` takes it. */
  const image: import('next/image').StaticImageData
  export default image
}
declare module '*?magnific=4x' {
  /** The upscaled image, as `next/image` takes it. */
  const image: import('next/image').StaticImageData
  export default image
}
declare module '*?magnific=8x' {
  /** The upscaled image, as `next/image` takes it. */
  const image: import('next/image').StaticImageData
  export default image
}
declare module '*?magnific=16x' {
  /** The upscaled image, as `next/image` takes it. */
  const image: import('next/image').StaticImageData
  export default image
}
declare module '*&magnific' {
  /** The upscaled image, as `next/image` takes it. */
  const image: import('next/image').StaticImageData
  export default image
}
declare module '*&magnific=2x' {
  /** The upscaled image, as `next/image` takes it. */
  const image: import('next/image').StaticImageData
  export default image
}
declare module '*&magnific=4x' {
  /** The upscaled image, as `next/image` takes it. */
  const image: import('next/image').StaticImageData
  export default image
}
declare module '*&magnific=8x' {
  /** The upscaled image, as `next/image` takes it. */
  const image: import('next/image').StaticImageData
  export default image
}
declare module '*&magnific=16x' {
  /** The upscaled image, as `next/image` takes it. */
  const image: import('next/image').StaticImageData
  export default image
}
declare module '*&as=url' {
  /** The picture, as `next/image` takes it. */
  const image: import('next/image').StaticImageData
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
