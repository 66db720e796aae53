import type { InspectedImage, Preview } from '../../../inspector/contract.ts'
import { outputOf } from '../gallery/arrange.ts'
import type { Shown } from '../viewer/viewer.ts'
import type { Offer } from './offer.ts'

/** What the form has come to. */
export type Tried =
  | { kind: 'none' }
  | { kind: 'waiting' }
  | { kind: 'answered'; answer: Preview }
  | { kind: 'bought'; offer: Offer; after: string }

/** The pictures that are looked at. */
export function choosePictures(image: InspectedImage, tried: Tried): Shown {
  const { before, after, afterKind } = image.pictures
  if (tried.kind === 'bought') {
    return { before, after: tried.after, afterIs: 'Result', size: tried.offer.size }
  }
  if (tried.kind === 'answered' && tried.answer.ok) {
    const { after: url, width, height } = tried.answer
    return { before, after: url, afterIs: nameAfter(tried.answer), size: { width, height } }
  }
  return {
    before,
    after,
    afterIs: nameAfter({ afterKind }),
    size: outputOf(image) ?? image.source,
  }
}

/** What stands in for a result is never called one. */
function nameAfter({ afterKind }: Pick<InspectedImage['pictures'], 'afterKind'>): string {
  return afterKind === 'result' ? 'Result' : 'Preview, not upscaled'
}

/** What could be bought; `undefined` where that is not known yet, or nothing can. */
export function chooseOffer(image: InspectedImage, tried: Tried): Offer | undefined {
  switch (tried.kind) {
    case 'none':
      return { ...image, size: outputOf(image) }
    case 'waiting':
      return undefined
    case 'bought':
      return tried.offer
    case 'answered':
      return tried.answer.ok ? { ...tried.answer, size: tried.answer } : undefined
  }
}

/**
 * What is looked at, as a sentence.
 *
 * @param isBroken whether the picture after cannot be shown
 */
export function describeTried(image: InspectedImage, tried: Tried, isBroken: boolean): string {
  switch (tried.kind) {
    case 'none':
      return image.state === 'invalid'
        ? ''
        : describeAfter(image, image.pictures.afterKind, isBroken)
    case 'waiting':
      return 'Making a preview…'
    case 'bought':
      return 'This is the new result. Put its query into the source line to use it.'
    case 'answered':
      if (!tried.answer.ok) return ''
      return tried.answer.afterKind === 'result'
        ? 'This result is in the cache already: using it costs nothing.'
        : describeAfter(tried.answer, 'preview', isBroken)
  }
}

function describeAfter(
  { state }: Pick<InspectedImage, 'state'>,
  afterKind: InspectedImage['pictures']['afterKind'],
  isBroken: boolean,
): string {
  if (afterKind !== 'preview') return ''
  // Of a shared cache, a build fetches what it needs.
  const isPaid = state === 'cached'
  const paid = 'It is paid for, but its picture is not here before a build fetches it'
  if (isBroken) return isPaid ? `${paid}.` : 'There is no preview of it.'
  return isPaid
    ? `${paid}: this is a local preview.`
    : 'A local preview: as large as the result, and not upscaled.'
}
