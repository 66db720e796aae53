/// <reference types="./client-outputs.d.ts" />
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
