/// <reference lib="dom" />
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chromePath, launchChrome, warnWithoutChrome } from '../helpers/browser.ts'
import { createImage, createShop, hostile } from './inspections.ts'
import { createComparison, startMock } from './mock-server.ts'
import { visitInspector, writeReport } from './visits.ts'

warnWithoutChrome()

describe.skipIf(chromePath === undefined)('results side by side', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChrome()
  })
  afterAll(async () => browser.close())

  it('move together, and show what differs', async () => {
    const comparison = createComparison('valley', 'src/assets/valley.jpg')
    const server = await startMock(createShop(), { comparison })
    const { page, problems } = await visitInspector(browser, `${server.page}#/compare/valley`)
    const pictures = page.locator('.sheet:not([hidden]) .layer img')
    await expect.poll(async () => pictures.count()).toBe(3)
    const places = async (): Promise<object[]> => {
      const stages = page.locator('.sheet:not([hidden]) .stage')
      return Promise.all(
        [0, 1, 2].map(async (index) => {
          const stage = await stages.nth(index).boundingBox()
          const box = await pictures.nth(index).boundingBox()
          return {
            x: Math.round(box!.x - stage!.x),
            y: Math.round(box!.y - stage!.y),
            width: Math.round(box!.width),
          }
        }),
      )
    }
    await page.getByRole('button', { name: '100 %' }).click()
    await page.getByRole('group', { name: /^Result 2/ }).focus()
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('+')
    const [first, ...others] = await places()
    expect(first).toMatchObject({ width: 2400 })
    expect(others).toEqual([first, first])

    const second = page.getByRole('region', { name: 'Result 2' })
    const marked = await second.locator('[data-different]').allTextContents()
    expect(marked.map((text) => text.replace(' (differs)', ''))).toEqual([
      'magnific4x',
      'creativity-2',
      'resemblance5',
    ])
    // What is not said of one is what the API takes then.
    const one = page.getByRole('region', { name: 'Result 1' })
    expect(await one.locator('dl').textContent()).toContain("resemblance0, API's default")
    await page.getByText('Source', { exact: true }).first().click()
    expect(await pictures.count()).toBe(4)
    expect(problems).toEqual([])
  })

  it('can be picked: the line to write is shown, and copied', async () => {
    const comparison = createComparison('valley', 'src/assets/valley.jpg')
    const server = await startMock(createShop(), { comparison })
    const settings = { permissions: ['clipboard-read', 'clipboard-write'] }
    const { page } = await visitInspector(browser, `${server.page}#/compare/valley`, settings)
    await page.getByRole('button', { name: 'Pick result 2' }).focus()
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Write this to use result 2' }).waitFor()
    const query = comparison.candidates[1].query
    const line = `import hero from './valley.jpg?${query}'`
    expect(await page.locator('.choice pre').textContent()).toBe(line)
    expect(await page.locator('.choice mark').textContent()).toBe(query)
    await page.getByRole('button', { name: 'Copy line' }).click()
    await expect.poll(async () => page.evaluate('navigator.clipboard.readText()')).toBe(line)
    await page.getByRole('button', { name: 'Open in editor' }).click()
    await server.until(() => server.posts('api/open').length === 1)
    expect(server.posts('api/open')[0]?.body).toEqual({ file: 'src/App.tsx', line: 12 })
    expect(
      await page.getByRole('button', { name: 'Pick result 2' }).getAttribute('aria-pressed'),
    ).toBe('true')
  })

  it('are shown where no query gives them, and why they cannot be picked', async () => {
    const comparison = createComparison('valley', 'src/assets/valley.jpg')
    const problem = 'No query says this here: `prompt` would be "mine".'
    Object.assign(comparison.candidates[1], { query: undefined, problem })
    const server = await startMock(createShop(), { comparison })
    const { page } = await visitInspector(browser, `${server.page}#/compare/valley`)
    await page.getByRole('region', { name: 'Result 2' }).getByText(problem).waitFor()
    expect(await page.getByRole('button', { name: /^Pick/ }).allTextContents()).toEqual([
      'Pick result 1 · used now',
      'Pick result 3',
    ])
  })

  it('are read again when the project changes, and go on at what was picked once the source asks for it', async () => {
    const comparison = createComparison('valley', 'src/assets/valley.jpg')
    const inspection = createShop({ mode: 'ui' })
    const server = await startMock(inspection, {
      comparison: { ...comparison, candidates: comparison.candidates.slice(0, 2) },
    })
    const { page } = await visitInspector(browser, `${server.page}#/compare/valley`)
    await server.until(() => server.requests.some(({ url }) => url.endsWith('api/events')))
    await page.getByRole('button', { name: 'Pick result 2' }).click()
    await page.getByRole('button', { name: '100 %' }).click()
    server.state.comparison = comparison
    server.state.inspection = createShop({ mode: 'ui', problems: [{ file: '', message: 'x' }] })
    server.send({ kind: 'changed' })
    await page.getByRole('button', { name: 'Pick result 3' }).waitFor()
    expect(await page.locator('output.zoom').textContent()).toBe('100 %')
    await page.getByRole('heading', { name: 'Write this to use result 2' }).waitFor()

    const { query = '' } = comparison.candidates[1]
    const images = inspection.images.map((image) =>
      image.id === 'valley' ? createImage('pasted', image.file, 'cached', { query }) : image,
    )
    const [first, second, third] = comparison.candidates
    server.state.comparison = {
      file: comparison.file,
      candidates: [{ ...second, isUsed: true }, { ...first, isUsed: false }, third],
    }
    server.state.inspection = createShop({ mode: 'ui', images })
    server.send({ kind: 'changed' })
    await expect.poll(() => page.url()).toBe(`${server.page}#/compare/pasted`)
    const used = page.getByRole('region', { name: 'Result 1' }).and(page.locator('[data-used]'))
    await used.getByText('-2', { exact: true }).waitFor()
    await page.getByRole('link', { name: 'This image' }).click()
    await page.locator('.detail-title').getByText('Cached').waitFor()
  })

  it('let the wheel scroll the page while all of a picture is in sight', async () => {
    const comparison = createComparison('valley', 'src/assets/valley.jpg')
    const server = await startMock(createShop(), { comparison })
    const viewport = { width: 900, height: 400 }
    const { page } = await visitInspector(browser, `${server.page}#/compare/valley`, { viewport })
    const stage = page.getByRole('group', { name: /^Result 1/ })
    const zoom = async (): Promise<string | null> => page.locator('output.zoom').textContent()
    const fit = await zoom()
    const scrolled = async (): Promise<number> => page.evaluate<number>('scrollY')
    await stage.hover()
    const first = await scrolled()
    await page.mouse.wheel(0, 60)
    await expect.poll(scrolled).toBeGreaterThan(first)
    await stage.hover()
    const second = await scrolled()
    await page.mouse.wheel(0, -60)
    await expect.poll(scrolled).toBeLessThan(second)
    expect(await zoom()).toBe(fit)
    await stage.hover()
    await page.keyboard.down('Control')
    await page.mouse.wheel(0, -120)
    await expect.poll(zoom).not.toBe(fit)
  })

  it('says why there is nothing to compare, and tries again', async () => {
    const server = await startMock(createShop())
    Object.assign(server.state, { comparison: { ok: false, problem: 'The cache cannot be read.' } })
    const { page } = await visitInspector(browser, `${server.page}#/compare/valley`)
    await page.getByText('The cache cannot be read.').waitFor()
    server.state.comparison = createComparison('valley', 'src/assets/valley.jpg')
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByRole('button', { name: 'Pick result 3' }).waitFor()
  })

  it('are found within a report, and have all that their query says besides', async () => {
    const images = [
      createImage('a', 'src/a.png', 'cached', {
        query: 'magnific=4x&w=80',
        params: { scale_factor: '4x' },
      }),
      createImage('b', 'src/a.png', 'cached', { query: 'magnific=2x&hdr=3', params: { hdr: 3 } }),
      createImage('c', 'src/other.png', 'cached'),
    ]
    const compared = {
      a: [
        { id: 'b', query: 'magnific=2x&hdr=3&w=80' },
        { id: 'a', query: 'magnific=4x&w=80' },
      ],
    }
    const url = await writeReport(createShop({ images, compared }))
    const { page } = await visitInspector(browser, `${url}#/compare/a`)
    await page.getByRole('button', { name: 'Pick result 2' }).click()
    expect(await page.locator('.choice .query').textContent()).toBe('?magnific=2x&hdr=3&w=80')
    expect(await page.getByRole('button', { name: /^Pick/ }).count()).toBe(2)
  })
})

