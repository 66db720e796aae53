import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import { createReport, renderLine } from '../src/report.ts'
import type { Origin, Report, ReportEntry } from '../src/report.ts'
import type { VariantInfo } from '../src/store/variants.ts'

const magnific = { root: '/project', service: 'magnific', baseUrl: 'https://api.freepik.com' }

const info: VariantInfo = {
  sha256: 'c'.repeat(64),
  bytes: 1_500_000,
  format: 'png',
  width: 2560,
  height: 1920,
  source: { bytes: 123_456, width: 640, height: 480 },
}

function createEntry(name: string, from: Origin, more: Partial<ReportEntry> = {}): ReportEntry {
  return {
    image: name,
    keys: [name],
    file: `/project/src/${name}`,
    from,
    duration: 0,
    estimate: 0,
    shipment: shipmentOf(() => info),
    ...more,
  }
}

/** A shipment of pictures with these figures. */
function shipmentOf(...infos: (() => VariantInfo | undefined)[]): ReportEntry['shipment'] {
  const directives = { format: 'png' } as const
  return { variants: infos.map((readInfo) => ({ file: '/cache/a.png', directives, readInfo })) }
}

/** The summary as a terminal without colours shows it. */
function take(report: Report): string[] | undefined {
  const text = report.take()
  return text === undefined ? undefined : stripVTControlCharacters(text).split('\n')
}

/** The summary of a build with these images. */
function summarise(entries: ReportEntry[], settings = magnific): string[] | undefined {
  const report = createReport(settings)
  for (const entry of entries) report.add(entry)
  return take(report)
}

