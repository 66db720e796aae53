import type { Comparison, InspectedImage, Inspection } from '../../inspector/contract.ts'
import { readValues, valuesOf, writeQuery } from './detail/query.ts'
import type { Server } from './server.ts'

/** The data that a report carries; `undefined` where the page is served. */
export function readReport(): Inspection | undefined {
  const text = document.querySelector('#inspection')?.textContent ?? ''
  return text === '' ? undefined : (JSON.parse(text) as Inspection)
}

/** What a report can answer by itself. It reaches nobody, and nothing in it spends. */
export function createReportServer(inspection: Inspection): Server {
  const refuse = async (): Promise<never> => {
    throw new Error('This is a report: there is no server behind it.')
  }
  return {
    inspection: async () => inspection,
    compare: async (id) => compareWithin(inspection, id),
    preview: refuse,
    upscale: refuse,
    open: refuse,
    renew: async () => {},
  }
}

/** Results of one image under several queries, as far as the project asks for them. */
function compareWithin({ images, fields }: Inspection, id: string): Comparison {
  const own = images.find((image) => image.id === id)
  const file = own?.file ?? ''
  // What the query says besides the params stays.
  const queryFor = (params: InspectedImage['params']): string =>
    own ? writeQuery(fields, own.query, readValues(fields, own), valuesOf(fields, params)) : ''
  const seen = new Set<string>()
  const candidates = images
    .filter((image) => image.file === file && image.pictures.afterKind === 'result')
    .toSorted((a, b) => Number(b.id === id) - Number(a.id === id))
    .filter(({ fingerprint }) => !seen.has(fingerprint) && seen.add(fingerprint))
    .map((image): Comparison['candidates'][number] => ({
      fingerprint: image.fingerprint,
      query: queryFor(image.params),
      params: image.params,
      result: image.result,
      after: afterOf(image),
      isUsed: image.fingerprint === own?.fingerprint,
    }))
  return { file, candidates }
}

function afterOf({ pictures }: InspectedImage): string {
  return pictures.after ?? pictures.before
}
