import { describe, expect, it, vi } from 'vitest'
import { createBackground } from '../../../src/bundlers/vite/dev/background.ts'
import { createKnownReferences } from '../../../src/bundlers/vite/dev/known-references.ts'
import { showSettled } from '../../../src/bundlers/vite/session.ts'
import { MagnificError } from '../../../src/core/errors.ts'
import type { ErrorCode } from '../../../src/core/errors.ts'
import type { Shipment } from '../../../src/shipment.ts'
import type { Upscaler } from '../../../src/upscaler.ts'
import { tmpProject } from '../../helpers/project.ts'

const shipment = { from: 'preview' } as Shipment

/** Asks for a picture that was just written, where each look at it but the last ends in an error. */
async function showAfter(...errors: ErrorCode[]): Promise<{ looks: number; shown: unknown }> {
  const project = tmpProject({ 'a.png': 'half' })
  const upscale = vi.fn<() => Promise<Shipment>>().mockResolvedValue(shipment)
  for (const code of errors) upscale.mockRejectedValueOnce(new MagnificError(code, 'No.'))
  const upscaler = { upscale, options: { onMiss: 'preview' } } as unknown as Upscaler
  const shown = await showSettled(
    { file: project.path('a.png'), query: 'magnific=2x' },
    upscaler,
    { known: createKnownReferences(), background: createBackground(upscaler, { error: () => {} }) },
    new AbortController().signal,
  ).catch((error: MagnificError) => error.code)
  return { looks: upscale.mock.calls.length, shown }
}

describe('showSettled', () => {
  it('shows what is right at once', async () => {
    expect(await showAfter()).toEqual({ looks: 1, shown: shipment })
  })

  it('looks again at what is refused, which may have been half of a picture', async () => {
    expect(await showAfter('SOURCE_REFUSED')).toEqual({ looks: 2, shown: shipment })
  })

  it('tells what is wrong with a picture that has come to rest', async () => {
    const refused = { looks: 2, shown: 'SOURCE_REFUSED' }
    expect(await showAfter('SOURCE_REFUSED', 'SOURCE_REFUSED')).toEqual(refused)
  })

  it('waits for nothing where something else is wrong', async () => {
    expect(await showAfter('SOURCE_MISSING')).toEqual({ looks: 1, shown: 'SOURCE_MISSING' })
  })
})
