import type { ContainerQuery } from '../domain/ports/containerRepositories.ts'
import type { OrderQuery } from '../domain/ports/orderRepositories.ts'
import type { SecretQuery } from '../domain/ports/secretRepositories.ts'
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
