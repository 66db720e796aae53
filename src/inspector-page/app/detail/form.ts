import type { InspectedField } from '../../../inspector/contract.ts'
import { button, createId, fill, h, on, setAttribute, write } from '../dom.ts'
import { showText } from '../format.ts'
import { radio } from '../gallery/filters.ts'
import { isPreset } from './values.ts'
import type { Value, Values } from './values.ts'

const fewChoices = 5
const fewLetters = 20

/** The fields of the service as a form. */
export interface Form {
  readonly element: HTMLElement
  /** `undefined` where only the server knows: what a preset says of what nobody has touched. */
  readonly values: Values
  /** Whether it says anything else than the source. */
  readonly isChanged: boolean
  /** What was touched, with its values: all that a form has to be told to be as this one. */
  readonly touched: Values
  /** What is wrong with a value, as a sentence; '' where all are good. */
  readonly problem: string
  /** Shows values where nobody has touched anything. */
  complete(known: Values): void
  /** Back to what the source says. */
  reset(): void
}

interface Control {
  element: HTMLElement
  set(value: Value): void
}

/**
 * @param kept what was touched before the page was loaded anew
 * @param onInput called at every change that a user makes
 */
export function createForm(
  fields: readonly InspectedField[],
  first: Values,
  kept: Values,
  onInput: () => void,
): Form {
  let values = first
  const touched = new Set<string>()
  const problems = new Map<string, string>()
  const controls = fields.map((field) => {
    const control = createControl(field, first[field.name], (value, problem) => {
      values = { ...values, [field.name]: value }
      touched.add(field.name)
      // What it says of all else, the server knows.
      if (isPreset(field, value)) forget()
      if (problem === '') problems.delete(field.name)
      else problems.set(field.name, problem)
      update()
      onInput()
    })
    return { field, control }
  })
  const forget = (): void => {
    values = Object.fromEntries(Object.entries(values).filter(([name]) => touched.has(name)))
  }
  const isChanged = (): boolean => fields.some(({ name }) => values[name] !== first[name])
  const update = (): void => {
    for (const { field, control } of controls) {
      control.element.toggleAttribute('data-changed', values[field.name] !== first[field.name])
    }
    again.hidden = !isChanged()
  }
  const complete = (known: Values): void => {
    const untouched = controls.filter(({ field: { name } }) => !touched.has(name))
    for (const { field, control } of untouched) {
      const value = known[field.name]
      if (isPreset(field, values[field.name]) || value === values[field.name]) continue
      values = { ...values, [field.name]: value }
      control.set(value)
    }
    update()
  }
  const reset = (): void => {
    values = first
    touched.clear()
    problems.clear()
    for (const { field, control } of controls) control.set(first[field.name])
    update()
    onInput()
  }
  const again = button({ class: 'button is-quiet', hidden: true }, reset, 'Back to the source')
  const element = h(
    'form',
    { class: 'fields', 'aria-label': 'Params' },
    h('div', { class: 'section-head' }, h('h3', {}, 'Params'), again),
    ...controls.map(({ control }) => control.element),
  )
  on(element, 'submit', (event) => event.preventDefault())
  for (const { field, control } of controls) {
    const value = kept[field.name]
    // The fields may be others by now.
    if (value === undefined || field.values?.includes(String(value)) === false) continue
    values = { ...values, [field.name]: value }
    touched.add(field.name)
    control.set(value)
  }
  if (fields.some((field) => touched.has(field.name) && isPreset(field, values[field.name]))) {
    forget()
  }
  update()
  return {
    element,
    get values() {
      return values
    },
    get touched() {
      return Object.fromEntries([...touched].map((name) => [name, values[name]]))
    },
    get isChanged() {
      return isChanged()
    },
    get problem() {
      return [...problems.values()][0] ?? ''
    },
    complete,
    reset,
  }
}

type Report = (value: Value, problem: string) => void

function createControl(field: InspectedField, first: Value, report: Report): Control {
  switch (field.kind) {
    case 'enum':
      return isShort(field.values ?? [])
        ? createChoice(field, first, report)
        : createSelect(field, first, report)
    case 'integer':
      return createNumber(field, first, report)
    case 'text':
      return createText(field, first, report)
    case 'boolean':
      return createSwitch(field, first, report)
  }
}

/** Few short words stand side by side; others are a list. */
function isShort(values: readonly string[]): boolean {
  return values.length <= fewChoices && values.join('').length <= fewLetters
}

/** `optimized_for` as people read it; the scale goes by its key. */
function labelOf({ key }: InspectedField): string {
  const words = key === 'magnific' ? 'scale' : key.replaceAll('_', ' ')
  const label = words.slice(0, 1).toUpperCase() + words.slice(1)
  return showText(label.replaceAll(/\b(?:hdr|nsfw)\b/gi, (short) => short.toUpperCase()))
}

