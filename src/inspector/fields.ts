import { fieldNames, fields, queryKey } from '../core/params.ts'
import type { Field, FieldName } from '../core/params.ts'
import type { Vocabulary } from '../core/request.ts'
import type { InspectedField } from './contract.ts'

/** What each field does, for people who have not read the API's document. */
const meanings: Readonly<Record<FieldName, string>> = {
  scale_factor: 'How many times as wide and as high it becomes',
  optimized_for: 'What is in the picture',
  prompt: 'What the picture shows, in words',
  creativity: 'How much the upscaler may make up',
  hdr: 'How much definition and detail is added',
  resemblance: 'How closely it keeps to the original',
  fractality: 'How strong the prompt is, and how intricate each pixel',
  engine: 'Which engine: illusio is soft, sharpy is sharp, sparkle is in between',
  filter_nsfw: 'Whether the API looks for what is not safe for work',
}

/**
 * The form of a request, from the table that the parser reads queries by.
 *
 * @param vocabulary presets are scales to a form
 */
export function describeFields({ presets }: Pick<Vocabulary, 'presets'>): InspectedField[] {
  return fieldNames.map((name) => {
    const field: Field = fields[name]
    return {
      name,
      key: queryKey(name),
      ...describeKind(field, name === 'scale_factor' ? Object.keys(presets) : []),
      default: field.default,
      about: `${meanings[name]}.`,
    }
  })
}

function describeKind(
  field: Field,
  presets: readonly string[],
): Pick<InspectedField, 'kind' | 'values' | 'min' | 'max'> {
  switch (field.kind) {
    case 'enum':
      return { kind: 'enum', values: [...field.values, ...presets] }
    case 'integer':
      return { kind: 'integer', min: field.min, max: field.max }
    case 'boolean':
      return { kind: 'boolean' }
    case 'string':
      return { kind: 'text' }
  }
}
