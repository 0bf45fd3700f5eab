export interface PageRequest {
  readonly limit: number
  readonly offset: number
}

export interface Page<T> {
  readonly items: readonly T[]
  /** How many there are in all, after filters. */
  readonly total: number
}
