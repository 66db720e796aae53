/// <reference lib="dom" />
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chromePath, launchChrome, warnWithoutChrome } from '../helpers/browser.ts'
import { createImage, createInspection, createShop } from './inspections.ts'
import { createComparison, startMock, token } from './mock-server.ts'
import type { MockServer, MockState } from './mock-server.ts'
import { visitInspector } from './visits.ts'

warnWithoutChrome()

describe.skipIf(chromePath === undefined)('buying one image', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChrome()
  })
  afterAll(async () => browser.close())

  async function open(
    id: string,
    change: Partial<MockState> = {},
  ): Promise<{ page: Page; problems: string[]; server: MockServer }> {
    const server = await startMock(change.inspection ?? createShop({ mode: 'ui' }), change)
    const visit = await visitInspector(browser, `${server.page}#/image/${id}`)
    if (server.state.inspection.mode === 'ui') {
      await server.until(() => server.requests.some(({ url }) => url.endsWith('api/events')))
    }
    return { ...visit, server }
  }

  const buy = (page: Page) => page.getByRole('button', { name: /Upscale this one/ })
  const agree: MockState['upscale'] = ({ fingerprint }) => ({ ok: true, fingerprint })
  /** Buys the image at another scale than its source asks for. */
  async function buyAt2x(
    page: Page,
    server: MockServer,
  ): Promise<{ query: string; finish(): void }> {
    await page.getByRole('radio', { name: '2x' }).focus()
    await page.keyboard.press('Space')
    await page.getByRole('button', { name: 'Upscale this one · ~€0.10' }).click()
    await page.getByRole('button', { name: 'Spend ~€0.10' }).click()
    await server.until(() => server.posts('api/upscale').length === 1)
    const { fingerprint, query } = server.posts('api/upscale')[0].body as Record<string, string>
    const progress = { kind: 'progress', fingerprint, id: 'hero', since: Date.now() } as const
    server.send({ ...progress, phase: 'upscaling' })
    await page.locator('.running').getByText('Upscaling').waitFor()
    const finish = (): void => {
      const { candidates } = createComparison('hero', 'src/assets/hero.png')
      const result = { ...candidates[2], fingerprint, query }
      server.state.comparison = { file: 'src/assets/hero.png', candidates: [result] }
      server.send({ ...progress, phase: 'done' })
    }
    return { query, finish }
  }
  const dialog = (page: Page) => page.getByRole('dialog')

  it('states the estimate, asks once more, spends once, and shows the result', async () => {
    const { page, server, problems } = await open('hero', {
      upscale: () => ({ ok: true, fingerprint: 'f-hero' }),
    })
    expect(await buy(page).textContent()).toBe('Upscale this one · ~€0.20')
    await buy(page).focus()
    await page.keyboard.press('Enter')
    await dialog(page).waitFor()
    const text = (await dialog(page).textContent()) ?? ''
    for (const part of [
      'Upscale for ~€0.20?',
      'hero.png',
      '400 × 250 → 1600 × 1000',
      'emulator',
      '€4.60',
    ]) {
      expect(text).toContain(part)
    }
    // Whoever presses Enter twice has not bought it.
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Cancel')
    expect(server.posts('api/upscale')).toEqual([])
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await dialog(page).waitFor({ state: 'detached' })
    expect(await page.locator('.buy').evaluate((part) => part === document.activeElement)).toBe(
      true,
    )
    const [post] = server.posts('api/upscale')
    expect(post?.body).toEqual({
      id: 'hero',
      query: 'magnific=4x&prompt=a%20quiet%20valley&w=1600&format=webp',
      estimate: 0.2,
      fingerprint: 'f-hero',
    })
    expect(post?.request.headers).toMatchObject({
      'x-magnific-token': token,
      'content-type': 'application/json',
      'sec-fetch-site': 'same-origin',
    })

    const since = Date.now() - 65_000
    const running = page.locator('.running')
    server.send({ kind: 'progress', fingerprint: 'f-hero', phase: 'submitting', since })
    await running.getByText('Sending the image').waitFor()
    server.send({ kind: 'progress', fingerprint: 'f-hero', phase: 'upscaling', since })
    await running.getByText('Upscaling').waitFor()
    await running.getByText(/1 min \d+ s/).waitFor()
    expect(await buy(page).isVisible()).toBe(false)

    const [hero, ...others] = server.state.inspection.images
    server.state.inspection = createInspection(
      [
        createImage('hero', hero.file, 'cached', { query: hero.query, params: hero.params }),
        ...others,
      ],
      { mode: 'ui' },
    )
    server.send({ kind: 'progress', fingerprint: 'f-hero', phase: 'done', since })
    await page.locator('.is-after').getByText('Result').waitFor()
    await page.locator('.detail-title').getByText('Cached').waitFor()
    await running.waitFor({ state: 'hidden' })
    expect(await page.locator('[aria-live=polite]').allTextContents()).toContain('Done')
    expect(server.posts('api/upscale')).toHaveLength(1)
    expect(problems).toEqual([])
  })

  it('of another query shows its result, and how to use it', async () => {
    const { page, server } = await open('hero', { upscale: agree })
    const { finish } = await buyAt2x(page, server)
    finish()
    await page.getByText('This is the new result.').waitFor()
    expect(await page.locator('[data-kind=after] img').getAttribute('src')).toBe(
      'api/result/hero-2x',
    )
    expect(await page.locator('.lines mark').first().textContent()).toContain('magnific=2x')
    expect(await buy(page).isVisible()).toBe(false)
  })

  it('leaves a form alone that was changed while the result was made, and says where that is', async () => {
    const { page, server } = await open('hero', { upscale: agree })
    const { query, finish } = await buyAt2x(page, server)
    await page.getByRole('spinbutton', { name: 'Creativity' }).fill('8')
    await page.getByLabel('Query', { exact: true }).getByText('creativity=8').waitFor()
    await page.locator('.buy').getByText('1 more result is being made.').waitFor()
    finish()
    await page.getByText(`The result of ?${query} is here`).waitFor()
    await page.locator('.others-running').waitFor({ state: 'hidden' })
    expect(await page.getByRole('spinbutton', { name: 'Creativity' }).inputValue()).toBe('8')
    const shown = await page.getByLabel('Query', { exact: true }).textContent()
    expect(shown).toContain('creativity=8')
    expect(await page.getByText('This is the new result.').count()).toBe(0)
    expect(await buy(page).isEnabled()).toBe(true)
    await page.locator('.outcome').getByRole('link', { name: 'Compare results' }).click()
    await page.getByRole('button', { name: 'Pick result 1' }).waitFor()
  })

  it('of another query is told of wherever the image is shown, until its result is one to compare', async () => {
    const { page, server } = await open('hero', { upscale: agree })
    const { finish } = await buyAt2x(page, server)
    await page.getByRole('link', { name: 'All images' }).click()
    const card = page.getByRole('listitem').filter({ hasText: 'hero.png' })
    await card.getByText('1 more result is being made.').waitFor()
    await card.getByRole('link').click()
    await page.locator('.buy').getByText('1 more result is being made.').waitFor()
    expect(await page.getByRole('link', { name: /^Compare/ }).textContent()).toBe('Compare results')
    finish()
    await page.getByRole('link', { name: 'Compare results (1)' }).waitFor()
    await page.locator('.others-running').waitFor({ state: 'hidden' })
  })

  it('goes on at the image that the source asks for as soon as the line is pasted', async () => {
    const { page, server, problems } = await open('hero', { upscale: agree })
    const { query, finish } = await buyAt2x(page, server)
    finish()
    await page.getByText('This is the new result.').waitFor()
    const [hero, ...others] = server.state.inspection.images
    const pasted = createImage('pasted', hero.file, 'cached', { query })
    server.state.inspection = createInspection([pasted, ...others], { mode: 'ui' })
    server.send({ kind: 'changed' })
    await page.locator('.detail-title').getByText('Cached').waitFor()
    expect(page.url()).toBe(`${server.page}#/image/pasted`)
    expect(await page.locator('body > [role=status]').textContent()).toBe(
      'The source asks for it now.',
    )
    expect(await page.getByRole('alert').locator('visible=true').count()).toBe(0)
    expect(problems.filter((problem) => !problem.includes('ERR_ABORTED'))).toEqual([])
  })

  it('is offered no more where the image is gone: what else there is of its file is', async () => {
    const { page, server } = await open('hero')
    await page.getByLabel('Prompt').fill('another')
    await page.getByRole('button', { name: 'Upscale this one · ~€0.20' }).waitFor()
    const [hero, ...others] = server.state.inspection.images
    const other = createImage('other', hero.file, 'cached', { query: 'magnific=8x' })
    server.state.inspection = createInspection([other, ...others], { mode: 'ui' })
    server.send({ kind: 'changed' })
    await page.getByRole('alert').getByText('The project refers to it no longer').waitFor()
    expect(await buy(page).isVisible()).toBe(false)
    expect(await page.getByText('The estimate comes with the preview.').isVisible()).toBe(false)
    expect(await page.locator('.detail-title .chip').count()).toBe(0)
    expect(await page.getByRole('form', { name: 'Params' }).isVisible()).toBe(false)
    await page.getByRole('link', { name: '?magnific=8x' }).click()
    await page.locator('.detail-title').getByText('Cached').waitFor()
    // Who comes back to where it was is led on as well.
    await page.goBack()
    await page.getByRole('heading', { name: 'This image is not there any more' }).waitFor()
    await page.getByRole('link', { name: '?magnific=8x' }).waitFor()
  })

  it.each([
    [{ euros: 0.5, usedEuros: 0.4, usedTasks: 1 }, '€0.10 left'],
    [{ tasks: 2, usedEuros: 0.4, usedTasks: 2 }, '0 tasks left'],
  ])('is not offered where the budget does not allow it: %o', async (budget, left) => {
    const { page } = await open('hero', { inspection: createShop({ mode: 'ui', budget }) })
    await page.locator('.buy').getByText(left).waitFor()
    expect(await buy(page).isDisabled()).toBe(true)
  })

  it.each(['the button', 'Escape'])('is called off by %s, and spends nothing', async (by) => {
    const { page, server } = await open('hero')
    await buy(page).click()
    if (by === 'Escape') await page.keyboard.press('Escape')
    else await page.getByRole('button', { name: 'Cancel' }).click()
    await dialog(page).waitFor({ state: 'detached' })
    expect(await page.evaluate(() => document.activeElement?.textContent)).toContain(
      'Upscale this one',
    )
    expect(server.posts('api/upscale')).toEqual([])
  })

  it('is refused where it costs another sum by now: one has to ask anew', async () => {
    const { page, server } = await open('hero', {
      upscale: () => ({ ok: false, problem: 'It is estimated at €0.30 by now, not at €0.20.' }),
    })
    await buy(page).click()
    await page.getByRole('button', { name: 'Spend ~€0.20' }).click()
    await dialog(page).getByRole('alert').getByText('It is estimated at €0.30').waitFor()
    expect(await page.getByRole('button', { name: /^Spend/ }).isVisible()).toBe(false)
    await page.getByRole('button', { name: 'Close' }).click()
    expect(server.posts('api/upscale')).toHaveLength(1)
  })

  it('does not speak of spending where the result is paid for', async () => {
    const { page, server } = await open('dunes', {
      upscale: ({ fingerprint }) => ({ ok: true, fingerprint }),
    })
    await page.getByRole('button', { name: 'Fetch the result', exact: true }).click()
    await dialog(page).getByRole('heading', { name: 'Fetch the result?' }).waitFor()
    const text = (await dialog(page).textContent()) ?? ''
    expect(text).toContain('It is paid for')
    expect(text).not.toMatch(/€|spend|estimate/i)
    await page.getByRole('button', { name: 'Fetch', exact: true }).click()
    await server.until(() => server.posts('api/upscale').length === 1)
    expect(server.posts('api/upscale')[0]?.body).toMatchObject({ id: 'dunes', estimate: 0 })
  })

  it('says why it failed, and can be tried again', async () => {
    const { page, server } = await open('hero', {
      upscale: () => ({ ok: true, fingerprint: 'f-hero' }),
    })
    await buy(page).click()
    await page.getByRole('button', { name: 'Spend ~€0.20' }).click()
    await server.until(() => server.posts('api/upscale').length === 1)
    const message = 'The service refused the prompt.'
    server.send({ kind: 'progress', fingerprint: 'f-hero', phase: 'failed', message, since: 0 })
    await page.getByRole('alert').getByText(message).waitFor()
    expect(await buy(page).isEnabled()).toBe(true)
  })

  it('says so when the server does not answer', async () => {
    const { page, server } = await open('hero')
    await buy(page).click()
    server.state.isGone = true
    await page.getByRole('button', { name: 'Spend ~€0.20' }).click()
    await dialog(page).getByText('The server does not answer.').waitFor()
    expect(await page.getByText('The server is gone').isVisible()).toBe(true)
  })

  it('sends the fingerprint of the very answer that it speaks of', async () => {
    const { page, server } = await open('hero')
    await page.getByLabel('Prompt').fill('another')
    await buy(page).and(page.locator(':enabled')).click()
    await page.getByRole('button', { name: 'Spend ~€0.20' }).click()
    await server.until(() => server.posts('api/upscale').length === 1)
    const query = 'magnific=4x&prompt=another&w=1600&format=webp'
    expect(server.posts('api/upscale')[0]?.body).toEqual({
      id: 'hero',
      query,
      estimate: 0.2,
      fingerprint: `f-hero-${query}`,
    })
  })

  it.each(['its source', 'its estimate', 'all of it'])(
    'is called off, and it is said why, where %s changes while it is asked about',
    async (what) => {
      const { page, server } = await open('hero')
      await buy(page).click()
      await dialog(page).waitFor()
      const [hero, ...others] = server.state.inspection.images
      // What changes elsewhere is nothing to it.
      server.state.inspection = createInspection([hero, ...others.slice(1)], { mode: 'ui' })
      server.send({ kind: 'changed' })
      await page.locator('.totals').getByText('of 8 cached').waitFor()
      expect(await dialog(page).isVisible()).toBe(true)
      const changed = {
        'its source': [{ ...hero, fingerprint: 'f-other' }],
        'its estimate': [{ ...hero, estimate: 0.3 }],
        'all of it': [],
      }[what]!
      server.state.inspection = createShop({ mode: 'ui', images: [...changed, ...others] })
      server.send({ kind: 'changed' })
      await dialog(page).waitFor({ state: 'detached' })
      await page.getByRole('alert').getByText('The image changed meanwhile').waitFor()
      expect(server.posts('api/upscale')).toEqual([])
    },
  )

  it('sends the token of the server that answers now', async () => {
    const { page, server } = await open('hero')
    server.state.isGone = true
    server.drop()
    await page.getByText('The server is gone').waitFor()
    server.state.token = 'token-of-the-next-run'
    server.state.isGone = false
    await page.getByText('The server is gone').waitFor({ state: 'hidden' })
    expect(page.url()).toBe(`${server.page}#/image/hero`)
    await buy(page).click()
    await page.getByRole('button', { name: 'Spend ~€0.20' }).click()
    await server.until(() => server.posts('api/upscale').length === 1)
    expect(server.posts('api/upscale')[0]?.request.headers).toMatchObject({
      'x-magnific-token': 'token-of-the-next-run',
    })
  })

  it('is not offered where it is not allowed, and it is said why', async () => {
    const buying = { allowed: false, why: 'there is no API key.' } as const
    const { page } = await open('hero', { inspection: createShop({ mode: 'ui', buying }) })
    await page.getByText('Nothing can be bought here: there is no API key.').waitFor()
    expect(await buy(page).isVisible()).toBe(false)
  })

  it('is not offered of what is paid for, or may be', async () => {
    const { page, server } = await open('valley')
    await page.getByText('It is paid for, and in the cache.').waitFor()
    expect(await buy(page).isVisible()).toBe(false)
    await page.goto(`${server.page}#/image/lake`)
    await page.getByText('It may have been paid for already').waitFor()
    expect(await buy(page).isVisible()).toBe(false)
  })

  it.each([
    ['moor', 'npx magnific retry 0123456789ab'],
    ['lake', 'npx magnific resolve 0123456789ab'],
  ])('is not offered of %s: there is a command that settles it', async (id, command) => {
    const inspection = createShop()
    const images = inspection.images.map((image) =>
      image.id === id ? { ...image, fingerprint: '0123456789abcdef'.repeat(4) } : image,
    )
    const server = await startMock({ ...inspection, images })
    const settings = { permissions: ['clipboard-read', 'clipboard-write'] }
    const { page } = await visitInspector(browser, `${server.page}#/image/${id}`, settings)
    expect(await page.getByLabel('Command').textContent()).toBe(command)
    expect(await buy(page).isVisible()).toBe(false)
    await page.getByRole('button', { name: 'Copy command' }).click()
    await expect.poll(async () => page.evaluate('navigator.clipboard.readText()')).toBe(command)
  })

  it('is not offered of what is invalid', async () => {
    const { page } = await open('peak')
    await page.getByText('This reference cannot be built.').waitFor()
    expect(await buy(page).isVisible()).toBe(false)
    expect(await page.getByLabel('Command').count()).toBe(0)
  })

  it('is the only thing that asks the server to spend', async () => {
    const { page, server } = await open('hero')
    await page.getByLabel('Prompt').fill('another')
    await page.getByRole('button', { name: 'Upscale this one · ~€0.20' }).waitFor()
    await page.getByRole('link', { name: /^Compare/ }).click()
    await page.getByRole('heading', { name: 'No result of this image yet' }).waitFor()
    const posts = server.requests.filter(({ method }) => method === 'POST').map(({ url }) => url)
    expect(new Set(posts)).toEqual(new Set(['/app/__magnific/api/preview']))
  })
})