describe('createReport', () => {
  it('says nothing about a build without images', () => {
    expect(summarise([])).toBeUndefined()
  })

  it('says one line when everything was cached, and reads no figures for it', () => {
    const shipment = shipmentOf(() => {
      throw new Error('The disk was read.')
    })
    expect(
      summarise([
        createEntry('a.png', 'cached', { shipment }),
        createEntry('b.png', 'cached', { shipment }),
      ]),
    ).toEqual(['magnific 2 images · 2 cached · nothing paid'])
    expect(summarise([createEntry('a.png', 'cached', { shipment })])).toEqual([
      'magnific 1 image · 1 cached · nothing paid',
    ])
  })

  it('shows a table of all images, and the totals below', () => {
    const small = {
      ...info,
      bytes: 9900,
      width: 120,
      height: 80,
      source: { bytes: 800, width: 60, height: 40 },
    }
    expect(
      summarise([
        createEntry('hero.png', 'paid', { duration: 84_400, estimate: 0.4 }),
        createEntry('icons/logo.png', 'cached', { shipment: shipmentOf(() => small) }),
        createEntry('face.jpg', 'resumed', { duration: 3210 }),
      ]),
    ).toEqual([
      'src/face.jpg        123.5 kB → 1.5 MB  640×480 → 2560×1920  resumed  3.2s',
      'src/hero.png        123.5 kB → 1.5 MB  640×480 → 2560×1920  paid     1m24s  ~€0.40',
      'src/icons/logo.png  0.8 kB → 9.9 kB    60×40 → 120×80       cached',
      'magnific 3 images · 1 paid · 1 resumed · 1 cached · ~€0.40 (an estimate)',
    ])
  })

  it('shows all bytes of several variants, and the size of the largest', () => {
    const small = { ...info, bytes: 40_000, width: 640, height: 480 }
    const tall = { ...info, bytes: 60_000, width: 600, height: 960 }
    const several = {
      duration: 1000,
      estimate: 0.1,
      shipment: shipmentOf(
        () => small,
        () => tall,
        () => small,
      ),
    }
    expect(
      summarise([
        createEntry('hero.png', 'paid', several),
        createEntry('half.png', 'cached', {
          shipment: shipmentOf(
            () => undefined,
            () => small,
          ),
        }),
      ]),
    ).toEqual([
      'src/half.png  123.5 kB → 40.0 kB              640×480 → 640×480  cached',
      'src/hero.png  123.5 kB → 140.0 kB in 3 files  640×480 → 600×960  paid    1.0s  ~€0.10',
      'magnific 2 images · 1 paid · 1 cached · ~€0.10 (an estimate)',
    ])
    expect(renderLine(createEntry('hero.png', 'paid', several), '/project')).toBe(
      'magnific src/hero.png  640×480 → 600×960  paid  1.0s  ~€0.10',
    )
  })

  it('counts variants that are asked for one by one with the image that they are of', () => {
    const of = (...keys: string[]): Partial<ReportEntry> => ({ keys, file: '/project/hero.png' })
    const lines = summarise([
      createEntry('hero.png', 'cached', of('small')),
      createEntry('hero.png', 'paid', { ...of('small', 'large'), duration: 1000, estimate: 0.1 }),
      createEntry('hero.png', 'cached', of('large')),
      createEntry('hero.png', 'cached', of('other')),
      createEntry('copy.png', 'cached', { keys: ['small'] }),
    ])
    expect(lines?.at(-1)).toBe('magnific 3 images · 1 paid · 2 cached · ~€0.10 (an estimate)')
  })

  it('adds up what was paid, and calls it an estimate', () => {
    const lines = summarise([
      createEntry('a.png', 'paid', { duration: 1000, estimate: 0.1 }),
      createEntry('b.png', 'paid', { duration: 1000, estimate: 0.2 }),
    ])
    expect(lines?.at(-1)).toBe('magnific 2 images · 2 paid · ~€0.30 (an estimate)')
  })

  it('says that nothing was paid for what an earlier build had paid', () => {
    const lines = summarise([createEntry('a.png', 'resumed', { duration: 1000 })])
    expect(lines?.at(-1)).toBe('magnific 1 image · 1 resumed · nothing paid')
  })

  it('leaves the figures out where they cannot be read', () => {
    const lines = summarise([
      createEntry('a.png', 'original', { duration: 1, shipment: shipmentOf(() => undefined) }),
    ])
    expect(lines?.[0]).toMatch(/^src\/a\.png +original +0\.0s$/)
  })

  it('warns of stand-ins', () => {
    expect(
      summarise([
        createEntry('a.png', 'preview'),
        createEntry('b.png', 'original'),
        createEntry('c.png', 'cached'),
      ])?.slice(-2),
    ).toEqual([
      'magnific 3 images · 1 cached · 1 preview · 1 original · nothing paid',
      '2 of them not upscaled, as onMiss says: stand-ins are shipped.',
    ])
  })

  it('says so when the results are not from Magnific, even if all of them are cached', () => {
    const emulator = { ...magnific, service: 'local', baseUrl: 'http://127.0.0.1:4000' }
    expect(summarise([createEntry('a.png', 'cached')], emulator)).toEqual([
      'magnific 1 image · 1 cached · nothing paid · an emulator at http://127.0.0.1:4000, not Magnific',
    ])
    const proxy = {
      ...magnific,
      service: 'https://proxy.example',
      baseUrl: 'https://proxy.example',
    }
    expect(summarise([createEntry('a.png', 'cached')], proxy)).toEqual([
      'magnific 1 image · 1 cached · nothing paid · results at https://proxy.example, not Magnific',
    ])
  })

  it('counts an image once, however often it is referenced, and keeps what it took first', () => {
    const paid = createEntry('a.png', 'paid', { duration: 1000, estimate: 0.1 })
    const cached = createEntry('a.png', 'cached')
    for (const entries of [
      [paid, cached, cached],
      [cached, paid, cached],
    ]) {
      const lines = summarise(entries)
      expect(lines).toHaveLength(2)
      expect(lines?.at(-1)).toBe('magnific 1 image · 1 paid · ~€0.10 (an estimate)')
    }
  })

  it('keeps cached images out of a long table, and in the totals', () => {
    const cached = Array.from({ length: 29 }, (_, index) => createEntry(`${index}.png`, 'cached'))
    const paid = createEntry('new.png', 'paid', { duration: 1000, estimate: 0.1 })
    expect(summarise([...cached, paid])).toHaveLength(31)
    const lines = summarise([...cached, createEntry('29.png', 'cached'), paid])
    expect(lines).toHaveLength(2)
    expect(lines?.[0]).toMatch(/^src\/new\.png /)
    expect(lines?.[1]).toBe('magnific 31 images · 1 paid · 30 cached · ~€0.10 (an estimate)')
  })

  it('starts afresh for the next build', () => {
    const report = createReport(magnific)
    report.add(createEntry('a.png', 'paid', { duration: 1000, estimate: 0.1 }))
    expect(take(report)).toHaveLength(2)
    expect(take(report)).toBeUndefined()
    report.add(createEntry('a.png', 'cached'))
    expect(take(report)).toEqual(['magnific 1 image · 1 cached · nothing paid'])
  })

  it('shows a picture outside the project by the way that leads to it', () => {
    const lines = summarise([
      createEntry('a.png', 'paid', { file: '/shared/a.png', duration: 1000, estimate: 0.1 }),
    ])
    expect(lines?.[0]).toMatch(/^\.\.\/shared\/a\.png {2}/)
  })
})
