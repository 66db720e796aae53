import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chromePath, launchChrome, openPage, warnWithoutChrome } from '../helpers/browser.ts'
import { postsTo } from '../helpers/emulator.ts'
import { openPlannedProject, viteConfigOf } from '../helpers/planned-project.ts'
import { startUi } from '../helpers/ui.ts'

const options = `{
  defaults: { prompt: 'a calm day', creativity: 2 },
  presets: { card: { magnific: '4x', hdr: 5, w: [100, 200] } },
}`

warnWithoutChrome()

describe.skipIf(chromePath === undefined)('the form, with a real server', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChrome()
  })
  afterAll(async () => browser.close())

  it('has queries written that mean what it shows, and buys what it shows', async () => {
    const planned = await openPlannedProject({
      'src/main.js': "import a from './a.png?magnific=2x&format=webp'\nconsole.log(a)\n",
      'vite.config.js': viteConfigOf(options),
    })
    const ui = await startUi(planned)
    const { page } = await openPage(browser, `http://127.0.0.1:${ui.port}/__magnific/`)
    page.setDefaultTimeout(20_000)
    const query = page.getByLabel('Query', { exact: true })
    const choose = async (scale: string): Promise<void> => {
      await page.getByRole('radio', { name: scale }).focus()
      await page.keyboard.press('Space')
    }
    await page.getByRole('link', { name: 'a.png' }).click()
    expect(await page.getByLabel('Prompt').inputValue()).toBe('a calm day')

    await choose('card')
    await query.getByText('magnific=card').waitFor()
    expect(await page.getByRole('spinbutton', { name: 'HDR' }).inputValue()).toBe('5')
    expect(await page.getByRole('spinbutton', { name: 'Creativity' }).inputValue()).toBe('2')

    // A default that is not empty cannot be taken back by a query.
    await page.getByLabel('Prompt').fill('')
    await page
      .locator('.outcome [role=alert]')
      .getByText(/prompt/i)
      .waitFor()
    expect(await page.getByRole('button', { name: /Upscale this one/ }).isDisabled()).toBe(true)

    await page.getByLabel('Prompt').fill("it's (new)")
    await choose('2x')
    await query.getByText('magnific=2x').waitFor()
    expect(await query.textContent()).toContain('prompt=it%27s%20%28new%29')
    expect(await page.getByRole('spinbutton', { name: 'HDR' }).inputValue()).toBe('5')
    await page.getByRole('button', { name: 'Upscale this one · ~€0.10' }).click()
    expect(postsTo(planned.emulator)).toBe(0)
    await page.getByRole('button', { name: 'Spend ~€0.10' }).click()
    await page.getByText('This is the new result.').waitFor()
    expect(postsTo(planned.emulator)).toBe(1)
    const [task] = planned.emulator.tasks
    expect(task?.params).toMatchObject({ prompt: "it's (new)", hdr: 5, creativity: 2 })
    await ui.end()
  })
})
