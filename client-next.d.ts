// Types for imports of upscaled images in Next, whose images are objects: put "unplugin-magnific/client/next" into `types` of your
// tsconfig.json in place of "unplugin-magnific/client", or write /// <reference types="unplugin-magnific/client/next" />.
// What stands there about the order of keys goes for this file too.

declare module '*?magnific' {
  /** What `next/image` takes: the upscaled image, its size and a blurred one. */
  const image: import('next/image').StaticImageData
  export default image
}
declare module '*?magnific=2x' {
  /** What `next/image` takes: the upscaled image, its size and a blurred one. */
  const image: import('next/image').StaticImageData
  export default image
}
declare module '*?magnific=4x' {
  /** What `next/image` takes: the upscaled image, its size and a blurred one. */
  const image: import('next/image').StaticImageData
  export default image
}
declare module '*?magnific=8x' {
  /** What `next/image` takes: the upscaled image, its size and a blurred one. */
  const image: import('next/image').StaticImageData
  export default image
}
declare module '*?magnific=16x' {
  /** What `next/image` takes: the upscaled image, its size and a blurred one. */
  const image: import('next/image').StaticImageData
  export default image
}
declare module '*&magnific' {
  /** What `next/image` takes: the upscaled image, its size and a blurred one. */
  const image: import('next/image').StaticImageData
  export default image
}
declare module '*&magnific=2x' {
  /** What `next/image` takes: the upscaled image, its size and a blurred one. */
  const image: import('next/image').StaticImageData
  export default image
}
declare module '*&magnific=4x' {
  /** What `next/image` takes: the upscaled image, its size and a blurred one. */
  const image: import('next/image').StaticImageData
  export default image
}
declare module '*&magnific=8x' {
  /** What `next/image` takes: the upscaled image, its size and a blurred one. */
  const image: import('next/image').StaticImageData
  export default image
}
declare module '*&magnific=16x' {
  /** What `next/image` takes: the upscaled image, its size and a blurred one. */
  const image: import('next/image').StaticImageData
  export default image
}
declare module '*&as=url' {
  /** What `next/image` takes: the upscaled image, its size and a blurred one. */
  const image: import('next/image').StaticImageData
  export default image
}
