import type { Authenticator, Credentials } from '../domain/ports/identity.ts'
import { Fault } from '../lib/fault.ts'
import { type Rate, TokenBuckets } from '../lib/tokenBuckets.ts'
import type { Caller } from '../model/requestContext.ts'
import { clientNetwork } from './clientNetwork.ts'

export type LimitKind = 'global' | 'project' | 'user' | 'failed logins'

/** A request that was refused for coming too soon. */
export interface LimitedRequest {
  readonly kind: LimitKind
  readonly remoteAddress: string
  readonly projectId: string | undefined
  readonly userId: string | null | undefined
}

/** `off`: as many as come. */
type Bound = Rate | 'off'

export interface RateLimitsParts {
  readonly reads: { readonly global: Bound; readonly project: Bound; readonly user: Bound }
  readonly writes: { readonly global: Bound; readonly project: Bound; readonly user: Bound }
  /** How many wrong tokens an address may send. */
  readonly failedLogins: Bound
  readonly exemptProjects: readonly string[]
  readonly exemptRoles: readonly string[]
  /** Projects, users and addresses remembered for each limit. */
  readonly mostBuckets: number
  readonly monotonicMs: () => number
  /** Must not throw. */
  readonly onLimited: (request: LimitedRequest) => void
}

/** The buckets that a request draws from, of those that are on. */
interface Bucket {
  readonly kind: Exclude<LimitKind, 'failed logins'>
  readonly buckets: TokenBuckets
  keyOf(caller: Caller): string | null
}

/** How fast this process lets a project, a user and everybody together ask (ADR 0042). */
export class RateLimits {
  readonly #parts: RateLimitsParts
  readonly #reads: readonly Bucket[]
  readonly #writes: readonly Bucket[]
  readonly #failedLogins: TokenBuckets | undefined
  readonly #exemptProjects: ReadonlySet<string>
  readonly #exemptRoles: readonly string[]

  constructor(parts: RateLimitsParts) {
    this.#parts = parts
    this.#reads = bucketsOf(parts.reads, parts.mostBuckets)
    this.#writes = bucketsOf(parts.writes, parts.mostBuckets)
    const { failedLogins } = parts
    this.#failedLogins =
      failedLogins === 'off' ? undefined : new TokenBuckets(failedLogins, parts.mostBuckets)
    this.#exemptProjects = new Set(parts.exemptProjects)
    this.#exemptRoles = parts.exemptRoles.map((role) => role.toLowerCase())
  }

  /** Limits that nobody set cost nothing: then there is none of these. */
  static of(parts: RateLimitsParts): RateLimits | undefined {
    const bounds = [
      ...Object.values(parts.reads),
      ...Object.values(parts.writes),
      parts.failedLogins,
    ]
    return bounds.every((bound) => bound === 'off') ? undefined : new RateLimits(parts)
  }

  /** Draws one token from each bucket of the caller, or from none. @throws Fault('tooMany') */
  admit(caller: Caller, method: string, remoteAddress: string): void {
    const chosen = method === 'GET' || method === 'HEAD' ? this.#reads : this.#writes
    if (chosen.length === 0 || this.#isExempt(caller)) return
    const nowMs = this.#parts.monotonicMs()
    for (const { kind, buckets, keyOf } of chosen) {
      const key = keyOf(caller)
      const waitMs = key === null ? 0 : buckets.waitMs(key, nowMs)
      if (waitMs <= 0) continue
      const { projectId, userId } = caller
      this.#parts.onLimited({ kind, remoteAddress, projectId, userId })
      throw tooMany(WHO[kind], waitMs)
    }
    for (const { buckets, keyOf } of chosen) {
      const key = keyOf(caller)
      if (key !== null) buckets.take(key, nowMs)
    }
  }

  /**
   * `authenticate`, unless this address has sent so many wrong tokens that another is not even looked at: a flood of
   * them would else become one at Keystone. Those that are being looked at count until they turn out to be good.
   * @throws Fault('tooMany'), and what `authenticate` throws
   */
  async identify(
    authenticator: Authenticator,
    credentials: Credentials,
    remoteAddress: string,
  ): Promise<Caller> {
    const failedLogins = this.#failedLogins
    // Others may share the address of one who guesses: whose token is known is let by. None at all guesses nothing.
    const isGuess =
      failedLogins !== undefined && hasToken(credentials) && !authenticator.isAtHand(credentials)
    if (!isGuess) return authenticator.authenticate(credentials)
    const client = clientNetwork(remoteAddress)
    this.#takeGuess(failedLogins, client, remoteAddress)
    try {
      const caller = await authenticator.authenticate(credentials)
      failedLogins.giveBack(client)
      return caller
    } catch (error) {
      if (!(error instanceof Fault && error.kind === 'unauthorized')) failedLogins.giveBack(client)
      throw error
    }
  }

  #takeGuess(failedLogins: TokenBuckets, client: string, remoteAddress: string): void {
    const nowMs = this.#parts.monotonicMs()
    const waitMs = failedLogins.waitMs(client, nowMs)
    if (waitMs > 0) {
      const unknown = { projectId: undefined, userId: undefined }
      this.#parts.onLimited({ kind: 'failed logins', remoteAddress, ...unknown })
      throw tooMany(WHO['failed logins'], waitMs)
    }
    failedLogins.take(client, nowMs)
  }

  #isExempt({ projectId, roles }: Caller): boolean {
    return this.#exemptProjects.has(projectId) || this.#exemptRoles.some((role) => roles.has(role))
  }
}

const WHO: Readonly<Record<LimitKind, string>> = {
  global: 'This server is asked more often than it is set to answer',
  project: 'This project asks more often than it may',
  user: 'This user asks more often than one may',
  'failed logins': 'Too many tokens from this address were not valid',
}

function hasToken({ header }: Credentials): boolean {
  return ['x-auth-token', 'authorization'].some((name) => header(name) !== undefined)
}

function tooMany(what: string, waitMs: number): Fault {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000))
  return new Fault('tooMany', `${what}: try again in ${seconds} s.`, {
    headers: { 'Retry-After': String(seconds) },
  })
}

function bucketsOf(bounds: RateLimitsParts['reads'], mostBuckets: number): readonly Bucket[] {
  const bucket = (
    kind: Bucket['kind'],
    keyOf: Bucket['keyOf'],
    most = mostBuckets,
  ): readonly Bucket[] => {
    const bound = bounds[kind]
    return bound === 'off' ? [] : [{ kind, keyOf, buckets: new TokenBuckets(bound, most) }]
  }
  return [
    ...bucket('user', ({ userId }) => userId),
    ...bucket('project', ({ projectId }) => projectId),
    ...bucket('global', () => '', 1),
  ]
}
