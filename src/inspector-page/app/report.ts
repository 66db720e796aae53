import type { Comparison, InspectedImage, Inspection } from '../../inspector/contract.ts'
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
function compareWithin({ images }: Inspection, id: string): Comparison {
  const file = images.find((image) => image.id === id)?.file ?? ''
  const seen = new Set<string>()
  const candidates = images
    .filter((image) => image.file === file && image.pictures.afterKind === 'result')
    .toSorted((a, b) => Number(b.id === id) - Number(a.id === id))
    .filter(({ fingerprint }) => !seen.has(fingerprint) && seen.add(fingerprint))
    .map((image): Comparison['candidates'][number] => ({
      fingerprint: image.fingerprint,
      query: image.query,
      params: image.params,
      result: image.result,
      after: afterOf(image),
      isUsed: image.id === id,
    }))
  return { file, candidates }
}

function afterOf({ pictures }: InspectedImage): string {
  return pictures.after ?? pictures.before
}
