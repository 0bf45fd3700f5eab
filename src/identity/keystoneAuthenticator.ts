import { hash } from 'node:crypto'
import type { Authenticator, Credentials } from '../domain/ports/identity.ts'
import type { Clock } from '../lib/clock.ts'
import { Fault } from '../lib/fault.ts'
import { SingleFlight } from '../lib/singleFlight.ts'
import type { Caller } from '../model/requestContext.ts'
import { isAllowedBy } from './accessRules.ts'
import type { KeystoneAnswer } from './keystoneAnswer.ts'
import { KeystoneClient } from './keystoneClient.ts'
import { KeystoneHttp } from './keystoneHttp.ts'
import type { KeystoneOptions } from './keystoneOptions.ts'
import { ServiceSession } from './serviceSession.ts'
import type { SharedTokens } from './sharedTokens.ts'
import { type CachedAnswer, TokenCache, type TokenSpace } from './tokenCache.ts'

/** Tokens are bearer strings of visible ASCII; Keystone's longest are far shorter. */
const TOKEN = /^[\x21-\x7e]{1,16384}$/

const LIVE: readonly TokenSpace[] = ['live']
const EITHER: readonly TokenSpace[] = ['live', 'expired']

/** How often which way was taken; for metrics. */
export interface TokenCounters {
  hits: number
  misses: number
  /** Answers served past `token_cache_time`, while Keystone was away. */
  stale: number
  unknown: number
}

/** Callers as Keystone knows them (design 5). Warm, a request costs one SHA-256 and one look-up. */
export class KeystoneAuthenticator implements Authenticator {
  readonly counters: TokenCounters = { hits: 0, misses: 0, stale: 0, unknown: 0 }
  readonly #client: KeystoneClient
  readonly #clock: Clock
  readonly #cache: TokenCache
  readonly #shared: SharedTokens | undefined
  readonly #flights = new SingleFlight<string, KeystoneAnswer | undefined>()
  readonly #cacheTimeMs: number
  readonly #staleTimeMs: number
  readonly #negativeTimeMs: number
  readonly #serviceRoles: readonly string[]
  readonly #isServiceRoleRequired: boolean
  readonly #serviceType: string
  readonly #challenge: Readonly<Record<string, string>>

