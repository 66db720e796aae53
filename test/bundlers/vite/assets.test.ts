import type { Environment, Rolldown } from 'vite'
import { describe, expect, it } from 'vitest'
import { createAssetOwner } from '../../../src/bundlers/vite/dev/assets.ts'

const context = {} as Rolldown.PluginContext

/** A dev environment whose plugins load pictures as they are told to, one after the other. */
function createEnvironment(loads: (() => string)[]): Environment {
  const load = async (): Promise<string> => (loads.shift() ?? (() => 'asked too often'))()
  return { mode: 'dev', pluginContainer: { load } } as unknown as Environment
}

describe('createAssetOwner', () => {
  it('asks once for each extension', async () => {
    const { isVite } = createAssetOwner(() => 'of Vite')
    const environment = createEnvironment([() => 'of Vite', () => 'of another plugin'])
    expect(await isVite(context, environment, '/a.png')).toBe(true)
    expect(await isVite(context, environment, '/b.PNG')).toBe(true)
    expect(await isVite(context, environment, '/c.jpg')).toBe(false)
  })

  it('does not remember that a picture could not be loaded', async () => {
    const { isVite } = createAssetOwner(() => 'of Vite')
    const fail = (): string => {
      throw new Error('damaged')
    }
    const environment = createEnvironment([fail, () => 'of Vite'])
    await expect(isVite(context, environment, '/a.png')).rejects.toThrow('damaged')
    expect(await isVite(context, environment, '/b.png')).toBe(true)
  })
})
