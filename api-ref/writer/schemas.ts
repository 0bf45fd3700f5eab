import { z } from 'zod'

/** As much of JSON Schema as our schemas use. */
export interface JsonSchema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly items?: JsonSchema
  readonly anyOf?: readonly JsonSchema[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly not?: JsonSchema
  readonly format?: string
  readonly default?: unknown
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly additionalProperties?: boolean | JsonSchema
}

/** Turns zod schemas into JSON Schema; those with an id are kept as components and referred to. */
export class SchemaWriter {
  readonly components: Record<string, JsonSchema> = {}

  /** What a client may send, or gets: keys that are not named here may come as well. */
  write(schema: z.ZodType): JsonSchema {
    // A schema with an id becomes a component only inside of another.
    const { properties, $defs } = z.toJSONSchema(z.object({ it: schema }), {
      io: 'input',
      unrepresentable: 'any',
      override: ({ jsonSchema }) => {
        if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
        if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
      },
    })
    for (const [id, component] of Object.entries($defs ?? {})) {
      const { id: _, ...rest } = component as JsonSchema & { readonly id?: string }
      this.components[id] = pointed(rest)
    }
    return pointed((properties?.['it'] ?? {}) as JsonSchema)
  }
}

function pointed(schema: JsonSchema): JsonSchema {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/'))
}
