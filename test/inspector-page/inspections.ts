import type {
  InspectedField,
  InspectedImage,
  InspectedState,
  Inspection,
} from '../../src/inspector/contract.ts'

/** A prompt and names that would do harm as HTML, or look like something else. */
export const hostile = {
  markup: `src/<img src=x onerror="document.title='owned'">.png`,
  quotes: `src/it's "quoted" & \`ticked\` \\ $& \${x}.png`,
  turned: 'src/photo\u202Egnp.exe',
  long: `src/${'very-long-name-'.repeat(24)}.png`,
  prompt: `</script><script>document.title='owned'</script><img src=x onerror=alert(1)>`,
} as const

const fields: InspectedField[] = [
  {
    name: 'scale_factor',
    key: 'magnific',
    kind: 'enum',
    values: ['2x', '4x', '8x', '16x'],
    default: '2x',
    about: 'How many times as wide and as high.',
  },
  {
    name: 'optimized_for',
    key: 'optimized_for',
    kind: 'enum',
    values: ['standard', 'soft_portraits', 'art_n_illustration', 'nature_n_landscapes'],
    default: 'standard',
    about: 'The kind of picture.',
  },
  {
    name: 'prompt',
    key: 'prompt',
    kind: 'text',
    maxLength: 4000,
    default: '',
    about: 'What is to be seen, in words.',
  },
  ...['creativity', 'hdr', 'resemblance', 'fractality'].map((name): InspectedField => ({
    name,
    key: name,
    kind: 'integer',
    min: -10,
    max: 10,
    default: 0,
    about: `A whole number from -10 to 10.`,
  })),
  {
    name: 'engine',
    key: 'engine',
    kind: 'enum',
    values: ['automatic', 'magnific_illusio', 'magnific_sharpy', 'magnific_sparkle'],
    default: 'automatic',
    about: 'The model that is used.',
  },
  {
    name: 'filter_nsfw',
    key: 'filter_nsfw',
    kind: 'boolean',
    default: false,
    about: 'Refuse what is not safe for work.',
  },
]

/** An image of the inspection; its pictures are `api/picture/<id>/…`. */
export function createImage(
  id: string,
  file: string,
  state: InspectedState,
  more: Partial<InspectedImage> = {},
): InspectedImage {
  const width = more.source?.width ?? 400
  const scale = Number.parseInt(String(more.params?.['scale_factor'] ?? '2x'), 10)
  const output = { width: width * scale, height: (width * scale * 5) / 8 }
  const isCached = state === 'cached'
  const query = more.query ?? 'magnific=2x'
  const name = file.slice(file.lastIndexOf('/') + 1)
  return {
    id,
    file,
    query,
    params: {},
    directives: '',
    fingerprint: state === 'invalid' ? '' : `f-${id}`,
    state,
    reason: '',
    source: { width, height: (width * 5) / 8, bytes: width * 300 },
    result: isCached
      ? {
          ...output,
          bytes: output.width * 900,
          format: 'webp',
          task: `task-${id}`,
          completedAt: '2026-11-20T10:00:00.000Z',
          seconds: 42,
        }
      : undefined,
    output: state === 'invalid' ? undefined : output,
    estimate: state === 'missing' || state === 'failed' ? 0.1 * Math.log2(scale) : 0,
    importers: [
      {
        file: 'src/App.tsx',
        line: 12,
        text: `import hero from './${name}?${query}'`,
        isPart: false,
      },
    ],
    pictures: {
      thumbnail: `api/picture/${id}/thumbnail`,
      before: `api/picture/${id}/before`,
      after: state === 'invalid' ? undefined : `api/picture/${id}/after?v=${state}`,
      afterKind: state === 'invalid' ? undefined : isCached ? 'result' : 'preview',
    },
    ...more,
  }
}

