export type FaultKind =
  | 'badRequest'
  | 'unauthorized'
  | 'forbidden'
  | 'notFound'
  | 'methodNotAllowed'
  | 'notAcceptable'
  | 'conflict'
  | 'tooLarge'
  | 'unsupportedMediaType'
  | 'tooMany'
  | 'corrupted'
  | 'unavailable'
  | 'overloaded'

export interface FaultOptions {
  readonly cause?: unknown
  /** Response headers this refusal must carry, such as Allow or WWW-Authenticate. */
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * The only error a client may see. `message` becomes `description` on the wire, so it says what was
 * wrong and what would be right, and never holds a token, a payload or a key.
 * `corrupted` and `unavailable` keep their message for the log alone.
 */
export class Fault extends Error {
  readonly kind: FaultKind
  readonly headers: Readonly<Record<string, string>>

  constructor(kind: FaultKind, message: string, options: FaultOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'Fault'
    this.kind = kind
    this.headers = options.headers ?? {}
  }
}

/** A dependency (database, Keystone, KEK store) is away: 503, and worth another try soon. */
export function unavailable(what: string, cause?: unknown, retryAfterSeconds = 1): Fault {
  return new Fault('unavailable', what, {
    cause,
    headers: { 'Retry-After': String(retryAfterSeconds) },
  })
}

/** More to do than can be done in time, and this is not what is done first: 503, and nobody's mistake. */
export function overloaded(): Fault {
  return new Fault('overloaded', 'The server has more work than it can do in time.', {
    headers: { 'Retry-After': '1' },
  })
}

export function isUnavailable(cause: unknown): boolean {
  return cause instanceof Fault && cause.kind === 'unavailable'
}
