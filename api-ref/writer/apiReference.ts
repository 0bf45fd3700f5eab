import type { JsonSchema } from './schemas.ts'

export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required?: boolean
  readonly description: string
  readonly schema: JsonSchema
}

export interface Content {
  readonly schema: JsonSchema
  readonly examples?: Readonly<
    Record<string, { readonly summary: string; readonly value: unknown }>
  >
}

export interface AnswerOf {
  readonly description: string
  readonly headers?: object
  readonly content?: Readonly<Record<string, Content>>
}

export interface PolicyOf {
  readonly rule: string
  readonly default: string
  readonly new_defaults: string
}

export interface ShownExample {
  readonly title: string
  readonly by: string
  readonly request: string
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly answer?: unknown
}

export interface Operation {
  readonly operationId: string
  readonly tags: readonly string[]
  readonly summary: string
  readonly description: string
  readonly security?: readonly object[]
  readonly parameters: readonly (Parameter | { readonly $ref: string })[]
  readonly requestBody?: {
    readonly required: true
    readonly content: Readonly<Record<string, Content>>
  }
  readonly responses: Readonly<Record<string, AnswerOf | { readonly $ref: string }>>
  /** What the operation itself can answer; the others every operation can. */
  readonly 'x-answers': readonly number[]
  readonly 'x-policy': readonly PolicyOf[]
  readonly 'x-notes': readonly string[]
  readonly 'x-examples': readonly ShownExample[]
}

export interface ApiReference {
  readonly openapi: '3.1.0'
  readonly info: { readonly version: string } & object
  readonly servers: readonly { readonly url: string }[]
  readonly tags: readonly { readonly name: string; readonly description: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> } & object
}
