// Pictures of Astro's content collections: Astro lists them itself, and builds the imports from the list.

/** What Markdown and frontmatter hold in place of a picture, before Astro knows its URL. */
const placeholder = /__ASTRO_IMAGE_(?:=\\*"([^"\\]*)|([^"'`\\\s]*))/g

/**
 * What an import of a picture in a collection stands for. Astro puts a query of its own behind what is written, and
 * imports only what ends in the extension of a picture: so references there end in a fragment, `?magnific=4x#.png`.
 *
 * @returns `reference` without the fragment, and Astro's own import of the file alone; `undefined` for another import
 */
export function readContentImport(
  specifier: string,
): { reference: string; plain: string } | undefined {
  const [, file, query, flags] =
    /^([^?#]*)\?([^?#]*)(?:#\.\w+)?\?(astroContentImageFlag\b.*)$/.exec(specifier) ?? []
  if (flags === undefined) return undefined
  return { reference: `${file}?${query}`, plain: `${file}?${flags}` }
}

/**
 * The pictures that content still waits for.
 *
 * @param text a page, or the module that holds all content
 * @returns their paths, with the entities of HTML that Astro does not know
 */
export function findPlaceholders(text: string): string[] {
  const quotes = /&(?:#x22|quot);/g
  return [...text.matchAll(placeholder)]
    .map(([, attribute, value = '']) =>
      attribute === undefined
        ? value
        : (/"src":"([^"]*)"/.exec(attribute.replaceAll(quotes, '"'))?.[1] ?? ''),
    )
    .filter(Boolean)
}

/** Relative paths in the module that holds all content: what frontmatter says of pictures stands there as it is written. */
export function findContentPaths(code: string): string[] {
  return [...code.matchAll(/"(\.{1,2}\/[^"\\]*)\\*"/g)].map(([, path = '']) => path)
}

/** Whether Astro imports a picture of a collection: it looks at the end of what is written. */
export function endsInExtension(reference: string): boolean {
  return /#\.(?:jpe?g|png|tiff|webp|gif|avif)$/.test(reference)
}
