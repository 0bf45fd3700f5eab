/** One request of a job; requests of one job are sent in this order, over whichever connection is free. */
export interface LoadRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/** One request of a sequence; its path may hold what earlier answers named, as `{name}`. */
export interface SequenceStep extends LoadRequest {
  readonly expects: number
  /** By name for later paths: the property of the answer whose text after the last slash is kept. */
  readonly takes?: Readonly<Record<string, string>>
  /** Asked again until the answer says so. */
  readonly until?: { readonly property: string; readonly value: string }
}

/** Requests of one caller, each sent when the one before is answered, on the same connection. */
export type Sequence = readonly SequenceStep[]

/** One request on a connection of its own, which is then closed; over TLS, in a session of before or in a new one. */
export interface Arrivals {
  readonly arrivals: LoadRequest
  readonly isResumed: boolean
}

export type Work =
  | Arrivals
  | { readonly requests: readonly LoadRequest[] }
  | { readonly sequences: readonly Sequence[] }

export type LoadJob = Work & { readonly origin: string }

export interface LoadShape {
  readonly connections: number
  readonly seconds: number
}

export interface LoadResult {
  readonly requests: number
  /** Where there were any: how many went through whole. */
  readonly sequences?: number
  readonly seconds: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Answers that were not wanted, broken connections, timeouts. */
  readonly errors: number
  readonly firstError?: string
}
