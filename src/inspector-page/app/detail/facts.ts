import type { InspectedImage, Inspection } from '../../../inspector/contract.ts'
import { h, term } from '../dom.ts'
import { showBytes, showEstimate, showSeconds, showSize, showText, showTime } from '../format.ts'
import { describeShared, gainOf, groupByPurchase, outputOf } from '../gallery/arrange.ts'
import { listParams, showGain } from '../gallery/card.ts'

/** All that is known of an image. */
export function renderFacts(image: InspectedImage, { mode, images }: Inspection): HTMLElement {
  const shared = describeShared(image, groupByPurchase(images))
  const { source, result } = image
  const output = outputOf(image)
  const gain = gainOf(image)
  const params = listParams(image)
  return h(
    'div',
    {},
    image.reason !== '' &&
      h('p', { class: 'reason', 'data-state': image.state }, showText(image.reason)),
    h(
      'dl',
      { class: 'facts' },
      term('Source', source ? `${showSize(source)}, ${showBytes(source.bytes)}` : 'unknown'),
      output
        ? term(
            result ? 'Result' : 'Will be',
            `${showSize(output)}${result ? `, ${showBytes(result.bytes)} ${result.format}` : ''}`,
            gain > 0 && h('span', { class: 'aside' }, ` ${showGain(gain)} the pixels`),
          )
        : undefined,
      image.estimate > 0 ? term('Estimate', showEstimate(image.estimate)) : undefined,
      shared !== '' && term('Shared', shared),
      result &&
        term(
          'Made',
          `${showTime(result.completedAt)}${result.seconds > 0 ? `, in ${showSeconds(result.seconds)}` : ''}`,
        ),
      result?.task ? term('Task', h('code', {}, showText(result.task))) : undefined,
      mode === 'report' || image.directives !== ''
        ? term(
            'Params',
            params.length > 0 ? h('ul', { class: 'params' }, ...params) : 'all defaults',
          )
        : undefined,
    ),
  )
}
