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
    explainPicture: async () => 'The source could not be read when this report was made.',
    renew: () => {},
  }
}

/** Results of one image under several queries, as far as the project asks for them. */
function compareWithin({ images, compared }: Inspection, id: string): Comparison {
  const own = images.find((image) => image.id === id)
  const seen = new Set<string>()
  const candidates = (compared?.[id] ?? [])
    .flatMap((other): Comparison['candidates'] => {
      const image = images.find((each) => each.id === other.id)
      if (!image) return []
      const { fingerprint, params, result } = image
      const isUsed = fingerprint === own?.fingerprint
      const { query, problem } = other
      const said = problem === undefined ? { query } : { query, problem }
      return [{ fingerprint, ...said, params, result, after: afterOf(image), isUsed }]
    })
    .toSorted((a, b) => Number(b.isUsed) - Number(a.isUsed))
    .filter(({ fingerprint }) => !seen.has(fingerprint) && seen.add(fingerprint))
  return { file: own?.file ?? '', candidates }
}

function afterOf({ pictures }: InspectedImage): string {
  return pictures.after ?? pictures.before
}
