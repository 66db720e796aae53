import { describe, expect, it } from 'vitest'
import { startDevServer } from '../helpers/dev-server.ts'
import { heroProject } from '../helpers/hero.ts'
import { makePng } from '../helpers/images.ts'
import { vites, viteVersions } from '../helpers/vite-versions.ts'

const options = { baseUrl: 'http://127.0.0.1:9' }

describe.each(viteVersions)('%s', (host) => {
  const vite = vites[host]
  it('makes a few pictures at once for requests that no module stands behind', async () => {
    const project = await heroProject()
    // 19 megapixels take much longer than it takes to ask for them.
    project.write('src/large.png', await makePng({ width: 300, height: 250 }))
    const { port } = await startDevServer(vite, project, options)
    const ask = async (index: number): Promise<number> => {
      const path = `/src/large.png?magnific=16x&prompt=number${index}`
      return (await fetch(`http://127.0.0.1:${port}${path}`, { method: 'HEAD' })).status
    }
    const statuses = await Promise.all(Array.from({ length: 100 }, async (_, index) => ask(index)))
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(32)
    expect(statuses).toContain(429)
    expect(await ask(0)).toBe(200)
  })

  it('minds what server.fs.deny says of queries', async () => {
    const project = await heroProject()
    const { port } = await startDevServer(vite, project, options, {
      server: { fs: { deny: ['*prompt=denied*'] } },
    })
    const ask = async (query: string): Promise<number> =>
      (await fetch(`http://127.0.0.1:${port}/src/hero.png?${query}`)).status
    expect(await ask('magnific=2x&prompt=denied')).toBe(403)
    expect(await ask('magnific=2x&prompt=allowed')).toBe(200)
  })
})
