import { mkdirSync, symlinkSync } from 'node:fs'
import { expect } from 'vitest'
import sharp from 'sharp'
import { canary } from './canary.ts'
import { makeJpeg, makePng, makeWebp } from './images.ts'
import { drawPlain, insertChunk, makeApng, makeBombPng } from './odd-images.ts'
import { tmpProject } from './project.ts'
import type { OnEnd, Project } from './project.ts'
import type { RawAnswer } from './raw-http.ts'

/** A project with every kind of file that a dev server may be asked for, and a folder beside it that is nobody's business. */
export interface GuardedProject {
  project: Project
  outside: Project
  /** Another folder outside, which `server.fs.allow` names. */
  allowed: Project
}

/** What a `server.fs.deny` of a careful user holds: Vite's own, which it replaces, and more. */
export const deniedFiles: string[] = [
  '.env',
  '.env.*',
  '*.{crt,pem}',
  '**/.git/**',
  'denied.png',
  '**/private/**',
]

const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="60" height="40"><circle r="9"/></svg>'

/** Is in every file that must not be read, as text. */
const secretText = 'for-no-eyes-but-mine.'.repeat(12)
/** And this is every pixel of it. */
const secretColour = [255, 0, 255]

/** As text, and as it is in base64, where the text begins at each of three places; the API key as well. */
const secretTraces = [
  canary,
  secretText.slice(0, 40),
  ...[0, 1, 2].map((shift) => Buffer.from(secretText).toString('base64', shift, shift + 60)),
]

/** Makes the folders. Pictures of noise are of 60×40 pixels, but `tiny.png`, which has 8×6. They last until the end. */
export async function makeGuardedProject(onEnd: OnEnd): Promise<GuardedProject> {
  const png = await makePng()
  const secret = insertChunk(
    await drawPlain(40, 30, '#f0f').png().toBuffer(),
    'tEXt',
    Buffer.from(`Comment\0${secretText}`),
  )
  const outside = tmpProject(
    { 'secret.png': secret, 'folder/secret.png': secret, 'secret.txt': secretText },
    onEnd,
  )
  const allowed = tmpProject({ 'shared.png': await makePng({ seed: 9 }) }, onEnd)
  const files = {
    'src/main.js': "import hero from './hero.png?magnific=2x'\nconsole.log(hero)\n",
    'src/hero.png': png,
    'src/tiny.png': await makePng({ width: 8, height: 6 }),
    'src/photo.jpg': await makeJpeg(),
    'src/photo.webp': await makeWebp(),
    'src/a picture.png': await makePng({ seed: 2 }),
    'src/größe-絵.png': await makePng({ seed: 3 }),
    'src/sharp#1.png': await makePng({ seed: 4 }),
    'src/100%.png': await makePng({ seed: 5 }),
    'src/a+b&c=d.png': await makePng({ seed: 6 }),
    'src/really-a-jpeg.png': await makeJpeg({ seed: 7 }),
    'src/unrelated.png': await makePng({ seed: 8 }),
    'public/logo.png': png,
    'src/text.png': 'This is no picture.',
    'src/empty.png': '',
    'src/cut.png': png.subarray(0, png.length / 2),
    'src/animated.png': makeApng(png),
    'src/icon.svg': svg,
    'src/svg.png': svg,
    'src/animated.gif': await sharp([png, await makePng({ seed: 9 })], { join: { animated: true } })
      .gif()
      .toBuffer(),
    'src/photo.heic': Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1'),
    'src/bomb.png': makeBombPng(16_000, 16_000),
    'src/large.png': await drawPlain(2000, 2000).png().toBuffer(),
    'src/style.css': '.a { color: red }',
    'src/denied.png': secret,
    'src/private/diary.png': secret,
    'src/.env.png': secret,
    '.env.local.png': secret,
    'src/.git/secret.png': secret,
  }
  const project = tmpProject(files, onEnd)
  mkdirSync(project.path('src/folder.png'))
  const links = {
    'link-out.png': outside.path('secret.png'),
    'link-folder': outside.path('folder'),
    'link-device.png': '/dev/zero',
    'link-nowhere.png': project.path('src/nowhere.png'),
    'link-loop.png': project.path('src/link-loop.png'),
    'link-denied.png': project.path('src/denied.png'),
    'link-in.png': project.path('src/hero.png'),
    '.env.link.png': project.path('src/hero.png'),
  }
  for (const [name, target] of Object.entries(links)) symlinkSync(target, project.path('src', name))
  return { project, outside, allowed }
}

/**
 * Fails where an answer shows anything of a secret file: its bytes, its text in base64, or its pixels, enlarged or not; or
 * the API key.
 */
export async function expectNoSecret({ headers, body }: Omit<RawAnswer, 'status'>): Promise<void> {
  const text = `${JSON.stringify(headers)}${body.toString('latin1')}`
  for (const trace of secretTraces) expect(text).not.toContain(trace)
  const embedded = [...text.matchAll(/data:image\/\w+;base64,([\w+/=]+)/g)].map(([, base64 = '']) =>
    Buffer.from(base64, 'base64'),
  )
  for (const picture of [body, ...embedded]) await expectNoSecretPixel(picture)
}

/** Fails where a picture, if it is one, begins like the secret ones. */
export async function expectNoSecretPixel(picture: Buffer): Promise<void> {
  const image = sharp(picture.length === 0 ? Buffer.alloc(1) : picture)
  const pixel = await image
    .extract({ left: 0, top: 0, width: 1, height: 1 })
    .removeAlpha()
    .raw()
    .toBuffer()
    .catch(() => Buffer.alloc(0))
  expect([...pixel]).not.toEqual(secretColour)
}
