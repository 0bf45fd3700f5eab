import type { Caller, Microversion } from '../model/requestContext.ts'

/** One request that is over: what the access log and the metrics are made of. */
export interface CompletedRequest {
  readonly method: string
  /** The path template, such as /v1/secrets/{secret_id}; never a path with ids. */
  readonly route: string
  readonly status: number
  readonly durationMs: number
  /** Bytes of the body sent. */
  readonly bytes: number
  readonly requestId: string
  readonly globalRequestId: string | null
  readonly remoteAddress: string
  readonly caller: Caller | undefined
  readonly microversion: Microversion | undefined
}

/** A request that came without TLS where TLS could be had. */
export interface ClearTextRequest {
  readonly remoteAddress: string
  readonly projectId: string | undefined
  readonly userAgent: string | undefined
}

/** Who watches the door. Must not throw. */
export interface RequestObserver {
  completed(request: CompletedRequest): void
  /** A 500 (our bug, or corrupted data) or a 503, with its cause; the client sees none of it. */
  failed(error: unknown, request: { readonly requestId: string; readonly route: string }): void
  /** Who could not say who they are (401). */
  refused(request: {
    readonly requestId: string
    readonly remoteAddress: string
    readonly reason: string
  }): void
}
