import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Authenticator, Credentials } from '../domain/ports/identity.ts'
import type { Clock } from '../lib/clock.ts'
import { Fault } from '../lib/fault.ts'
import type { ProjectId } from '../lib/ids.ts'
import { SingleFlight } from '../lib/singleFlight.ts'
import type { Caller } from '../model/requestContext.ts'
import type { JwksIssuer } from './jwksIssuer.ts'
import { claimsOf, type LocalTokenParts, TokenRefused, verifyToken } from './localToken.ts'

export interface TokenAuthenticatorOptions {
  /** Our own tokens; absent when only an outside issuer counts. */
  readonly local?: LocalTokenParts
  readonly jwks?: JwksIssuer
  readonly clock: Clock
  readonly cacheSize?: number
}

interface Verified {
  readonly caller: Caller
  readonly expiresAtMs: number
  /** Monotonic: an outside issuer may withdraw a key, so its tokens are checked again. */
  readonly checkAgainAtMs: number
}

const MAX_TOKEN = 16_384
const CHECK_AGAIN_MS = 300_000
const CHALLENGE = { 'WWW-Authenticate': 'Bearer realm="gatehouse"' }

/** Callers with a signed token: our own, or one of an issuer we were told to trust. */
export class TokenAuthenticator implements Authenticator {
  readonly counters = { hits: 0, misses: 0, stale: 0 }
  readonly #local: LocalTokenParts | undefined
  readonly #jwks: JwksIssuer | undefined
  readonly #clock: Clock
  readonly #cache: LRUCache<string, Verified>
  readonly #flights = new SingleFlight<string, Verified>()

  constructor({ local, jwks, clock, cacheSize = 10_000 }: TokenAuthenticatorOptions) {
    this.#local = local
    this.#jwks = jwks
    this.#clock = clock
    this.#cache = new LRUCache({ max: cacheSize })
  }

  async authenticate(credentials: Credentials): Promise<Caller> {
    const token = tokenIn(credentials)
    if (token === undefined) {
      throw refused('X-Auth-Token is missing: send a token; `gatehouse token issue` makes one.')
    }
    const key = hash('sha256', token)
    const known = this.#cache.get(key)
    if (known !== undefined && this.#isGood(known)) {
      this.counters.hits += 1
      return known.caller
    }
    this.counters.misses += 1
    const verified = await this.#flights.run(key, () => this.#verified(token))
    this.#cache.set(key, verified)
    return verified.caller
  }

  isAtHand(credentials: Credentials): boolean {
    const token = tokenIn(credentials)
    const known = token === undefined ? undefined : this.#cache.peek(hash('sha256', token))
    return known !== undefined && this.#isGood(known)
  }

  #isGood(known: Verified): boolean {
    return (
      this.#clock.epochMs() < known.expiresAtMs && this.#clock.monotonicMs() < known.checkAgainAtMs
    )
  }

  async #verified(token: string): Promise<Verified> {
    try {
      return await this.#verify(token)
    } catch (error) {
      if (!(error instanceof TokenRefused)) throw error
      throw refused(`The token is not valid: ${error.message}.`)
    }
  }

  /** The issuer a token claims only chooses who checks it; each pins its own issuer, audience and algorithms. */
  async #verify(token: string): Promise<Verified> {
    if (token.length > MAX_TOKEN)
      throw new TokenRefused(`it is longer than ${MAX_TOKEN} characters`)
    const jwks = this.#jwks
    if (jwks !== undefined && claimsOf(token)?.iss === jwks.issuer) {
      const { exp, projectId, ...identity } = await jwks.verify(token)
      return {
        caller: callerOf({ ...identity, projectId }),
        expiresAtMs: exp * 1000,
        checkAgainAtMs: this.#clock.monotonicMs() + CHECK_AGAIN_MS,
      }
    }
    if (this.#local === undefined) throw new TokenRefused('its issuer is not known here')
    const claims = await verifyToken(this.#local, token)
    return {
      caller: callerOf({
        userId: claims.sub ?? null,
        projectId: claims.project_id,
        roles: claims.roles,
        userDomainId: null,
        projectDomainId: null,
      }),
      expiresAtMs: claims.exp * 1000,
      checkAgainAtMs: Number.POSITIVE_INFINITY,
    }
  }
}

interface Identity {
  readonly userId: string | null
  readonly projectId: string
  readonly roles: readonly string[]
  readonly userDomainId: string | null
  readonly projectDomainId: string | null
}

function callerOf({ projectId, roles, ...identity }: Identity): Caller {
  return Object.freeze({
    ...identity,
    projectId: projectId as ProjectId,
    roles: new Set(roles.map((role) => role.toLowerCase())),
    domainId: null,
    strategy: 'token',
  })
}

function tokenIn(credentials: Credentials): string | undefined {
  const token = credentials.header('x-auth-token')?.trim()
  if (token !== undefined && token !== '') return token
  return /^Bearer +(\S+)$/i.exec(credentials.header('authorization')?.trim() ?? '')?.[1]
}

function refused(message: string): Fault {
  return new Fault('unauthorized', message, { headers: CHALLENGE })
}
