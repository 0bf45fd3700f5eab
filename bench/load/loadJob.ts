/** One request of a job; requests of one job are sent in this order, over whichever connection is free. */
export interface LoadRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export interface LoadJob {
  readonly origin: string
  readonly requests: readonly LoadRequest[]
}

export interface LoadShape {
  readonly connections: number
  readonly seconds: number
}

export interface LoadResult {
  readonly requests: number
  readonly seconds: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Answers with 4xx or 5xx, broken connections, timeouts. */
  readonly errors: number
}
