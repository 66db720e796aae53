/// <reference types="./client-outputs.d.ts" />
// Types for imports of upscaled images: put "unplugin-magnific/client" into `types` of your tsconfig.json, or
// write /// <reference types="unplugin-magnific/client" />. TypeScript matches one * in such a pattern, and so looks at the
// end of a specifier: write `as` last, and without it `magnific`, './hero.png?engine=magnific_sharpy&magnific=4x'. Lists
// without `as`, lists of metadata and presets are beyond such patterns: the option `dts` declares all of them exactly.

declare module '*?magnific' {
  /** URL of the upscaled image. */
  const url: string
  export default url
}
declare module '*?magnific=2x' {
  /** URL of the upscaled image. */
  const url: string
  export default url
}
declare module '*?magnific=4x' {
  /** URL of the upscaled image. */
  const url: string
  export default url
}
declare module '*?magnific=8x' {
  /** URL of the upscaled image. */
  const url: string
  export default url
}
declare module '*?magnific=16x' {
  /** URL of the upscaled image. */
  const url: string
  export default url
}
declare module '*&magnific' {
  /** URL of the upscaled image. */
  const url: string
  export default url
}
declare module '*&magnific=2x' {
  /** URL of the upscaled image. */
  const url: string
  export default url
}
declare module '*&magnific=4x' {
  /** URL of the upscaled image. */
  const url: string
  export default url
}
declare module '*&magnific=8x' {
  /** URL of the upscaled image. */
  const url: string
  export default url
}
declare module '*&magnific=16x' {
  /** URL of the upscaled image. */
  const url: string
  export default url
}
declare module '*&as=url' {
  /** URL of the picture. */
  const url: string
  export default url
}
