// Types for imports of upscaled images: put "unplugin-magnific/client" into `types` of your tsconfig.json, or
// write /// <reference types="unplugin-magnific/client" />. TypeScript matches one * in such a pattern: with more
// keys than `magnific`, write `magnific` last, './hero.png?engine=magnific_sharpy&magnific=4x'.

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
