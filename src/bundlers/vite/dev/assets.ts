import { extname } from 'node:path'
import type { DevEnvironment, Environment, Rolldown } from 'vite'
import type { AssetLoad } from '../asset.ts'

/**
 * Tells whether pictures are left to Vite's own plugin in a dev server, or whether another plugin makes modules of its own
 * of them: then it has to be given the upscaled file, and that has to be there.
 */
export interface AssetOwner {
  /** @param file an image, which is loaded once for each environment and extension to find out */
  isVite(context: Rolldown.PluginContext, environment: Environment, file: string): Promise<boolean>
}

/** @param loadAsset the `load` of Vite's own plugin */
export function createAssetOwner(loadAsset: AssetLoad): AssetOwner {
  const answers = new WeakMap<Environment, Map<string, Promise<boolean>>>()

  const ask = async (
    context: Rolldown.PluginContext,
    environment: DevEnvironment,
    file: string,
  ): Promise<boolean> => {
    const [plain, ofVite] = await Promise.all([
      environment.pluginContainer.load(file),
      loadAsset.call(context, file),
    ])
    return codeOf(plain) === codeOf(ofVite)
  }

  return {
    isVite: async (context, environment, file) => {
      if (environment.mode !== 'dev') return false
      const known = answers.get(environment) ?? new Map<string, Promise<boolean>>()
      answers.set(environment, known)
      const extension = extname(file).toLowerCase()
      const asked = known.get(extension)
      if (asked) return asked
      const answer = ask(context, environment, file)
      known.set(extension, answer)
      // One picture that cannot be loaded says nothing about the next.
      answer.catch(() => known.delete(extension))
      return answer
    },
  }
}

function codeOf(loaded: Rolldown.LoadResult): string | undefined {
  return typeof loaded === 'string' ? loaded : (loaded?.code ?? undefined)
}
