// What modules of references export. Types alone, in a file that imports nothing: whoever checks an app with them loads
// none of the bundlers' types.

/** A format that images ship in. */
export type MagnificFormat = 'png' | 'jpeg' | 'webp' | 'avif'

/**
 * How a picture came to be here: `paid` in this build, `resumed` from a task that an earlier build paid for, `cached`, or in
 * place of a result `preview` or `original`.
 */
export type MagnificOrigin = 'paid' | 'resumed' | 'cached' | 'preview' | 'original'

/**
 * What `as=picture` exports, as in imagetools: for `<source>` and `<img>`.
 *
 * @typeParam Sources a `srcset` for each format; the last format has one where there are several pictures in it
 */
export interface MagnificPicture<Sources = { [Format in MagnificFormat]?: string }> {
  /** `srcset` by format, in the order of the query. */
  sources: Sources
  /** The largest picture in the last format. */
  img: {
    /** Its URL. */
    src: string
    /** Its width, pixels. */
    w: number
    /** Its height, pixels. */
    h: number
  }
}

/** What `as=img` exports, as in imagetools: the largest picture, and a `srcset` where there are several. */
export interface MagnificImg {
  /** Its URL. */
  src: string
  /** Its width, pixels. */
  w: number
  /** Its height, pixels. */
  h: number
  /** Missing where there is one picture. */
  srcset?: string
}

/** What `as=metadata` exports: of each picture, in a list where there are several. */
export interface MagnificMetadata {
  /** Its URL. */
  src: string
  /** pixels */
  width: number
  /** pixels */
  height: number
  format: MagnificFormat
  from: MagnificOrigin
}
