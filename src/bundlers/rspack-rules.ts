import type { Compiler, RuleSetCondition, RuleSetRule, RuleSetUse } from '@rspack/core'
import { idFilters } from '../core/request.ts'
import type { ReferenceTest } from './loader-plugin.ts'
import { textFile } from './loader-plugin.ts'

type Module = Compiler['options']['module']
type Rule = Module['rules'][number]

/** What rules are made from. */
export interface RuleSettings {
  isOurs: ReferenceTest
  /** What becomes of a query: a module, a placeholder; nothing to say of what is one file. */
  findKind: (query: string) => 'module' | 'lqip' | undefined
  /** Our loader. */
  use: RuleSetUse
  /** The same where there is room for one URL, and the query asks for more. */
  useInPlace: RuleSetUse
}

/** The keys of a rule that ask; others do something. */
const conditions = [
  'test',
  'include',
  'exclude',
  'issuer',
  'issuerLayer',
  'dependency',
  'phase',
  'descriptionData',
  'with',
  'resource',
  'resourceQuery',
  'resourceFragment',
  'scheme',
  'mimetype',
] as const

/**
 * Adds our rules to those of the user and of Rspack itself, which decide about the types of pictures wherever they say
 * something: ours come before them. What is more than a URL is no picture, whatever they say: that comes behind.
 *
 * What a rule asks for is looked at by Rspack itself. Functions stand behind patterns, and are called for what is ours alone.
 */
export function addRules(
  { rules, defaultRules }: Module,
  { isOurs, findKind, use, useInPlace }: RuleSettings,
): void {
  const ours = (test: (query: string) => boolean = () => true): RuleSetCondition => ({
    and: [{ or: idFilters }, (query: string) => isOurs(query) && test(query)],
  })
  const isInline = (query: string): boolean => query.slice(1).split('&').includes('inline')
  const isModule = ours((query) => findKind(query) === 'module')
  defaultRules?.unshift(
    { resourceQuery: ours(), type: 'asset/resource' },
    { resourceQuery: ours(isInline), type: 'asset/inline' },
    ...rules.flatMap((rule) => shadowRule(rule, ours())),
  )
  rules.push(
    { resourceQuery: isModule, type: 'javascript/auto' },
    { resourceQuery: ours((query) => findKind(query) === 'lqip'), type: 'asset/inline' },
    { resourceQuery: ours(), enforce: 'pre', use },
    // It is refused by the loader.
    { resourceFragment: ours(), enforce: 'pre', use },
    ...[{ dependency: 'url' }, { issuer: textFile }].map(
      (place): RuleSetRule => ({
        resourceQuery: isModule,
        rules: [{ ...place, enforce: 'post', use: useInPlace }],
      }),
    ),
  )
}

/**
 * What a rule with loaders and no type makes of a picture is JavaScript: the same rule, to say so before any rule has said
 * what it is.
 */
function shadowRule(rule: Rule, ours: RuleSetCondition): RuleSetRule[] {
  if (!rule || rule === '...') return []
  const asked = Object.fromEntries(
    conditions.filter((key) => rule[key] !== undefined).map((key) => [key, rule[key]]),
  )
  const isScript =
    (rule.use ?? rule.loader) !== undefined && rule.type === undefined && rule.enforce !== 'pre'
  const inner = (nested: RuleSetRule['rules']): RuleSetRule[] =>
    (nested ?? []).flatMap((each) => shadowRule(each, ours))
  return [
    {
      ...asked,
      rules: [
        ...(isScript ? [{ resourceQuery: ours, type: 'javascript/auto' }] : []),
        ...inner(rule.rules),
      ],
      // Which one of them is meant depends on all.
      ...(rule.oneOf && { oneOf: inner(rule.oneOf) }),
    },
  ]
}