/** The inspection of some images, with totals that fit them. */
export function createInspection(
  images: InspectedImage[],
  more: Partial<Inspection> = {},
): Inspection {
  const states: InspectedState[] = [
    'cached',
    'missing',
    'pending',
    'ambiguous',
    'failed',
    'invalid',
  ]
  const sum = images.reduce((total, { estimate }) => total + estimate, 0)
  return {
    mode: 'dev',
    project: 'shop',
    version: '0.1.0',
    service: 'local',
    baseUrl: 'http://127.0.0.1:4100',
    createdAt: '2026-11-28T08:00:00.000Z',
    images,
    totals: {
      references: images.reduce((total, { importers }) => total + importers.length, 0),
      images: new Set(images.map(({ id, fingerprint }) => fingerprint || id)).size,
      byState: Object.fromEntries(
        states.map((state) => [state, images.filter((image) => image.state === state).length]),
      ) as Inspection['totals']['byState'],
      spent: 1.2,
      outstanding: Math.round(sum * 100) / 100,
    },
    budget: { euros: 5, usedTasks: 2, usedEuros: 0.4 },
    buying: { allowed: true },
    fields,
    problems: [],
    ...more,
  }
}

/** A project as a reader would meet it: every state, and several queries of one image. */
export function createShop(more: Partial<Inspection> = {}): Inspection {
  const line = (file: string, number: number, text: string) => ({
    file,
    line: number,
    text,
    isPart: false,
  })
  return createInspection(
    [
      createImage('hero', 'src/assets/hero.png', 'missing', {
        query: 'magnific=4x&prompt=a%20quiet%20valley&w=1600&format=webp',
        params: { scale_factor: '4x', prompt: 'a quiet valley' },
        directives: 'w=1600 format=webp',
        importers: [
          line(
            'src/pages/Home.tsx',
            4,
            "import hero from '../assets/hero.png?magnific=4x&prompt=a%20quiet%20valley&w=1600&format=webp'",
          ),
          line(
            'index.html',
            21,
            '<img src="/src/assets/hero.png?magnific=4x&amp;prompt=a%20quiet%20valley&amp;w=1600&amp;format=webp" alt="" />',
          ),
        ],
      }),
      createImage('team', 'src/assets/team.jpg', 'cached', {
        query: 'magnific=2x&optimized_for=soft_portraits',
        params: { optimized_for: 'soft_portraits' },
      }),
      createImage('valley', 'src/assets/valley.jpg', 'cached', {
        query: 'magnific=4x&creativity=3',
        params: { scale_factor: '4x', creativity: 3 },
      }),
      createImage('dunes', 'src/assets/dunes.webp', 'pending', {
        reason: 'Sent 40 s ago; the next build fetches it.',
      }),
      createImage('lake', 'src/assets/lake.png', 'ambiguous', {
        reason: 'The connection broke while it was sent: it may have been paid for.',
      }),
      createImage('moor', 'src/assets/moor.png', 'failed', {
        reason: 'The service refused it: the prompt is not allowed.',
        query: 'magnific=8x',
        params: { scale_factor: '8x' },
      }),
      createImage('peak', 'src/assets/peak.png', 'invalid', {
        query: 'magnific=3x&hdr=4',
        reason: '`magnific` must be one of 2x, 4x, 8x, 16x, got "3x".',
      }),
      createImage('logo', 'src/brand/logo.png', 'cached', {
        source: { width: 120, height: 75, bytes: 5200 },
      }),
      createImage('coast', 'src/brand/coast.png', 'missing', {
        query: 'magnific=16x&engine=magnific_sharpy',
        params: { scale_factor: '16x', engine: 'magnific_sharpy' },
      }),
    ],
    more,
  )
}

/** Names and prompts of every bad kind. */
export function createHostile(more: Partial<Inspection> = {}): Inspection {
  const { prompt, ...names } = hostile
  return createInspection(
    Object.entries(names).map(([id, file]) =>
      createImage(id, file, 'missing', {
        query: `magnific=2x&prompt=${encodeURIComponent(prompt)}`,
        params: { prompt },
        reason: prompt,
        directives: '',
      }),
    ),
    { project: hostile.markup, problems: [{ file: names.markup, message: prompt }], ...more },
  )
}
