import type { InspectedField, InspectedImage } from '../../../inspector/contract.ts'

/** A field's value in the form; `undefined` where it is not known, or nothing is said. */
export type Value = string | number | boolean | undefined

/** The form's values by the fields' names. */
export type Values = Readonly<Record<string, Value>>

/** What a server is asked to make a query of. */
export interface Wish {
  params: Record<string, string | number | boolean>
  /** Chosen in place of a scale. */
  preset?: string
}

/** What an image asks for, defaults and presets included. */
export function readValues(fields: readonly InspectedField[], image: InspectedImage): Values {
  const said = new URLSearchParams(image.query)
  const own = valuesOf(fields, image.params)
  return Object.fromEntries(
    fields.map((field) => {
      const text = readText(field, said.get(field.key) ?? undefined)
      // What is invalid has no params: what can be read of its query is a start.
      const isRead = image.state === 'invalid' || isPreset(field, text)
      return [field.name, (isRead ? text : undefined) ?? own[field.name]]
    }),
  )
}

/** What some params are in the form. */
export function valuesOf(
  fields: readonly InspectedField[],
  params: InspectedImage['params'],
): Values {
  return Object.fromEntries(fields.map(({ name, default: usual }) => [name, params[name] ?? usual]))
}

/** All that is known of a form, as a server is asked for it. */
export function describeWish(fields: readonly InspectedField[], values: Values): Wish {
  const wish: Wish = { params: {} }
  for (const field of fields) {
    const value = values[field.name]
    if (value === undefined) continue
    if (isPreset(field, value)) wish.preset = String(value)
    else wish.params[field.name] = value
  }
  return wish
}

/** Whether a value of the field for scales is the name of a preset. */
export function isPreset({ key }: InspectedField, value: Value): boolean {
  return key === 'magnific' && typeof value === 'string' && value !== '' && !/^\d+x$/.test(value)
}

function readText(field: InspectedField, text: string | undefined): Value {
  if (text === undefined) return undefined
  switch (field.kind) {
    case 'enum':
      return field.values?.includes(text) ? text : undefined
    case 'integer':
      return /^-?\d+$/.test(text) ? Number(text) : undefined
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : undefined
    case 'text':
      return text
  }
}
