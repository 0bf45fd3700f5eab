import type { JsonSchema } from './schemas.ts'

export interface PropertyRow {
  /** With the way down to it: read.users, secrets[].name */
  readonly name: string
  readonly type: string
  readonly presence: 'required' | ''
  readonly description: string
}

type Components = Readonly<Record<string, JsonSchema>>

/** The properties of an object and of what is inside of it, as a table has them. */
export function propertyRows(
  schema: JsonSchema,
  components: Components,
  prefix = '',
): readonly PropertyRow[] {
  const { properties = {}, required = [] } = resolved(schema, components)
  return Object.entries(properties)
    .filter(([, property]) => property.not === undefined)
    .flatMap(([key, property]) => {
      const name = `${prefix}${key}`
      const inner = itemsOf(property, components)
      return [
        {
          name,
          type: typeOf(property, components),
          presence: required.includes(key) ? ('required' as const) : ('' as const),
          description: descriptionOf(property),
        },
        ...propertyRows(inner ?? property, components, `${name}${inner ? '[]' : ''}.`),
      ]
    })
}

/** What may be null says what it is inside of its alternatives. */
function descriptionOf({ description, anyOf = [] }: JsonSchema): string {
  return description ?? anyOf.find((each) => each.description !== undefined)?.description ?? ''
}

function resolved(schema: JsonSchema, components: Components): JsonSchema {
  const name = schema.$ref?.split('/').at(-1)
  return name === undefined ? schema : (components[name] ?? {})
}

function itemsOf(schema: JsonSchema, components: Components): JsonSchema | undefined {
  return resolved(schema, components).items
}

/** The type and its limits, in a few words. */
function typeOf(given: JsonSchema, components: Components): string {
  const schema = resolved(given, components)
  if (schema.anyOf !== undefined) {
    return schema.anyOf.map((each) => typeOf(each, components)).join(' or ')
  }
  if (schema.enum !== undefined) return schema.enum.map((each) => `\`${String(each)}\``).join(', ')
  if (schema.const !== undefined) return `\`${String(schema.const)}\``
  if (schema.items !== undefined) return `array of ${typeOf(schema.items, components)}`
  const type = [schema.type ?? 'anything'].flat().join(' or ')
  return [schema.format === 'uri' ? 'href' : type, limits(schema)]
    .filter((words) => words !== '')
    .join(', ')
}

function limits(schema: JsonSchema): string {
  const { minLength, maxLength, minimum, maximum } = schema
  const range = (low: number | undefined, high: number | undefined, unit: string): string => {
    if (low === undefined && high === undefined) return ''
    if (low === undefined) return `at most ${high}${unit}`
    return high === undefined ? `at least ${low}${unit}` : `${low} to ${high}${unit}`
  }
  return [
    range(minLength, maxLength, ' characters'),
    range(minimum, maximum, ''),
    schema.default === undefined ? '' : `default ${JSON.stringify(schema.default)}`,
  ]
    .filter((words) => words !== '')
    .join(', ')
}
