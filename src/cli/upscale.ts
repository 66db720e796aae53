import { MagnificError } from '../core/errors.ts'
import { buyAll, describeFailures, mayBuy, toBoughtObject } from './buy.ts'
import type { BuyFlags } from './buy.ts'
import { checkProblems, checkRefused, renderSurvey, renderTotals } from './plan.ts'
import { listCounted, surveyProject, toSurveyObject } from './survey.ts'
import type { Workspace } from './workspace.ts'

/**
 * Upscales what the sources refer to and the cache does not have, after it has asked.
 *
 * @param globs of sources, from where we stand; all where there is none
 * @throws MagnificError `BAD_COMMAND` where there is nobody to ask, or something failed or could not be read, after the
 *   rest was done; `NO_API_KEY`
 */
export async function runUpscale(
  workspace: Workspace,
  globs: readonly string[],
  flags: BuyFlags,
  write: (text: string) => void,
): Promise<void> {
  const { options, print, warn } = workspace
  const { root } = options
  const survey = await surveyProject(workspace, globs, warn)
  const open = listCounted(survey).filter(
    // What other machines have is brought here, too.
    ({ state, isShared }) => isShared || ['missing', 'pending', 'ambiguous'].includes(state),
  )
  if (flags.dryRun || open.length === 0) {
    print(renderSurvey(survey, root), toSurveyObject(survey, root))
    checkProblems(survey)
    checkRefused(survey)
    return
  }
  const { images, estimate } = survey.totals
  if (!flags.json) write(renderTotals(survey.totals))
  if (!(await mayBuy(workspace, images.missing, estimate, flags))) {
    throw new MagnificError('BAD_COMMAND', 'Nothing was bought.')
  }
  const bought = await buyAll(workspace, open, flags, write)
  for (const failure of describeFailures(bought)) warn(failure)
  if (flags.json) print('', { root, ...toBoughtObject(bought, root), problems: survey.problems })
  const failed = bought.filter(({ error }) => error !== undefined).length
  if (failed > 0) {
    throw new MagnificError(
      'BAD_COMMAND',
      `${failed} of ${open.length} references failed, as told above. What was paid for is kept: run it again, and it is not paid again.`,
    )
  }
  checkProblems(survey)
  checkRefused(survey)
}
