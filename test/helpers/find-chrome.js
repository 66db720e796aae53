import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome']
const usualPaths = [
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
]

/** The Chromium of this machine, as CHROME_PATH says or where it usually is; `undefined` where there is none. */
export function findChrome() {
  const { CHROME_PATH, PATH = '' } = process.env
  if (CHROME_PATH) return CHROME_PATH
  const folders = [...PATH.split(delimiter), '/usr/bin', '/usr/local/bin']
  const paths = folders.flatMap((folder) => names.map((name) => join(folder, name)))
  return [...paths, ...usualPaths].find((path) => existsSync(path))
}
