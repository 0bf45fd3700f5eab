import type { ContainerQuery, OrderQuery, SecretQuery } from '../domain/ports.ts'
import type { Answer } from './writerMessages.ts'

export interface ListThreadData {
  readonly path: string
}

export type ListRequest =
  | { readonly number: number; readonly of: 'secrets'; readonly query: SecretQuery }
  | { readonly number: number; readonly of: 'containers'; readonly query: ContainerQuery }
  | { readonly number: number; readonly of: 'orders'; readonly query: OrderQuery }

export interface ListAnswer {
  readonly number: number
  readonly answer: Answer
}