function hint(field: InspectedField): { id: string; element: HTMLElement | undefined } {
  const id = createId('hint')
  const element = field.about ? h('p', { class: 'hint', id }, showText(field.about)) : undefined
  return { id: element ? id : '', element }
}

function createChoice(field: InspectedField, first: Value, report: Report): Control {
  const { id, element: about } = hint(field)
  const name = createId(field.name)
  const choices = h('div', { class: 'segments' })
  const set = (value: Value): void => {
    fill(
      choices,
      ...(field.values ?? []).map((each) =>
        radio(name, each, each === value, () => report(each, ''), [showText(each)]),
      ),
    )
  }
  set(first)
  const element = h(
    'fieldset',
    { class: 'field plain', 'aria-describedby': id || undefined },
    h('legend', {}, labelOf(field)),
    choices,
    about,
  )
  return { element, set }
}

function createSelect(field: InspectedField, first: Value, report: Report): Control {
  const { id: aboutId, element: about } = hint(field)
  const id = createId(field.name)
  const select = h(
    'select',
    { id, 'aria-describedby': aboutId || undefined },
    ...(field.values ?? []).map((value) =>
      h('option', { value }, showText(value.replaceAll('_', ' '))),
    ),
  )
  const set = (value: Value): void => {
    select.value = String(value ?? '')
  }
  set(first)
  on(select, 'change', () => report(select.value, ''))
  return {
    element: h('div', { class: 'field' }, h('label', { for: id }, labelOf(field)), select, about),
    set,
  }
}

function createNumber(field: InspectedField, first: Value, report: Report): Control {
  const { min = -10, max = 10 } = field
  const { id: aboutId, element: about } = hint(field)
  const id = createId(field.name)
  const problemId = createId('problem')
  const range = h('input', {
    type: 'range',
    id,
    min,
    max,
    step: 1,
    'aria-describedby': aboutId || undefined,
  })
  const number = h('input', {
    type: 'number',
    min,
    max,
    step: 1,
    'aria-label': `${labelOf(field)}, as a number`,
  })
  const problem = h('p', { class: 'problem', id: problemId, role: 'alert', hidden: true })
  const tell = (text: string): void => {
    problem.hidden = text === ''
    write(problem, text)
    setAttribute(number, 'aria-invalid', text === '' ? undefined : 'true')
    setAttribute(number, 'aria-describedby', text === '' ? undefined : problemId)
  }
  const set = (value: Value): void => {
    range.value = String(value ?? field.default ?? 0)
    number.value = range.value
    tell('')
  }
  set(first)
  on(range, 'input', () => {
    number.value = range.value
    tell('')
    report(Number(range.value), '')
  })
  on(number, 'input', () => {
    const value = number.valueAsNumber
    const isGood = Number.isInteger(value) && value >= min && value <= max
    const text = isGood ? '' : `${labelOf(field)} is a whole number from ${min} to ${max}.`
    tell(text)
    if (isGood) range.value = number.value
    report(isGood ? value : Number(range.value), text)
  })
  const element = h(
    'div',
    { class: 'field' },
    h('div', { class: 'field-number' }, h('label', { for: id }, labelOf(field)), range, number),
    problem,
    about,
  )
  return { element, set }
}

function createText(field: InspectedField, first: Value, report: Report): Control {
  const { maxLength } = field
  const { id: aboutId, element: about } = hint(field)
  const id = createId(field.name)
  const countId = createId('count')
  const area = h('textarea', {
    id,
    rows: 2,
    dir: 'auto',
    maxlength: maxLength,
    'aria-describedby': [countId, aboutId].join(' ').trim(),
  })
  const counter = h('span', { class: 'counter', id: countId })
  const update = (): void => {
    const { length } = area.value
    write(counter, maxLength === undefined ? `${length} characters` : `${length} of ${maxLength}`)
  }
  const set = (value: Value): void => {
    area.value = String(value ?? '')
    update()
  }
  set(first)
  on(area, 'input', () => {
    update()
    // Nothing but spaces is no text.
    report(area.value.trim() === '' ? '' : area.value, '')
  })
  const element = h(
    'div',
    { class: 'field' },
    h('div', { class: 'field-head' }, h('label', { for: id }, labelOf(field)), counter),
    area,
    about,
  )
  return { element, set }
}

function createSwitch(field: InspectedField, first: Value, report: Report): Control {
  const { id: aboutId, element: about } = hint(field)
  const id = createId(field.name)
  const box = h('input', {
    type: 'checkbox',
    role: 'switch',
    id,
    class: 'switch',
    'aria-describedby': aboutId || undefined,
  })
  const set = (value: Value): void => {
    box.checked = value === true
  }
  set(first)
  on(box, 'change', () => report(box.checked, ''))
  const element = h(
    'div',
    { class: 'field' },
    h('div', { class: 'field-head' }, h('label', { for: id }, labelOf(field)), box),
    about,
  )
  return { element, set }
}