  /** @throws StartupRefusal when the URL or a certificate file is no good */
  constructor(options: KeystoneOptions) {
    const { clock, serviceUser, onEvent = () => undefined } = options
    const http = new KeystoneHttp(options)
    const session = new ServiceSession({ http, serviceUser, clock, onEvent })
    this.#client = new KeystoneClient({
      http,
      session,
      onEvent,
      probeEveryMs: options.probeEveryMs,
    })
    this.#clock = clock
    this.#cacheTimeMs = (options.tokenCacheTimeSeconds ?? 300) * 1000
    // Who wants every token asked about wants no old answers either.
    this.#staleTimeMs = this.#cacheTimeMs > 0 ? (options.tokenStaleTimeSeconds ?? 600) * 1000 : 0
    this.#negativeTimeMs =
      this.#cacheTimeMs > 0 ? (options.negativeCacheTimeSeconds ?? 5) * 1000 : 0
    this.#cache = new TokenCache(options.cacheSize ?? 10_000)
    this.#shared = this.#cacheTimeMs > 0 ? options.shared : undefined
    this.#serviceRoles = (options.serviceTokenRoles ?? ['service']).map((role) =>
      role.toLowerCase(),
    )
    this.#isServiceRoleRequired = options.serviceTokenRolesRequired ?? false
    this.#serviceType = options.serviceType ?? 'key-manager'
    const uri = options.wwwAuthenticateUri ?? options.authUrl
    this.#challenge = { 'WWW-Authenticate': `Keystone uri="${uri}"` }
  }

  async authenticate(credentials: Credentials): Promise<Caller> {
    const token = credentials.header('x-auth-token')?.trim() ?? ''
    if (token === '') throw this.#refused('X-Auth-Token is missing: send a Keystone token.')
    const serviceToken = credentials.header('x-service-token')?.trim() ?? ''
    const isService = serviceToken !== '' && (await this.#isServiceToken(serviceToken))
    const key = hash('sha256', token)
    // Warm, the answer is there without another turn of the event loop.
    const answer = this.#fresh(key) ?? (await this.#answerFor(key, token, isService))
    if (answer?.caller === undefined) {
      throw this.#refused(
        answer === undefined
          ? 'The token is not valid: it has expired, was revoked or is not from this cloud.'
          : 'The token is for no project: system, domain and unscoped tokens are of no use here.',
      )
    }
    if (answer.accessRules !== undefined) this.#check(credentials, answer.accessRules, isService)
    return answer.caller
  }

  isAtHand(credentials: Credentials): boolean {
    const token = credentials.header('x-auth-token')?.trim() ?? ''
    const serviceToken = credentials.header('x-service-token')?.trim() ?? ''
    if (serviceToken !== '' && this.#young(hash('sha256', serviceToken)) === undefined) return false
    const key = hash('sha256', token)
    if (this.#young(key) !== undefined) return true
    const expired = serviceToken === '' ? undefined : this.#cache.expired.peek(key)
    return expired !== undefined && this.#isYoung(expired)
  }

  /** Can Keystone be asked? For /readyz. @throws Fault('unavailable') */
  health(signal: AbortSignal): Promise<void> {
    return this.#client.health(signal)
  }

  close(): void {
    this.#client.close()
  }

  /** True when a service speaks for the user: only then may the user's token be expired. */
  async #isServiceToken(token: string): Promise<boolean> {
    const key = hash('sha256', token)
    const answer = this.#fresh(key) ?? (await this.#answerFor(key, token, false))
    if (answer === undefined) throw this.#refused('The token in X-Service-Token is not valid.')
    const hasRole = this.#serviceRoles.some((role) => answer.roles.has(role))
    if (!hasRole && this.#isServiceRoleRequired) {
      throw this.#refused('The token in X-Service-Token has none of the roles of a service.')
    }
    return hasRole
  }

  /** An answer young enough to need no asking, for a token that has not expired. */
  #fresh(key: string): KeystoneAnswer | undefined {
    const known = this.#young(key)
    if (known === undefined) return undefined
    this.counters.hits++
    return known.answer
  }

  #young(key: string): CachedAnswer | undefined {
    const known = this.#cache.live.get(key)
    const isGood = known !== undefined && !this.#isExpired(known.answer) && this.#isYoung(known)
    return isGood ? known : undefined
  }

  /** undefined: the token is refused. */
  async #answerFor(
    key: string,
    token: string,
    isExpiredAllowed: boolean,
  ): Promise<KeystoneAnswer | undefined> {
    const known = this.#cache.live.get(key)
    if (known !== undefined && !this.#isExpired(known.answer)) {
      const renewed = await this.#renewed(key, token, known)
      // Our clock may be behind Keystone's: what has ended there may still be good for a service.
      if (renewed !== undefined || !isExpiredAllowed) return renewed
    }
    if (isExpiredAllowed) return await this.#expiredAnswer(key, token)
    // Known and expired: nothing that Keystone could say makes it valid again.
    if (known !== undefined) return undefined
    return this.#unexpired(await this.#asked('live', key, token))
  }

  /** Asks again; while Keystone is away, what it said before counts a little longer. */
  async #renewed(
    key: string,
    token: string,
    known: CachedAnswer,
  ): Promise<KeystoneAnswer | undefined> {
    try {
      return this.#unexpired(await this.#asked('live', key, token))
    } catch (error) {
      const ageMs = this.#clock.monotonicMs() - known.validatedAtMs
      const mayServe = ageMs < this.#staleTimeMs && !this.#isExpired(known.answer)
      if (!mayServe || !(error instanceof Fault && error.kind === 'unavailable')) throw error
      this.counters.stale++
      return known.answer
    }
  }

  async #expiredAnswer(key: string, token: string): Promise<KeystoneAnswer | undefined> {
    const known = this.#cache.expired.get(key)
    if (known === undefined || !this.#isYoung(known))
      return await this.#asked('expired', key, token)
    this.counters.hits++
    return known.answer
  }

  async #asked(space: TokenSpace, key: string, token: string): Promise<KeystoneAnswer | undefined> {
    if (!TOKEN.test(token)) return undefined
    const flightKey = `${space} ${key}`
    const refusedAtMs = this.#cache.unknown.get(flightKey)
    if (
      refusedAtMs !== undefined &&
      this.#clock.monotonicMs() - refusedAtMs < this.#negativeTimeMs
    ) {
      this.counters.unknown++
      return undefined
    }
    return await this.#flights.run(flightKey, async () => {
      const spaces = space === 'live' ? LIVE : EITHER
      const shared = await this.#fromOthers(spaces, key)
      if (shared !== undefined) return shared
      this.counters.misses++
      // Taken before asking: a token revoked while the answer travels is not trusted for longer.
      const askedAtMs = this.#clock.monotonicMs()
      let answer: KeystoneAnswer | undefined
      try {
        answer = await this.#client.validate(token, space === 'expired')
      } finally {
        if (answer === undefined) this.#shared?.release(spaces, key)
      }
      this.#keep(space, key, answer, askedAtMs)
      return answer
    })
  }

  /** What another process heard a moment ago. An answer about a live token is good for either space, as above. */
  async #fromOthers(
    spaces: readonly TokenSpace[],
    key: string,
  ): Promise<KeystoneAnswer | undefined> {
    const found = await this.#shared?.find(spaces, key)
    if (found === undefined || !this.#isYoung(found.known)) return undefined
    const { space, known } = found
    this.#cache[space].set(key, known)
    return known.answer
  }

  #keep(
    space: TokenSpace,
    key: string,
    answer: KeystoneAnswer | undefined,
    validatedAtMs: number,
  ): void {
    if (answer === undefined) {
      this.#cache[space].delete(key)
      // Not even allow_expired finds it: it was revoked, and the plain answer is void too.
      if (space === 'expired') this.#cache.live.delete(key)
      if (space === 'expired') this.#shared?.forget('live', key)
      this.#shared?.forget(space, key)
      this.#cache.unknown.set(`${space} ${key}`, validatedAtMs)
      return
    }
    if (this.#cacheTimeMs <= 0) return
    this.#cache.unknown.delete(`${space} ${key}`)
    // Asked with allow_expired and not expired at all: an answer as good as any.
    const home = this.#isExpired(answer) ? 'expired' : 'live'
    if (space === 'live' && home === 'expired') return
    this.#cache[home].set(key, { answer, validatedAtMs })
    this.#shared?.keep(home, key, { answer, validatedAtMs }, this.#cacheTimeMs)
  }

  #unexpired(answer: KeystoneAnswer | undefined): KeystoneAnswer | undefined {
    return answer === undefined || this.#isExpired(answer) ? undefined : answer
  }

  #isYoung(known: CachedAnswer): boolean {
    return this.#clock.monotonicMs() - known.validatedAtMs < this.#cacheTimeMs
  }

  #isExpired(answer: KeystoneAnswer): boolean {
    return answer.expiresAtMs <= this.#clock.epochMs()
  }

  #check(
    credentials: Credentials,
    rules: NonNullable<KeystoneAnswer['accessRules']>,
    isService: boolean,
  ): void {
    // A service at work for the user: what the user may ask of that service was judged there.
    if (isService) return
    const { method, path } = credentials
    if (!isAllowedBy(rules, { service: this.#serviceType, method, path })) {
      throw this.#refused(
        `No access rule of the application credential allows ${method} ${path} of ${this.#serviceType}.`,
      )
    }
  }

  #refused(message: string): Fault {
    return new Fault('unauthorized', message, { headers: this.#challenge })
  }
}
