import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { attributes, recipePaths, recipes } from '../../src/cli/init/recipes.ts'
import type { CacheWay, CiHost } from '../../src/cli/init/recipes.ts'
import { readRecipes } from '../helpers/recipes.ts'

const headings: Record<CiHost, Record<CacheWay, string>> = {
  github: {
    commit: 'Commit it',
    lfs: 'Commit it with Git LFS',
    ci: 'GitHub Actions, with its cache',
  },
  gitlab: { commit: 'Commit it', lfs: 'Commit it with Git LFS', ci: 'GitLab, with its cache' },
}

describe('what init writes', () => {
  it.each(
    (['github', 'gitlab'] as const).flatMap((host) =>
      (['commit', 'lfs', 'ci'] as const).map((way) => [host, way] as const),
    ),
  )('for %s and %s is what docs/ci.md says', (host, way) => {
    const documented = readRecipes(headings[host][way])
    expect(documented[recipePaths[host]]).toBe(recipes[host][way])
    expect(parse(recipes[host][way])).toBeTypeOf('object')
  })

  it('into .gitattributes is what docs/ci.md says', () => {
    expect(readRecipes('Commit it')['.gitattributes']).toBe(attributes.commit)
    expect(readRecipes('Commit it with Git LFS')['.gitattributes']).toBe(attributes.lfs)
  })
})
