import type { Compiler, RuleSetCondition, RuleSetRule, RuleSetUse } from '@rspack/core'
import { idFilters } from '../../core/request.ts'
import { convertedFormat, convertedName, formats } from '../../core/formats.ts'
import type { Format } from '../../core/formats.ts'
import type { ReferenceTest } from '../webpack/loader-plugin.ts'
import { textFile } from '../webpack/loader-plugin.ts'

type Module = Compiler['options']['module']
type Rule = Module['rules'][number]

/** What rules are made from. */
export interface RuleSettings {
  isOurs: ReferenceTest
  /** What becomes of a query: a module, a placeholder; nothing to say of what is one file. */
  findKind: (query: string) => 'module' | 'lqip' | undefined
  /** The format that a query asks for; `undefined` where it goes by the file's name. */
  findFormat: (query: string) => Format | undefined
  /** Our loader. */
  use: RuleSetUse
  /** The same where there is room for one URL, and the query asks for more. */
  useInPlace: RuleSetUse
}

type QueryTest = (test?: (query: string) => boolean) => RuleSetCondition

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
  { isOurs, findKind, findFormat, use, useInPlace }: RuleSettings,
): void {
  const ours: QueryTest = (test = () => true) => ({
    and: [{ or: idFilters }, (query: string) => isOurs(query) && test(query)],
  })
  const isInline = (query: string): boolean => query.slice(1).split('&').includes('inline')
  const isModule = ours((query) => findKind(query) === 'module')
  defaultRules?.unshift(
    { resourceQuery: ours(), type: 'asset/resource' },
    {
      resourceQuery: ours(isInline),
      type: 'asset/inline',
      rules: typeData('asset/inline', ours, findFormat),
    },
    ...rules.flatMap((rule) => shadowRule(rule, ours())),
  )
  const users = rules.map((rule) => typeShipped(rule, ours, findFormat))
  rules.splice(0, rules.length, ...users)
  rules.push(
    { resourceQuery: isModule, type: 'javascript/auto' },
    {
      resourceQuery: ours((query) => findKind(query) === 'lqip'),
      type: 'asset/inline',
      generator: { dataUrl: { mimetype: 'image/webp' } },
    },
    { resourceQuery: ours(), enforce: 'pre', use },
    // It is refused by the loader.
    { resourceFragment: ours(), enforce: 'pre', use },
    ...[{ dependency: 'url' }, { issuer: textFile }].map((place): RuleSetRule => ({
      resourceQuery: isModule,
      rules: [{ ...place, enforce: 'post', use: useInPlace }],
    })),
  )
}

/** Rspack takes the content type of a data URI from the name of the source, which may be that of another format. */
function typeData(
  type: string,
  ours: QueryTest,
  findFormat: RuleSettings['findFormat'],
): RuleSetRule[] {
  const inFormat = (format: Format): RuleSetRule => ({
    type,
    generator: { dataUrl: { mimetype: `image/${format}` } },
  })
  return [
    ...formats.map((format) => ({
      resourceQuery: ours((query) => findFormat(query) === format),
      ...inFormat(format),
    })),
    {
      test: convertedName,
      resourceQuery: ours((query) => findFormat(query) === undefined),
      ...inFormat(convertedFormat),
    },
  ]
}

/** The same for what a rule of the user may inline. */
function typeShipped(rule: Rule, ours: QueryTest, findFormat: RuleSettings['findFormat']): Rule {
  if (!rule || rule === '...') return rule
  const { type, generator, rules, oneOf } = rule
  const map = (inner: Rule[]): Rule[] => inner.map((each) => typeShipped(each, ours, findFormat))
  const isData = type === 'asset' || type === 'asset/inline'
  const own = isData && !generator?.['dataUrl'] ? typeData(type, ours, findFormat) : []
  return {
    ...rule,
    ...((rules || own.length > 0) && { rules: [...map(rules ?? []), ...own] as RuleSetRule[] }),
    ...(oneOf && { oneOf: map(oneOf) as RuleSetRule[] }),
  }
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
