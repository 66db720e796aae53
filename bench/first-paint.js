// What a developer waits for where nothing is in the cache: a page with pictures of a megapixel each, `?magnific=2x`, in
// Vite's dev server, beside the same page with the same pictures as they are. Every run has a new server process, a new
// cache directory and a new browser profile; the rest is as in bench.js. It needs a Chromium: the one in CHROME_PATH, or
// where Linux has it.
//
//   npm run bench:dev                   50 pictures, 7 pairs of each page
//   npm run bench:dev -- --images 20 --pairs 3 --formats jpg --dir /tmp
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { chromium } from 'playwright-core'
import { runPairs } from './pairs.js'
import { makePhotos } from './photos.js'
import { makeRow, printRows } from './rows.js'

const { values } = parseArgs({
  options: {
    images: { type: 'string', default: '50' },
    pairs: { type: 'string', default: '7' },
    formats: { type: 'string', default: 'png,jpg' },
    dir: { type: 'string', default: existsSync('/dev/shm') ? '/dev/shm' : tmpdir() },
    json: { type: 'string' },
  },
})
const images = Number(values.images)
const pairs = Number(values.pairs)
const goal = { of: 'ratio', most: 2 }
/** Modules of a server are loaded one after the other. */
const serverImages = 8
const script = fileURLToPath(new URL('run-dev.js', import.meta.url))
const executablePath = [
  process.env.CHROME_PATH,
  '/usr/bin/chromium',
  '/usr/bin/google-chrome',
].find((path) => path && existsSync(path))

const folder = mkdtempSync(join(values.dir, 'magnific-bench-'))
const browser = await chromium.launch({ executablePath })
try {
  console.log(
    `${images} images in ${values.dir}, ${pairs} pairs, Node ${process.version}, Chromium ${browser.version()}, ${cpus().length} × ${cpus()[0]?.model.trim()}`,
  )
  const rows = []
  for (const format of values.formats.split(',')) {
    const photos = await makePhotos(images, format)
    const make = (name, some, page) => makeProjects(join(folder, name), some, format, page)
    for (const page of ['pictures', 'text and pictures']) {
      const projects = make(`${format}, ${page}`, photos, page)
      const runs = await runPairs(pairs, async (name) => loadPage(projects[name]))
      for (const what of ['first paint', 'complete']) {
        const pick = (name) => runs[name].map((run) => run[what])
        const times = { ours: pick('ours'), plain: pick('plain') }
        const about = what === 'first paint' ? { goal } : {}
        rows.push(makeRow(`${format}, ${page}: ${what}`, times, about))
      }
    }
    const projects = make(`${format}, ssr`, photos.slice(0, serverImages))
    const times = await runPairs(pairs, async (name) => loadServerModule(projects[name]))
    rows.push(makeRow(`${format}, ssrLoadModule with ${serverImages}`, times))
  }
  printRows(rows)
  if (values.json) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`)
} finally {
  await browser.close()
  rmSync(folder, { recursive: true, force: true })
}

/** Makes two projects with the same page and the same pictures; one of them is told to upscale them. */
function makeProjects(parent, photos, format, page) {
  const projects = { ours: join(parent, 'ours'), plain: join(parent, 'plain') }
  for (const [name, project] of Object.entries(projects)) {
    mkdirSync(join(project, 'src'), { recursive: true })
    const files = photos.map((_, index) => `photo-${index}.${format}`)
    for (const [index, file] of files.entries()) {
      writeFileSync(join(project, 'src', file), photos[index])
    }
    writeFileSync(join(project, 'index.html'), renderPage(page === 'text and pictures'))
    const query = name === 'ours' ? '?magnific=2x' : ''
    writeFileSync(join(project, 'src/main.js'), renderScript(files, query, page !== undefined))
  }
  return projects
}

function renderPage(hasText) {
  const text = hasText ? '<h1>Pictures</h1><p>There are some below.</p>' : ''
  return `<!doctype html>
<style>img { width: 300px; height: 233px }</style>
<body>${text}<script type="module" src="/src/main.js"></script></body>
`
}

/** Shows the pictures, and says when the last one has been loaded. */
function renderScript(files, query, isShown) {
  const imports = files.map((name, index) => `import photo${index} from './${name}${query}'`)
  const list = `const urls = [${files.map((_, index) => `photo${index}`).join(', ')}]`
  const show = `
const images = urls.map((src) => Object.assign(new Image(), { src }))
document.body.append(...images)
const loads = images.map((image) => new Promise((resolve, reject) => {
  image.onload = resolve
  image.onerror = () => reject(new Error(image.src))
}))
Promise.all(loads).then(
  () => (document.documentElement.dataset.complete = performance.now()),
  (error) => (document.documentElement.dataset.complete = error.message),
)`
  return [...imports, list, isShown ? show : 'export { urls }', ''].join('\n')
}

/** Nothing of a former run is left. */
function clean(project) {
  for (const name of ['.magnific', 'node_modules']) {
    rmSync(join(project, name), { recursive: true, force: true })
  }
  // It tells that the plugin is to be used.
  if (project.endsWith('ours')) mkdirSync(join(project, '.magnific'))
}

/** Forks a server, and ends it when its first message has been dealt with. */
async function withServer(command, project, use) {
  clean(project)
  const child = fork(script, [command, project], {
    env: { ...process.env, FREEPIK_API_KEY: '', MAGNIFIC_API_KEY: '' },
  })
  const exit = once(child, 'exit')
  try {
    const [message] = await Promise.race([
      once(child, 'message'),
      exit.then(([code]) => {
        throw new Error(`The server for ${project} ended with ${code}.`)
      }),
    ])
    return await use(message)
  } finally {
    if (child.connected) child.disconnect()
    await exit
  }
}

async function loadPage(project) {
  return withServer('serve', project, async (url) => {
    const context = await browser.newContext()
    try {
      const page = await context.newPage()
      await page.goto(url, { waitUntil: 'commit' })
      await page.waitForSelector('html[data-complete]', { state: 'attached', timeout: 300_000 })
      const [complete, paint] = await page.evaluate(readTimes)
      if (!(complete > 0)) throw new Error(`Not every picture of ${project} can be loaded.`)
      return { 'first paint': paint, complete }
    } finally {
      await context.close()
    }
  })
}

/** Runs in the page. */
async function readTimes() {
  const paint = await new Promise((resolve) => {
    new PerformanceObserver((list) => {
      for (const { name, startTime } of list.getEntries()) {
        if (name === 'first-contentful-paint') resolve(startTime)
      }
    }).observe({ type: 'paint', buffered: true })
  })
  return [Number(document.documentElement.dataset.complete), paint]
}

async function loadServerModule(project) {
  return withServer('ssr', project, async (time) => time)
}
