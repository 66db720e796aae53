/// <reference lib="dom" />
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chromePath, launchChrome, warnWithoutChrome } from '../helpers/browser.ts'
import { createImage, createInspection, createShop } from './inspections.ts'
import { answerPreview, startMock } from './mock-server.ts'
import type { MockServer, MockState } from './mock-server.ts'
import { visitInspector } from './visits.ts'
import type { InspectorVisit } from './visits.ts'

warnWithoutChrome()

interface Box {
  x: number
  y: number
  width: number
  height: number
}

async function boxOf(locator: Locator): Promise<Box> {
  const box = await locator.boundingBox()
  if (!box) throw new Error('It is not to be seen.')
  return box
}

const before = (page: Page): Locator => page.locator('[data-kind=before] img')
const after = (page: Page): Locator => page.locator('[data-kind=after] img')
const slider = (page: Page): Locator => page.getByRole('slider', { name: 'Before and after' })
const query = (page: Page): Locator => page.getByLabel('Query', { exact: true })
const zoom = async (page: Page): Promise<string> =>
  (await page.locator('output.zoom').textContent()) ?? ''

describe.skipIf(chromePath === undefined)('an image', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChrome()
  })
  afterAll(async () => browser.close())

  async function open(
    id: string,
    change: Partial<MockState> = {},
    settings: object = {},
  ): Promise<InspectorVisit & { server: MockServer }> {
    const server = await startMock(change.inspection ?? createShop(), change)
    const visit = await visitInspector(browser, `${server.page}#/image/${id}`, settings)
    await before(visit.page).evaluate(async (image) => (image as HTMLImageElement).decode())
    return { ...visit, server }
  }

  it('is opened from the gallery by keyboard, and shows both pictures at the size of the result', async () => {
    const server = await startMock(createShop())
    const { page, problems } = await visitInspector(browser, server.page)
    await page.getByRole('link', { name: 'valley.jpg' }).focus()
    await page.keyboard.press('Enter')
    await slider(page).waitFor()
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('H2')
    await after(page).evaluate(async (image) => (image as HTMLImageElement).decode())
    const [left, right] = [await boxOf(before(page)), await boxOf(after(page))]
    expect(left).toEqual(right)
    expect(left.width / left.height).toBeCloseTo(1.6, 2)
    const stage = await boxOf(page.locator('.stage'))
    expect(left.width).toBeLessThanOrEqual(stage.width + 1)
    expect(await page.locator('.is-after').textContent()).toBe('Result')
    await page.getByRole('link', { name: 'Next image' }).click()
    await page.getByRole('heading', { name: 'coast.png' }).waitFor()
    expect(await page.locator('.is-after').textContent()).toBe('Preview, not upscaled')
    expect(problems).toEqual([])
  })

  it('is split by keyboard, by mouse and by touch', async () => {
    const { page } = await open('valley', {}, { hasTouch: true })
    const split = async (): Promise<string> =>
      page
        .locator('.stage')
        .evaluate((stage) => getComputedStyle(stage).getPropertyValue('--split'))
    const shown = async (): Promise<string | null> => slider(page).getAttribute('aria-valuenow')
    await slider(page).focus()
    await page.keyboard.press('ArrowRight')
    expect([await shown(), await split()]).toEqual(['52', '52%'])
    await page.keyboard.press('Shift+ArrowLeft')
    expect(await shown()).toBe('42')
    await page.keyboard.press('Home')
    expect([await shown(), await split()]).toEqual(['0', '0%'])
    expect(await slider(page).getAttribute('aria-valuetext')).toBe('0 % before, 100 % after')
    await page.keyboard.press('End')
    expect(await shown()).toBe('100')

    const stage = await boxOf(page.locator('.stage'))
    const at = (share: number): [number, number] => [
      stage.x + stage.width * share,
      stage.y + stage.height / 2,
    ]
    // Anywhere in a picture that is in sight as a whole.
    await page.mouse.click(...at(0.25))
    expect(await shown()).toBe('25')
    await page.mouse.move(...at(0.25))
    await page.mouse.down()
    await page.mouse.move(...at(0.7))
    await page.mouse.up()
    expect(await shown()).toBe('70')
    await page.touchscreen.tap(...at(0.4))
    expect(await shown()).toBe('40')
  })

  it('is zoomed to 400 % by keyboard, in hard pixels, and panned', async () => {
    const { page } = await open('valley')
    await page.locator('.stage').focus()
    await page.keyboard.press('1')
    expect(await zoom(page)).toBe('100 %')
    expect((await boxOf(before(page))).width).toBeCloseTo(1600, 0)
    expect(await before(page).evaluate((image) => getComputedStyle(image).imageRendering)).toBe(
      'auto',
    )
    await page.getByRole('button', { name: '400 %' }).click()
    expect(await zoom(page)).toBe('400 %')
    const first = await boxOf(after(page))
    expect(first.width).toBeCloseTo(6400, 0)
    expect(await boxOf(before(page))).toEqual(first)
    for (const image of [before(page), after(page)]) {
      expect(await image.evaluate((each) => getComputedStyle(each).imageRendering)).toBe(
        'pixelated',
      )
    }
    await page.locator('.stage').focus()
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowDown')
    const second = await boxOf(after(page))
    expect([first.x - second.x, first.y - second.y]).toEqual([60, 60])
    expect(await boxOf(before(page))).toEqual(second)

    const stage = await boxOf(page.locator('.stage'))
    await page.mouse.move(stage.x + 200, stage.y + 200)
    await page.mouse.down()
    await page.mouse.move(stage.x + 320, stage.y + 170)
    await page.mouse.up()
    const third = await boxOf(after(page))
    expect([third.x - second.x, third.y - second.y]).toEqual([120, -30])
    // Its edge is not drawn into the stage.
    await page.locator('.stage').focus()
    for (let step = 0; step < 80; step++) await page.keyboard.press('ArrowLeft')
    expect((await boxOf(after(page))).x).toBeCloseTo(stage.x, 0)
    await page.keyboard.press('0')
    expect((await boxOf(after(page))).width).toBeLessThanOrEqual(stage.width + 1)
  })

  it('has one pixel of the result for each of the screen at 100 %, however dense that is', async () => {
    const { page } = await open('valley', {}, { deviceScaleFactor: 2 })
    await page.getByRole('button', { name: '100 %' }).click()
    expect((await boxOf(after(page))).width).toBeCloseTo(800, 0)
  })

  it('keeps the point under the pointer when the wheel zooms', async () => {
    const { page } = await open('valley')
    await page.locator('.stage').focus()
    await page.keyboard.press('1')
    const stage = await boxOf(page.locator('.stage'))
    const pointer = { x: stage.x + 300, y: stage.y + 200 }
    const share = (box: Box): number[] => [
      (pointer.x - box.x) / box.width,
      (pointer.y - box.y) / box.height,
    ]
    const [x = 0, y = 0] = share(await boxOf(after(page)))
    await page.mouse.move(pointer.x, pointer.y)
    await page.mouse.wheel(0, -200)
    await expect.poll(async () => zoom(page)).not.toBe('100 %')
    const [nextX, nextY] = share(await boxOf(after(page)))
    expect(nextX).toBeCloseTo(x, 3)
    expect(nextY).toBeCloseTo(y, 3)
  })

  it('is pinched with two fingers', async () => {
    const { page } = await open(
      'valley',
      {},
      { hasTouch: true, viewport: { width: 360, height: 740 } },
    )
    const stage = await boxOf(page.locator('.stage'))
    const fit = (await boxOf(after(page))).width
    const middle = { x: stage.x + stage.width / 2, y: stage.y + stage.height / 2 }
    const session = await page.context().newCDPSession(page)
    const touch = async (type: 'touchStart' | 'touchMove' | 'touchEnd', apart: number) =>
      session.send('Input.dispatchTouchEvent', {
        type,
        touchPoints:
          type === 'touchEnd'
            ? []
            : [
                { x: middle.x - apart, y: middle.y, id: 1 },
                { x: middle.x + apart, y: middle.y, id: 2 },
              ],
      })
    await touch('touchStart', 30)
    await touch('touchMove', 60)
    await touch('touchMove', 90)
    await touch('touchEnd', 0)
    await expect.poll(async () => (await boxOf(after(page))).width / fit).toBeCloseTo(3, 1)
    expect(await boxOf(before(page))).toEqual(await boxOf(after(page)))
  })

  it('shows the query and the preview of what is typed, asking once', async () => {
    const { page, server, problems } = await open('hero')
    // However long the machine takes for it, it is typed without a long pause.
    await page.clock.install()
    await page.clock.pauseAt(Date.now() + 3_600_000)
    const { length } = server.posts('api/preview')
    await page.getByRole('radio', { name: '8x' }).focus()
    await page.keyboard.press('Space')
    await page.clock.runFor(100)
    await page.getByLabel('Prompt').fill("it's (new)")
    await page.getByRole('slider', { name: 'Creativity' }).focus()
    for (let step = 0; step < 3; step++) {
      await page.clock.runFor(100)
      await page.keyboard.press('ArrowRight')
    }
    await page.getByRole('switch', { name: 'Filter NSFW', exact: true }).check()
    await page.clock.resume()
    await page.getByRole('button', { name: 'Upscale this one · ~€0.30' }).waitFor()
    const expected =
      "?magnific=8x&prompt=it's%20(new)&creativity=3&filter_nsfw=true&w=1600&format=webp"
    expect(await query(page).textContent()).toBe(expected)
    expect(await page.getByRole('spinbutton', { name: 'Creativity' }).inputValue()).toBe('3')
    expect(await page.locator('.is-after').textContent()).toBe('Preview, not upscaled')
    expect(await after(page).getAttribute('src')).toContain('magnific%3D8x')
    expect(await page.locator('.outcome').textContent()).toContain('A local preview')
    const asked = server.posts('api/preview').map(({ body }) => body)
    expect(asked.at(-1)).toEqual({
      id: 'hero',
      params: {
        scale_factor: '8x',
        optimized_for: 'standard',
        prompt: "it's (new)",
        creativity: 3,
        hdr: 0,
        resemblance: 0,
        fractality: 0,
        engine: 'automatic',
        filter_nsfw: true,
      },
    })
    expect(asked).toHaveLength(length + 1)
    // The lines to be written are there as well, as they are escaped in each.
    const lines = await page.locator('.lines pre').allTextContents()
    expect(lines[0]).toBe(`import hero from '../assets/hero.png${expected}'`)
    expect(lines[1]).toContain(expected.replaceAll('&', '&amp;'))
    await page.getByRole('button', { name: 'Back to the source' }).click()
    expect(await query(page).textContent()).toBe(
      '?magnific=4x&prompt=a%20quiet%20valley&w=1600&format=webp',
    )
    expect(await page.getByLabel('Prompt').inputValue()).toBe('a quiet valley')
    expect(server.posts('api/upscale')).toEqual([])
    expect(problems.filter((problem) => !problem.includes('ERR_ABORTED'))).toEqual([])
  })

  it('says what is wrong where it is wrong, and offers nothing then', async () => {
    const { page, server } = await open('hero', {
      preview: () => ({ ok: false, problem: 'The result would have 400 megapixels. Take 4x.' }),
    })
    const number = page.getByRole('spinbutton', { name: 'HDR, as a number' })
    await number.fill('11')
    await page.getByText('HDR is a whole number from -10 to 10.').first().waitFor()
    expect(await number.getAttribute('aria-invalid')).toBe('true')
    expect(await page.getByRole('button', { name: /Upscale/ }).isDisabled()).toBe(true)
    expect(server.posts('api/preview')).toEqual([])
    await number.fill('10')
    await page.getByText('The result would have 400 megapixels. Take 4x.').waitFor()
    expect(await page.getByRole('button', { name: /Upscale/ }).isDisabled()).toBe(true)
    // Nor is there a query to be written anywhere.
    expect(await page.getByRole('button', { name: 'Copy query' }).isDisabled()).toBe(true)
    expect(await query(page).textContent()).toBe('')
    expect(await page.getByRole('button', { name: 'Copy line' }).count()).toBe(0)
  })

  it('shows what a preset says, keeps what was touched, and asks for all of it by another scale', async () => {
    const shop = createShop()
    const fields = shop.fields.map((field) =>
      field.key === 'magnific' ? { ...field, values: [...field.values!, 'soft'] } : field,
    )
    const inspection = { ...shop, fields }
    const presets = { soft: { scale_factor: '8x', prompt: 'of silk', hdr: 7, creativity: 1 } }
    const { page, server } = await open('coast', {
      inspection,
      preview: (body) => answerPreview(inspection, body, presets),
    })
    await page.getByRole('spinbutton', { name: 'Creativity' }).fill('3')
    await page.getByRole('radio', { name: 'soft' }).focus()
    await page.keyboard.press('Space')
    await expect
      .poll(async () => page.getByRole('spinbutton', { name: 'HDR' }).inputValue())
      .toBe('7')
    expect(await page.getByLabel('Prompt').inputValue()).toBe('of silk')
    expect(await page.getByRole('spinbutton', { name: 'Creativity' }).inputValue()).toBe('3')
    expect(await query(page).textContent()).toBe('?magnific=soft&creativity=3')
    expect(server.posts('api/preview').at(-1)?.body).toEqual({
      id: 'coast',
      params: { creativity: 3 },
      preset: 'soft',
    })
    await page.getByRole('radio', { name: '4x' }).focus()
    await page.keyboard.press('Space')
    await query(page).getByText('magnific=4x').waitFor()
    expect(server.posts('api/preview').at(-1)?.body).toMatchObject({
      params: { scale_factor: '4x', prompt: 'of silk', hdr: 7, creativity: 3 },
    })
  })

  it.each([
    ['preview', 'cached', 'Preview, not upscaled'],
    ['result', 'cached', 'Result'],
    ['preview', 'missing', 'Preview, not upscaled'],
  ])('calls a %s of what is %s what it is', async (afterKind, state, label) => {
    const inspection = createShop()
    const { page } = await open('valley', {
      inspection,
      preview: (body) => ({ ...answerPreview(inspection, body), state, afterKind }),
    })
    await page.getByLabel('Prompt').fill('another')
    await query(page).getByText('another').waitFor()
    expect(await page.locator('.is-after').textContent()).toBe(label)
  })

  it('asks anew where the source has changed under what was answered', async () => {
    const { page, server } = await open('hero', { inspection: createShop({ mode: 'ui' }) })
    await server.until(() => server.requests.some(({ url }) => url.endsWith('api/events')))
    await page.getByLabel('Prompt').fill('mine')
    await query(page).getByText('mine').waitFor()
    const [hero, ...others] = server.state.inspection.images
    const changed = { ...hero, fingerprint: 'f-other' }
    server.state.inspection = createInspection([changed, ...others], { mode: 'ui' })
    server.send({ kind: 'changed' })
    await server.until(() => server.posts('api/preview').length === 2)
  })

  it('puts the query and the source line on the clipboard', async () => {
    const { page } = await open('hero', {}, { permissions: ['clipboard-read', 'clipboard-write'] })
    const clipboard = async (): Promise<string> => page.evaluate('navigator.clipboard.readText()')
    await page.getByRole('spinbutton', { name: 'Fractality' }).fill('-4')
    await query(page).getByText('fractality').waitFor()
    await page.getByRole('button', { name: 'Copy query' }).click()
    await page.getByText('Copied').first().waitFor()
    const expected = '?magnific=4x&prompt=a%20quiet%20valley&fractality=-4&w=1600&format=webp'
    expect(await clipboard()).toBe(expected)
    await page.getByRole('button', { name: 'Copy line' }).first().click()
    await expect.poll(clipboard).toBe(`import hero from '../assets/hero.png${expected}'`)
  })

  it('copies no part of a line in place of the line', async () => {
    const inspection = createShop()
    const [hero] = inspection.images
    hero.importers = [
      { file: 'a.ts', line: 1, text: `… './hero.png?${hero.query}' …`, isPart: true },
      { file: 'a.ts', line: 2, text: `… './hero.png?magnific=4x&pro…`, isPart: true },
    ]
    const { page } = await open('hero', { inspection })
    const part = 'The line is long: this is a part of it.'
    expect(await page.locator('.lines .hint').allTextContents()).toEqual(
      expect.arrayContaining([part]),
    )
    await page.getByRole('spinbutton', { name: 'Fractality' }).fill('-4')
    await page.locator('.lines mark').getByText('fractality=-4').waitFor()
    expect(await page.getByRole('button', { name: 'Copy line' }).count()).toBe(0)
    expect(await page.getByText(`${part} Copy the query, and put it there.`).count()).toBe(2)
    expect(await page.getByText('put together elsewhere').count()).toBe(0)
  })

  it('notices what other processes did as soon as it is looked at again, and draws nothing anew where that is nothing', async () => {
    const { page, server } = await open('hero')
    const line = await page.locator('.lines li').first().elementHandle()
    const look = async (): Promise<void> => {
      const reads = (): number =>
        server.requests.filter(({ url }) => url.endsWith('api/inspection')).length
      const read = reads()
      await page.evaluate(() => dispatchEvent(new Event('focus')))
      await server.until(() => reads() > read)
    }
    await look()
    const [hero, ...others] = server.state.inspection.images
    const cached = createImage('hero', hero.file, 'cached', {
      query: hero.query,
      importers: hero.importers,
    })
    server.state.inspection = createInspection([cached, ...others])
    await look()
    await page.locator('.detail-title').getByText('Cached').waitFor()
    expect(await line?.evaluate((element) => element.isConnected)).toBe(true)
  })

  it('says what is wrong with a picture, beside what can be shown', async () => {
    const { page } = await open('hero', {
      picture: (_id, which) => (which === 'before' ? undefined : Buffer.from('no picture')),
    })
    const text = 'This picture cannot be shown. The browser cannot show it.'
    const problem = page.locator('[data-kind=after]').getByText(text)
    await problem.waitFor()
    expect(await slider(page).isVisible()).toBe(false)
    const [box, stage] = [await boxOf(problem), await boxOf(page.locator('.stage'))]
    expect(box.x).toBeCloseTo(stage.x + stage.width / 2, 0)
    expect(await page.locator('.outcome').textContent()).toContain('There is no preview of it.')
    expect(await page.locator('.outcome').textContent()).not.toContain('A local preview')
  })

  it('is as it was left where the page is loaded anew', async () => {
    const { page } = await open('hero')
    await page.getByLabel('Prompt').fill('mine')
    await page.getByRole('radio', { name: '8x' }).focus()
    await page.keyboard.press('Space')
    await query(page).getByText('magnific=8x').waitFor()
    const shown = await query(page).textContent()
    await page.reload()
    await expect.poll(async () => query(page).textContent()).toBe(shown)
    expect(await page.getByLabel('Prompt').inputValue()).toBe('mine')
    expect(await page.getByRole('radio', { name: '8x' }).isChecked()).toBe(true)
    // It is kept for this image alone, and once.
    await page.getByRole('button', { name: 'Back to the source' }).click()
    await page.reload()
    await page.getByLabel('Prompt').waitFor()
    expect(await page.getByLabel('Prompt').inputValue()).toBe('a quiet valley')
  })

  it('opens the source in the editor, and says so where that fails', async () => {
    const { page, server } = await open('hero')
    const editor = page.getByRole('button', { name: 'Open in editor' })
    await editor.nth(1).click()
    await server.until(() => server.posts('api/open').length === 1)
    expect(server.posts('api/open')[0]?.body).toEqual({ file: 'index.html', line: 21 })
    await page.getByText('Your editor was asked. If nothing opens, see the terminal.').waitFor()
    server.state.open = () => ({ ok: false, problem: 'No editor was found.' })
    await editor.first().click()
    await page.getByText('No editor was found.').waitFor()
  })

  it('opens no editor where there is no dev server', async () => {
    const { page } = await open('hero', { inspection: createShop({ mode: 'ui' }) })
    expect(await page.getByRole('button', { name: 'Copy query' }).count()).toBe(1)
    expect(await page.getByRole('button', { name: 'Open in editor' }).count()).toBe(0)
  })

  it('keeps what was typed when the project changes, and takes the new result', async () => {
    const { page, server } = await open('hero', { inspection: createShop({ mode: 'ui' }) })
    await page.getByLabel('Prompt').fill('mine')
    await server.until(() => server.requests.some(({ url }) => url.endsWith('api/events')))
    const [hero, ...others] = server.state.inspection.images
    const cached = createImage('hero', hero.file, 'cached', {
      query: hero.query,
      params: hero.params,
    })
    server.state.inspection = createInspection([cached, ...others], { mode: 'ui' })
    server.send({ kind: 'changed' })
    await page.locator('.detail-title').getByText('Cached').waitFor()
    expect(await page.getByLabel('Prompt').inputValue()).toBe('mine')
    await page.getByRole('button', { name: 'Back to the source' }).click()
    await expect.poll(async () => page.locator('.is-after').textContent()).toBe('Result')
  })

  it('shows the picture before alone where there is nothing to set beside it', async () => {
    const { page } = await open('peak')
    expect(await slider(page).isVisible()).toBe(false)
    expect(await page.locator('.reason').textContent()).toContain('one of 2x, 4x, 8x, 16x')
    expect(await page.getByRole('button', { name: /Upscale/ }).isVisible()).toBe(false)
    // Its query can be mended here.
    await page.getByRole('radio', { name: '4x' }).focus()
    await page.keyboard.press('Space')
    await expect.poll(async () => query(page).textContent()).toBe('?magnific=4x&hdr=4')
    await page.getByRole('button', { name: /Upscale this one/ }).waitFor()
  })

  it('says that it is gone where it is', async () => {
    const server = await startMock(createShop())
    const { page } = await visitInspector(browser, `${server.page}#/image/nowhere`)
    await page.getByRole('heading', { name: 'This image is not there any more' }).waitFor()
  })

  it('moves nothing where motion is not wanted', async () => {
    const { page } = await open('hero', {}, { reducedMotion: 'reduce' })
    const animations = 'document.getAnimations().length'
    expect(await page.evaluate(animations)).toBe(0)
    expect(
      await page
        .locator('.stripe')
        .evaluate((stripe) => getComputedStyle(stripe, '::after').animationName),
    ).toBe('none')
  })
})
