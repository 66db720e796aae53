import { describeDirective, directiveNames, directives } from '../core/directives.ts'
import { describeField, fieldNames, queryKey } from '../core/params.ts'

/** A flag that stands for a field of the endpoint, or for a directive. */
export interface RequestFlag {
  /** Without its dashes: the API's or imagetools' own name, but for `scale`. */
  flag: string
  /** What it is called in a query. */
  key: string
  /** What it accepts, in words. */
  about: string
  /** Whether it may stand without a value. */
  isSwitch: boolean
}

/** The flags of a request, in the order of the API's document. */
export const requestFlags: readonly RequestFlag[] = [
  ...fieldNames.map((name) => ({
    flag: name === 'scale_factor' ? 'scale' : name,
    key: queryKey(name),
    about: describeField(name),
    isSwitch: false,
  })),
  ...directiveNames.map((name) => ({
    flag: name,
    key: name,
    about: describeDirective(name),
    isSwitch: directives[name].kind === 'flag',
  })),
]
