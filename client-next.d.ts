/// <reference types="./client-outputs.d.ts" />
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