describe.skipIf(chromePath === undefined)('a report', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChrome()
  })
  afterAll(async () => browser.close())

  it('is one file that reaches nobody, and has nothing that spends or needs a server', async () => {
    const url = await writeReport(createShop())
    const { page, problems } = await visitInspector(browser, url)
    const requests: string[] = []
    page.on('request', (request) => requests.push(request.url()))
    await page.reload()
    await page.locator('.card img[src]').first().waitFor()
    expect(await page.locator('.card').count()).toBe(9)
    expect(await page.getByRole('banner').textContent()).toContain('Made')
    for (const id of ['hero', 'valley', 'peak']) {
      await page.goto(`${url}#/image/${id}`)
      await page.locator('.stage').waitFor()
      expect(
        await page.getByRole('button', { name: /Upscale|Spend|Fetch|Open in editor/ }).count(),
      ).toBe(0)
      expect(await page.locator('input, select, textarea').locator('visible=true').count()).toBe(0)
      expect(await page.getByRole('button', { name: 'Copy query' }).count()).toBe(1)
    }
    expect(requests.filter((each) => !each.startsWith('data:') && each !== url)).toEqual([])
    expect(problems).toEqual([])
  })

  it('promises nothing that it cannot do', async () => {
    const url = await writeReport(createShop())
    const { page } = await visitInspector(browser, `${url}#/compare/hero`)
    await page.getByRole('heading', { name: 'No result of this image yet' }).waitFor()
    expect(await page.locator('.compare').textContent()).not.toMatch(/Try params|as soon as/)
    const empty = await writeReport(createShop({ images: [] }))
    const { page: other } = await visitInspector(browser, empty)
    await other.getByRole('heading', { name: 'No image is upscaled yet' }).waitFor()
    expect(await other.locator('.gallery').textContent()).not.toContain('by you')
  })

  it('has hostile names and prompts in it as texts', async () => {
    const image = createImage('x', hostile.markup, 'missing', {
      query: 'magnific=2x',
      params: { prompt: hostile.prompt },
      reason: hostile.prompt,
    })
    const url = await writeReport(createShop({ images: [image], project: hostile.markup }))
    const { page, problems } = await visitInspector(browser, url)
    expect(await page.locator('.card').textContent()).toContain(hostile.prompt)
    expect(await page.locator('img[src=x]').count()).toBe(0)
    expect(await page.title()).toBe(`${hostile.markup} · Magnific`)
    expect(problems).toEqual([])
  })

  it('runs no script but its own', async () => {
    const url = await writeReport(createShop())
    const { page, problems } = await visitInspector(browser, url)
    await page.evaluate(() => {
      const script = document.createElement('script')
      // The policy wants more than a text here.
      try {
        script.text = "document.title = 'owned'"
      } catch {}
      document.body.append(script)
    })
    expect(await page.title()).toBe('shop · Magnific')
    expect(problems.length).toBeGreaterThan(0)
  })
})
